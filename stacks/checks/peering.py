"""Peerings: joined is what is named, on both sides, and nothing that is to stay alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any, Final

from catalog import regions
from components.network import flows
from stacks.network_layout import tier_layout, tiers
from stacks.network_sections import NetworkSettings, PeerFlowSettings, PeeringSettings
from stacks.network_sections import PeerSideSettings as Side
from stacks.problems import Problem
from stacks.sections import ClusterSettings

# A wider route takes in networks that do not exist yet.
_WIDEST: Final = 16


def isolated_networks_stay_alone(network: NetworkSettings) -> Iterator[Problem]:
    """Whoever says that a network is isolated has to say it twice to join it."""
    for key, joined in (("peerings", network.peerings), ("accepts", network.accepts)):
        if network.isolated and joined:
            yield Problem(
                f"ballast:network.{key}",
                sorted(joined),
                "nothing while ballast:network.isolated is true",
                "This environment is never joined with another: what breaks into it must not get "
                "further. Remove the peering.",
            )


def peers_are_named_one_way(network: NetworkSettings) -> Iterator[Problem]:
    """A stack's outputs, or a VPC's id."""
    for path, peering in _peerings(network):
        if (peering.stack is None) == (peering.vpc_id is None):
            got = {"stack": peering.stack, "vpc_id": peering.vpc_id}
            fix = "Name the stack; a peer that is no stack of ours has a vpc_id."
            yield Problem(path, got, "either stack or vpc_id", fix)


def acceptance_can_happen(target: str, account: str, network: NetworkSettings) -> Iterator[Problem]:
    """In another account somebody else has to act, and it has to be said who."""
    for path, peering in _peerings(network):
        other = peering.account not in (None, account)
        if other and target == "embedded":
            fix = "The embedded environment has one account. Remove the line."
            yield Problem(f"{path}.account", peering.account, account, fix)
        else:
            yield from _accepter(path, peering, other=other)


def ways_back_exist(region: str, network: NetworkSettings) -> Iterator[Problem]:
    """A peer that has no route back never answers."""
    known = regions.zones(region)
    for path, peering in _peerings(network):
        made_here = peering.stack is not None and peering.acceptance == "auto"
        if made_here and not peering.zones:
            fix = "The peer's private subnets get their routes back by zone: name its zones."
            yield Problem(f"{path}.zones", [], "one zone of the peer or more", fix)
        for index, zone in enumerate(peering.zones):
            where = f"{path}.zones[{index}]"
            if known and zone not in known:
                yield Problem(where, zone, ", ".join(known), f"Choose a zone of {region}.")
            if zone in peering.zones[:index]:
                yield Problem(where, zone, "every zone once", "It is there already: remove it.")


def networks_lie_apart(network: NetworkSettings) -> Iterator[Problem]:
    """A peer's network that is ours as well, or another peer's, is reached by nobody."""
    own = [network.cidr, *([network.pod_cidr] if network.pod_cidr else [])]
    named: list[tuple[str, IPv4Network]] = []
    for path, side in _sides(network):
        for index, place in enumerate(side.networks):
            where = f"{path}.networks[{index}]"
            named.append((where, place))
            if place.prefixlen < _WIDEST:
                fix = f"It holds {place.num_addresses:,} addresses. Name what is reached there."
                yield Problem(where, str(place), f"/{_WIDEST} or narrower", fix)
            for mine in own:
                if place.overlaps(mine):
                    fix = f"This side has {mine}: its own route wins. One of the two has to move."
                    yield Problem(where, str(place), "a network apart from this one", fix)
    for (_, first), (where, second) in combinations(named, 2):
        if first.overlaps(second):
            fix = f"{first} is named already, and an address has one way. Name it once."
            yield Problem(where, str(second), "a network named once", fix)


def services_lie_apart_from_peers(
    network: NetworkSettings, cluster: ClusterSettings
) -> Iterator[Problem]:
    """A service's address never leaves the cluster, so such a peer is not reached from pods."""
    for path, side in _sides(network):
        for index, place in enumerate(side.networks):
            if place.overlaps(cluster.service_cidr):
                fix = f"Kubernetes services have {cluster.service_cidr}. Move one of the two."
                where = f"{path}.networks[{index}]"
                yield Problem(where, str(place), "a network apart from the services'", fix)


