"""Addresses and zones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, Final

from catalog import regions
from components.network import subnets
from stacks.network_layout import layout, tiers
from stacks.network_sections import NetworkSettings
from stacks.problems import Problem
from stacks.sections import ClusterSettings


def zones_are_in_the_region(region: str, network: NetworkSettings) -> Iterator[Problem]:
    """A zone of elsewhere fails at the first subnet."""
    known = regions.zones(region)
    for index, zone in enumerate(network.zones):
        path = f"ballast:network.zones[{index}]"
        if known and zone not in known:
            yield Problem(path, zone, ", ".join(known), f"Choose a zone of {region}.")
        if zone in network.zones[:index]:
            yield Problem(path, zone, "every zone once", "It is there already: remove it.")


def chosen_subnets_are_made(network: NetworkSettings) -> Iterator[Problem]:
    """A subnet in a zone or a tier that is not used would silently not be made."""
    for tier, chosen in network.subnets.items():
        if tier not in tiers(network):
            fix = "Set ballast:network.dedicated_serving, or remove the subnets."
            path = f"ballast:network.subnets.{tier}"
            yield Problem(path, sorted(chosen), ", ".join(tiers(network)), fix)
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


def endpoints_are_named_once(network: NetworkSettings) -> Iterator[Problem]:
    """AWS gives a service's name to one endpoint of a network."""
    for index, service in enumerate(network.endpoints):
        if service in network.endpoints[:index]:
            path = f"ballast:network.endpoints[{index}]"
            yield Problem(path, service, "every service once", "It is there already: remove it.")


def serving_nodes_need_a_cluster(network: NetworkSettings, serves: bool) -> Iterator[Problem]:
    """Without a cluster the tier would stay empty."""
    if network.dedicated_serving and not serves:
        path = "ballast:network.dedicated_serving"
        fix = "This stack has no cluster, so no serving nodes. Remove the line."
        yield Problem(path, True, "false without ballast:cluster", fix)


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


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("region", "network"), zones_are_in_the_region),
    (("network",), chosen_subnets_are_made),
    (("region", "network"), subnets_fit),
    (("network",), endpoints_are_named_once),
    (("network", "serves"), serving_nodes_need_a_cluster),
    (("network", "cluster"), services_lie_apart_from_the_vpc),
)
