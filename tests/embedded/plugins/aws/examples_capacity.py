"""Examples: placement groups, capacity reservations."""

from __future__ import annotations

from tests.embedded.plugins.aws.ground import Example

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
)