def traffic_has_its_group(network: NetworkSettings, serves: bool) -> Iterator[Problem]:
    """Traffic of a group that the network does not have could have no rule."""
    shape = flows.Shape(
        cluster=serves,
        dedicated_serving=network.dedicated_serving,
        gateway_port=0,
        clients="",
    )
    known = [group for group in flows.groups(shape) if group != flows.LOAD_BALANCER]
    for path, found in _traffic(network):
        seen: set[tuple[str, int]] = set()
        for index, flow in enumerate(found):
            where = f"{path}[{index}]"
            if flow.group not in known:
                fix = "The network has no such group. Name one that it has."
                yield Problem(f"{where}.group", flow.group, ", ".join(known), fix)
            twice = [port for port in flow.ports if (flow.group, port) in seen]
            if twice or len(set(flow.ports)) < len(flow.ports):
                fix = "Each port of a group has one rule. Remove what is there already."
                yield Problem(f"{where}.ports", list(flow.ports), "ports named once", fix)
            seen |= {(flow.group, port) for port in flow.ports}


def own_networks_cover_the_traffic(region: str, network: NetworkSettings) -> Iterator[Problem]:
    """The peer answers to the networks that it knows, and to no other address."""
    if any(zone not in regions.zones(region) for zone in network.zones):
        return  # said already
    for path, side in _sides(network):
        for index, place in enumerate(side.own_networks):
            if not place.subnet_of(network.cidr):
                where = f"{path}.own_networks[{index}]"
                fix = "The peer would send us what is not ours. Name a part of the VPC."
                yield Problem(where, str(place), f"in {network.cidr}", fix)
        yield from _uncovered(path, side, network)


def _accepter(path: str, peering: PeeringSettings, *, other: bool) -> Iterator[Problem]:
    role = peering.accepter_role_arn
    where = f"{path}.accepter_role_arn"
    if peering.acceptance == "pending":
        if role is not None:
            fix = "The peer accepts by itself, under ballast:network.accepts. Remove the line."
            yield Problem(where, role, "no role with acceptance: pending", fix)
    elif other and role is None:
        allowed = f"a role in {peering.account}, or acceptance: pending"
        fix = "AWS lets only the other account accept. Name a role there that may be taken."
        yield Problem(where, role, allowed, fix)
    elif role is not None and not other:
        fix = "Within one account this side accepts. Remove the line, or name the other account."
        yield Problem(where, role, "no role within one account", fix)
    elif role is not None and role.split(":")[4] != peering.account:
        fix = f"This role is in {role.split(':')[4]}. Correct one of the two."
        yield Problem(where, role, f"a role of the account {peering.account}", fix)


def _uncovered(path: str, side: Side, network: NetworkSettings) -> Iterator[Problem]:
    concerned = {flows.TIER_OF[flow.group] for flow in (*side.reaches, *side.lets_in)}
    for tier in tiers(network):
        if tier not in concerned:
            continue
        for zone, place in tier_layout(network, tier).items():
            if not any(place.subnet_of(known) for known in side.own_networks):
                known = [str(one) for one in side.own_networks]
                fix = f"{tier} subnets in {zone} lie in {place}: the peer could not answer there."
                yield Problem(f"{path}.own_networks", known, f"networks that hold {place}", fix)


def _peerings(network: NetworkSettings) -> list[tuple[str, PeeringSettings]]:
    return [
        (f"ballast:network.peerings.{name}", peering) for name, peering in network.peerings.items()
    ]


def _sides(network: NetworkSettings) -> list[tuple[str, Side]]:
    accepted = [(f"ballast:network.accepts.{name}", side) for name, side in network.accepts.items()]
    return [*_peerings(network), *accepted]


def _traffic(network: NetworkSettings) -> list[tuple[str, Sequence[PeerFlowSettings]]]:
    return [
        (f"{path}.{key}", found)
        for path, side in _sides(network)
        for key, found in (("reaches", side.reaches), ("lets_in", side.lets_in))
    ]


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("network",), isolated_networks_stay_alone),
    (("network",), peers_are_named_one_way),
    (("target", "account", "network"), acceptance_can_happen),
    (("region", "network"), ways_back_exist),
    (("network",), networks_lie_apart),
    (("network", "cluster"), services_lie_apart_from_peers),
    (("network", "serves"), traffic_has_its_group),
    (("region", "network"), own_networks_cover_the_traffic),
)
