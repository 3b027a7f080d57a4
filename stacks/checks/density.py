"""Whether the subnets hold the nodes with all their pods, one zone being gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any, Final

from catalog import regions
from catalog.instances import INSTANCES
from components.network import density
from components.network.subnets import Tier
from stacks.network_layout import pod_layout, tier_layout
from stacks.network_sections import NetworkSettings
from stacks.problems import Problem
from stacks.sections import CapacitySettings, ClusterSettings


def subnets_hold_their_nodes(
    region: str, network: NetworkSettings, cluster: ClusterSettings, capacity: CapacitySettings
) -> Iterator[Problem]:
    """A node without a free prefix starts, and no pod on it ever does."""
    if any(zone not in regions.zones(region) for zone in network.zones):
        return  # said already
    groups = {"system": (cluster.system_nodes.instance_types, cluster.system_nodes.max_nodes)}
    if cluster.cpu_nodes:
        groups["cpu"] = (cluster.cpu_nodes.instance_types, cluster.cpu_nodes.max_nodes)
    pools = {pool.name: (pool.types, pool.max_nodes) for pool in capacity.pools}
    if network.pod_cidr is not None:
        yield from _crowded(pod_layout(network), {**groups, **pools}, "the pods' own network")
    elif network.dedicated_serving:
        yield from _crowded(_places(network, "private"), groups, "the private tier")
        yield from _crowded(_places(network, "serving"), pools, "the serving tier")
    else:
        yield from _crowded(_places(network, "private"), {**groups, **pools}, "the private tier")


def _places(network: NetworkSettings, tier: Tier) -> Mapping[str, IPv4Network]:
    return tier_layout(network, tier)


def _crowded(
    places: Mapping[str, IPv4Network],
    groups: Mapping[str, tuple[tuple[str, ...], int]],
    where: str,
) -> Iterator[Problem]:
    blocks = sorted(density.free_blocks(place) for place in places.values())
    # The roomiest zone is the one that may be gone: the others have to hold everything.
    have = sum(blocks[:-1])
    need = {name: count * _each(types) for name, (types, count) in groups.items()}
    nodes = sum(count for _, count in groups.values())
    broken = density.broken_by(nodes)
    total = sum(need.values()) + broken
    if total > have:
        shown = " + ".join(f"{name} {taken}" for name, taken in need.items())
        yield Problem(
            "ballast:network.cidr",
            ", ".join(str(place) for place in places.values()),
            f"room for {total} prefixes of 16 addresses in {where}",
            f"With all nodes there and one zone gone, {shown} + {broken} for {nodes} nodes = "
            f"{total}, and the other zones hold {have}. Allow fewer nodes (max_nodes), take a "
            "larger VPC, or give pods a network of their own (ballast:network.pod_cidr).",
        )


def _each(types: tuple[str, ...]) -> int:
    """Return the prefixes of the largest node that the group may have."""
    machines = [INSTANCES[name] for name in types if name in INSTANCES]
    pods = [density.most_pods(machine.vcpus, machine.gpu_count) for machine in machines]
    return density.prefixes(max(pods, default=0))


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("region", "network", "cluster", "capacity"), subnets_hold_their_nodes),
)
