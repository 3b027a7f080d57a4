"""Node groups: instance types that exist, counts that agree, pools that hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from catalog import accelerators
from catalog.accelerators import GPU_INSTANCES
from catalog.instances import INSTANCES, InstanceType
from stacks.network_sections import NetworkSettings
from stacks.problems import Problem, nearest
from stacks.sections import (
    CapacitySettings,
    ClusterSettings,
    GpuPoolSettings,
    NodeCounts,
    SystemNodesSettings,
)

# Spot takes machines back by pool of one type and zone. Fewer than four types of two
# families, and one bad day of one type takes the service down.
SPOT_TYPES: Final = 4
SPOT_FAMILIES: Final = 2
_NOTHING: Final = (
    "No machine gives all of it. Ask for less, or let larger GPUs stand in with "
    "largest_gpu_memory_gib."
)


def system_counts_agree(cluster: ClusterSettings) -> Iterator[Problem]:
    """The counts of the nodes without GPUs."""
    for name, nodes in _plain_groups(cluster):
        yield from _counts(f"ballast:cluster.{name}", nodes)


def pool_counts_agree(capacity: CapacitySettings) -> Iterator[Problem]:
    """The counts of each pool, and names that tell pools apart."""
    names: list[str] = []
    for index, pool in enumerate(capacity.pools):
        path = f"ballast:capacity.pools[{index}]"
        yield from _counts(path, pool)
        if pool.name in names:
            yield Problem(f"{path}.name", pool.name, "a name of its own", "Another pool has it.")
        names.append(pool.name)


def system_types_are_known(cluster: ClusterSettings) -> Iterator[Problem]:
    """A type that AWS does not have fails late, in the Auto Scaling group."""
    for group, nodes in _plain_groups(cluster):
        for name in nodes.instance_types:
            yield from _plain_type(f"ballast:cluster.{group}.instance_types", name)


def _plain_type(path: str, name: str) -> Iterator[Problem]:
    found = INSTANCES.get(name)
    if found is None:
        yield _unknown(path, name, INSTANCES)
    elif found.architecture != "amd64":
        fix = "Some images of the pipeline are for amd64 only. Choose an Intel or AMD type."
        yield Problem(path, name, "amd64 instance types", fix)
    elif found.gpu_model is not None:
        fix = "GPUs would lie idle there. Put the type into a pool of ballast:capacity."
        yield Problem(path, name, "instance types without GPUs", fix)


def _plain_groups(cluster: ClusterSettings) -> list[tuple[str, SystemNodesSettings]]:
    cpu = [("cpu_nodes", cluster.cpu_nodes)] if cluster.cpu_nodes else []
    return [("system_nodes", cluster.system_nodes), *cpu]


def pools_say_what_they_are_of(capacity: CapacitySettings) -> Iterator[Problem]:
    """A request or names, and a request that some machine gives."""
    for index, pool in enumerate(capacity.pools):
        path = f"ballast:capacity.pools[{index}]"
        if (pool.request is None) == (not pool.instance_types):
            allowed = "either request or instance_types"
            fix = "A request finds the types itself, such as {gpu_memory_gib: 24, gpus: 1}."
            yield Problem(f"{path}.request", _request(pool), allowed, fix)
        elif pool.request is not None and not pool.types:
            yield Problem(f"{path}.request", _request(pool), _given(), _NOTHING)


def pool_types_are_alike(capacity: CapacitySettings) -> Iterator[Problem]:
    """A pod must find the same GPU wherever in its pool it lands."""
    for index, pool in enumerate(capacity.pools):
        path = f"ballast:capacity.pools[{index}]"
        unknown = [name for name in pool.instance_types if name not in GPU_INSTANCES]
        for name in unknown:
            yield _unknown(f"{path}.instance_types", name, GPU_INSTANCES)
        if unknown or not pool.types:
            continue
        if pool.request is None:
            yield from _alike(f"{path}.instance_types", pool)
        yield from _spread(path, pool)


def pool_zones_are_the_networks(
    network: NetworkSettings, capacity: CapacitySettings
) -> Iterator[Problem]:
    """A pool in a zone without a subnet would have no nodes there."""
    for index, pool in enumerate(capacity.pools):
        for zone in pool.zones:
            if zone not in network.zones:
                fix = "Add the zone to ballast:network.zones, or leave it out here."
                path = f"ballast:capacity.pools[{index}].zones"
                yield Problem(path, list(pool.zones), ", ".join(network.zones), fix)


def _unknown(path: str, name: str, known: Mapping[str, InstanceType]) -> Problem:
    families = dict.fromkeys(instance.family for instance in known.values())
    fix = f"{nearest(name, list(known))} A new one is added to catalog/instances.py."
    return Problem(path, name, f"instance types of {', '.join(families)}", fix)


def _alike(path: str, pool: GpuPoolSettings) -> Iterator[Problem]:
    kinds = {
        (GPU_INSTANCES[name].gpu_count, accelerators.memory_class_gib(name)): name
        for name in pool.instance_types
    }
    if len(kinds) > 1:
        found = ", ".join(f"{name} has {gpus} x {gib} GiB" for (gpus, gib), name in kinds.items())
        fix = f"{found}. Make one pool of each kind."
        yield Problem(path, list(pool.instance_types), "types with the same GPUs", fix)


def _spread(path: str, pool: GpuPoolSettings) -> Iterator[Problem]:
    types, families = pool.types, accelerators.families(pool.types)
    if pool.capacity != "spot" or (len(types) >= SPOT_TYPES and len(families) >= SPOT_FAMILIES):
        return
    allowed = f"for spot {SPOT_TYPES} types of {SPOT_FAMILIES} families or more"
    reason = (
        f"This is {len(types)} of {len(families)} ({', '.join(families)}): when AWS takes them "
        "back, nothing is left."
    )
    if pool.request is None:
        others = [name for name in accelerators.alike(types[0]) if name not in types]
        fix = f"Alike are {', '.join(others) or 'none'}. Add some, or use `capacity: on-demand`."
        yield Problem(f"{path}.instance_types", list(types), allowed, f"{reason} {fix}")
    else:
        fix = (
            f"All that fits is {', '.join(types)}. Ask for fewer vcpus or less memory, let larger "
            "GPUs stand in (largest_gpu_memory_gib), or use `capacity: on-demand`."
        )
        yield Problem(f"{path}.request", _request(pool), allowed, f"{reason} {fix}")


def _request(pool: GpuPoolSettings) -> dict[str, object] | None:
    return pool.request.model_dump(exclude_defaults=True) if pool.request else None


def _given() -> str:
    kinds = {
        (accelerators.memory_class_gib(name), machine.gpu_count)
        for name, machine in GPU_INSTANCES.items()
    }
    return "GiB x GPUs of " + ", ".join(f"{gib} x {count}" for gib, count in sorted(kinds))


def _counts(path: str, counts: NodeCounts) -> Iterator[Problem]:
    low, wanted, high = counts.min_nodes, counts.desired_nodes, counts.max_nodes
    if low > high:
        fix = f"min_nodes {low} > max_nodes {high}. Lower one or raise the other."
        yield Problem(f"{path}.min_nodes", low, f"at most max_nodes ({high})", fix)
    elif not low <= wanted <= high:
        fix = "EKS takes no group that wants fewer or more than its bounds."
        yield Problem(f"{path}.desired_nodes", wanted, f"between {low} and {high}", fix)


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("cluster",), system_counts_agree),
    (("cluster",), system_types_are_known),
    (("capacity",), pool_counts_agree),
    (("capacity",), pools_say_what_they_are_of),
    (("capacity",), pool_types_are_alike),
    (("network", "capacity"), pool_zones_are_the_networks),
)
