"""From settings to what the network is built of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Literal

from pulumi import Input

from catalog.engines import ENVOY
from components.network import flows
from components.network.flows import Shape
from components.network.peering import Side
from components.network.peering_side import PeerTraffic
from components.network.vpc import PodNetwork, VpcArgs
from stacks.network_layout import pod_layout, tier_layout, tiers
from stacks.network_sections import NetworkSettings, PeerFlowSettings, PeerSideSettings
from stacks.references import Peer
from stacks.settings import InferenceSettings, Settings

Ids = Mapping[str, Input[str]]


def shape(settings: Settings) -> Shape:
    """Return what the network has, as far as traffic depends on it."""
    network = settings.network
    return Shape(
        cluster=isinstance(settings, InferenceSettings),
        dedicated_serving=network.dedicated_serving,
        endpoints=bool(network.endpoints),
        gateway_port=ENVOY.port,
        clients=flows.EVERYWHERE if network.public_https else str(network.cidr),
    )


def vpc_args(settings: Settings) -> VpcArgs:
    """Return the VPC that the settings describe."""
    network = settings.network
    return VpcArgs(
        cidr=network.cidr,
        subnets={tier: tier_layout(network, tier) for tier in tiers(network)},
        pods=_pods(network),
        nat=network.nat,
        api_callers=api_callers(network),
        cluster_name=cluster_name(settings),
        tags=settings.tags,
    )


def cluster_name(settings: Settings) -> str | None:
    """Return the cluster that tags refer to; none where there is none."""
    return settings.cluster.name if isinstance(settings, InferenceSettings) else None


def api_callers(network: NetworkSettings) -> list[str]:
    """Return the networks of peers that reach the cluster's interfaces."""
    found = [
        str(place)
        for side in sides(network)
        if any(flow.group == flows.CLUSTER for flow in side.lets_in)
        for place in side.networks
    ]
    return list(dict.fromkeys(found))


def sides(network: NetworkSettings) -> list[PeerSideSettings]:
    """Return all peerings, whoever asked for them."""
    return [*network.peerings.values(), *network.accepts.values()]


def own_side(peering: PeerSideSettings, groups: Ids, tables: Mapping[str, Ids]) -> Side:
    """Return this side of a peering: routes for the tiers that its traffic concerns."""
    concerned = dict.fromkeys(
        flows.TIER_OF[flow.group] for flow in (*peering.reaches, *peering.lets_in)
    )
    return Side(
        route_table_ids={
            f"{tier}-{zone}": table_id
            for tier in concerned
            for zone, table_id in tables[tier].items()
        },
        networks=_texts(peering.networks),
        traffic=[
            *_traffic("out", peering.reaches, groups),
            *_traffic("in", peering.lets_in, groups),
        ],
    )


def their_side(peering: PeerSideSettings, peer: Peer) -> Side | None:
    """Return the other side, mirrored; none where it is not ours to make."""
    if peer.group_id is None:
        return None
    groups = dict.fromkeys(flows.TIER_OF, peer.group_id)
    return Side(
        route_table_ids={f"private-{zone}": table for zone, table in peer.route_table_ids.items()},
        networks=_texts(peering.own_networks),
        traffic=[
            *_mirrored("in", peering.reaches, groups),
            *_mirrored("out", peering.lets_in, groups),
        ],
    )


def _traffic(
    direction: Literal["in", "out"], found: Sequence[PeerFlowSettings], groups: Ids
) -> list[PeerTraffic]:
    return [
        PeerTraffic(
            direction=direction,
            group=flow.group,
            group_id=groups[flow.group],
            port=port,
            why=flow.why,
        )
        for flow in found
        for port in flow.ports
    ]


def _mirrored(
    direction: Literal["in", "out"], found: Sequence[PeerFlowSettings], groups: Ids
) -> list[PeerTraffic]:
    """Return the traffic as the peer's one group sees it: each port once."""
    whys = {port: flow.why for flow in reversed(found) for port in flow.ports}
    return [
        PeerTraffic(
            direction=direction,
            group=flows.SERVICES,
            group_id=groups[flows.SERVICES],
            port=port,
            why=why,
        )
        for port, why in sorted(whys.items())
    ]


def _texts(networks: Sequence[IPv4Network]) -> list[str]:
    return [str(network) for network in networks]


def _pods(network: NetworkSettings) -> PodNetwork | None:
    if network.pod_cidr is None:
        return None
    return PodNetwork(block=network.pod_cidr, subnets=pod_layout(network))
