"""Examples: placement groups, capacity reservations."""

from __future__ import annotations

from typing import Any

from tests.embedded.plugins.aws.ground import Example, World


def _taken_from(reservation: str) -> dict[str, Any]:
    return {"capacityReservationTarget": {"capacityReservationId": reservation}}


def _efa(world: World, card: int) -> dict[str, Any]:
    return {
        "interfaceType": "efa",
        "networkCardIndex": card,
        "deviceIndex": min(card, 1),
        "deleteOnTermination": "true",
        "securityGroups": [world.id("security-group")],
    }


CAPACITY = (
    Example(
        "aws:ec2/placementGroup:PlacementGroup",
        lambda _: {"strategy": "cluster"},
        lambda _: [{"tags": {"Name": "x"}}],
        lambda _: {"strategy": "spread", "name": "another"},
    ),
    Example(
        "aws:ec2/capacityReservation:CapacityReservation",
        lambda _: {
            "availabilityZone": "us-east-1a",
            "instanceType": "p5.48xlarge",
            "instancePlatform": "Linux/UNIX",
            "instanceCount": 2,
            "instanceMatchCriteria": "targeted",
        },
        lambda _: [
            {"instanceCount": 3},
            {"endDateType": "limited", "endDate": "2099-01-31T00:00:00Z"},
            {"endDateType": "unlimited", "endDate": None},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"instanceType": "p5en.48xlarge", "availabilityZone": "us-east-1b"},
    ),
    Example(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda world: {
            "placement": {"groupName": world.id("placement-group")},
            "capacityReservationSpecification": _taken_from(world.id("reservation")),
            "instanceMarketOptions": {"marketType": "capacity-block"},
            "networkInterfaces": [_efa(world, card) for card in range(2)],
        },
        lambda world: [
            {"networkInterfaces": [_efa(world, 0)]},
            {"capacityReservationSpecification": _taken_from(world.id("other-reservation"))},
        ],
        kind="for machines with EFA",
    ),
)
