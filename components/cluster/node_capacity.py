"""How machines are bought, and where they stand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import pulumi_aws as aws
from pulumi import Input

Capacity = Literal["spot", "on-demand", "capacity-block"]
# EKS rebalances spot groups by itself: it starts a new node when AWS says that one is at risk.
EKS_CAPACITY_TYPES: Final[dict[Capacity, str]] = {
    "spot": "SPOT",
    "on-demand": "ON_DEMAND",
    "capacity-block": "CAPACITY_BLOCK",
}


@dataclass(frozen=True, kw_only=True)
class Fabric:
    """Network interfaces that bypass the kernel, on machines that stand close together."""

    # EFA interfaces of one machine, one a network card.
    interfaces: int
    placement_group: Input[str]


def market(capacity: Capacity) -> aws.ec2.LaunchTemplateInstanceMarketOptionsArgs | None:
    """Return the market; only a capacity block has to be named in the template."""
    if capacity != "capacity-block":
        return None
    return aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type="capacity-block")


def reservation(
    reservation_id: str | None,
) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs | None:
    """Return the reservation that machines are taken out of, and out of nothing else."""
    if reservation_id is None:
        return None
    target = aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
        capacity_reservation_id=reservation_id
    )
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_target=target
    )


def placement(fabric: Fabric | None) -> aws.ec2.LaunchTemplatePlacementArgs | None:
    """Return where machines stand."""
    if fabric is None:
        return None
    return aws.ec2.LaunchTemplatePlacementArgs(group_name=fabric.placement_group)


def interfaces(
    fabric: Fabric | None, security_group_ids: list[Input[str]]
) -> list[aws.ec2.LaunchTemplateNetworkInterfaceArgs] | None:
    """Return the interfaces of a machine: the first carries its addresses, the rest data only."""
    if fabric is None:
        return None
    return [
        aws.ec2.LaunchTemplateNetworkInterfaceArgs(
            network_card_index=card,
            device_index=0 if card == 0 else 1,
            interface_type="efa" if card == 0 else "efa-only",
            security_groups=security_group_ids,
            delete_on_termination="true",
            associate_public_ip_address="false" if card == 0 else None,
        )
        for card in range(fabric.interfaces)
    ]
