"""Addresses and zones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any, Final

from catalog import regions
from components.network import subnets
from stacks.problems import Problem
from stacks.sections import ClusterSettings, NetworkSettings

TIERS: Final[tuple[subnets.Tier, ...]] = ("public", "private", "isolated")


def zones_are_in_the_region(region: str, network: NetworkSettings) -> Iterator[Problem]:
    """A zone of elsewhere fails at the first subnet."""
    known = regions.zones(region)
    for index, zone in enumerate(network.zones):
        path = f"ballast:network.zones[{index}]"
        if known and zone not in known:
            yield Problem(path, zone, ", ".join(known), f"Choose a zone of {region}.")
        if zone in network.zones[:index]:
            yield Problem(path, zone, "every zone once", "It is there already: remove it.")


def chosen_subnets_have_a_zone(network: NetworkSettings) -> Iterator[Problem]:
    """A subnet in a zone that is not used would silently not be made."""
    for tier, chosen in network.subnets.items():
        for zone, place in chosen.items():
            path = f"ballast:network.subnets.{tier}.{zone}"
            if zone not in network.zones:
                fix = "Add the zone to ballast:network.zones, or remove the subnet."
                yield Problem(path, str(place), ", ".join(network.zones), fix)
            elif place.prefixlen > subnets.SMALLEST_SUBNET:
                free = place.num_addresses - 5
                fix = f"It leaves {max(free, 0)} addresses; AWS keeps 5 of each. Make it larger."
                yield Problem(path, str(place), f"/{subnets.SMALLEST_SUBNET} or larger", fix)


def subnets_fit(region: str, network: NetworkSettings) -> Iterator[Problem]:
    """Every subnet lies in the VPC, and no two share an address."""
    if any(zone not in regions.zones(region) for zone in network.zones):
        return  # said already
    places = layout(network)
    for name, place in places.items():
        if not place.subnet_of(network.cidr):
            fix = f"The VPC ends at {network.cidr.broadcast_address}. Choose a network inside it."
            yield Problem(f"ballast:network.{name}", str(place), f"in {network.cidr}", fix)
    for (one, first), (other, second) in combinations(places.items(), 2):
        if first.overlaps(second):
            shared = min(first.num_addresses, second.num_addresses)
            yield Problem(
                f"ballast:network.{one}",
                str(first),
                f"no address of {other} ({second})",
                f"They share {shared} addresses. Move one of them, or drop it from "
                "ballast:network.subnets: without it the plan finds a place.",
            )


def services_lie_apart_from_the_vpc(
    network: NetworkSettings, cluster: ClusterSettings
) -> Iterator[Problem]:
    """A service's address must never be a node's."""
    services = cluster.service_cidr
    path = "ballast:cluster.service_cidr"
    if services.overlaps(network.cidr):
        fix = f"The VPC is {network.cidr}. Choose another network, such as 172.20.0.0/16."
        yield Problem(path, str(services), "a network apart from the VPC", fix)
    if not 12 <= services.prefixlen <= 24 or not services.is_private:
        allowed = "a private network between /12 and /24"
        yield Problem(path, str(services), allowed, "EKS takes no other. Use 172.20.0.0/16.")


def layout(network: NetworkSettings) -> dict[str, IPv4Network]:
    """Return every subnet by the path of its setting: the chosen place, or the planned one."""
    return {
        f"subnets.{tier}.{zone}": place
        for tier in TIERS
        for zone, place in tier_layout(network, tier).items()
    }


def tier_layout(network: NetworkSettings, tier: subnets.Tier) -> dict[str, IPv4Network]:
    """Return where the subnets of one tier lie, by zone."""
    chosen = {str(key): value for key, value in network.subnets.items()}.get(tier, {})
    return {
        zone: chosen.get(zone) or subnets.place(network.cidr, zone, tier) for zone in network.zones
    }


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("region", "network"), zones_are_in_the_region),
    (("network",), chosen_subnets_have_a_zone),
    (("region", "network"), subnets_fit),
    (("network", "cluster"), services_lie_apart_from_the_vpc),
)
