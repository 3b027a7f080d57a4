"""Node groups: instance types that exist, counts that agree, pools that hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from catalog import accelerators
from catalog.accelerators import GPU_INSTANCES
from catalog.instances import INSTANCES, InstanceType
from stacks.problems import Problem, nearest
from stacks.sections import CapacitySettings, ClusterSettings, GpuPoolSettings, NodeCounts

# Spot takes machines back by pool of one type and zone. Fewer than four types of two
# families, and one bad day of one type takes the service down.
SPOT_TYPES: Final = 4
SPOT_FAMILIES: Final = 2


def system_counts_agree(cluster: ClusterSettings) -> Iterator[Problem]:
    """The counts of the system nodes."""
    yield from _counts("ballast:cluster.system_nodes", cluster.system_nodes)


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
    path = "ballast:cluster.system_nodes.instance_types"
    for name in cluster.system_nodes.instance_types:
        found = INSTANCES.get(name)
        if found is None:
            yield _unknown(path, name, INSTANCES)
        elif found.architecture != "amd64":
            fix = "Some images of the pipeline are for amd64 only. Choose an Intel or AMD type."
            yield Problem(path, name, "amd64 instance types", fix)
        elif found.gpu_model is not None:
            fix = "GPUs would lie idle there. Put the type into a pool of ballast:capacity."
            yield Problem(path, name, "instance types without GPUs", fix)


def pool_types_are_alike(capacity: CapacitySettings) -> Iterator[Problem]:
    """A pod must find the same GPU wherever in its pool it lands."""
    for index, pool in enumerate(capacity.pools):
        path = f"ballast:capacity.pools[{index}].instance_types"
        unknown = [name for name in pool.instance_types if name not in GPU_INSTANCES]
        for name in unknown:
            yield _unknown(path, name, GPU_INSTANCES)
        if not unknown:
            yield from _alike(path, pool)
            yield from _spread(path, pool)


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
    types = set(pool.instance_types)
    families = {GPU_INSTANCES[name].family for name in types}
    if pool.capacity != "spot" or (len(types) >= SPOT_TYPES and len(families) >= SPOT_FAMILIES):
        return
    others = [name for name in accelerators.alike(pool.instance_types[0]) if name not in types]
    yield Problem(
        path,
        list(pool.instance_types),
        f"for spot {SPOT_TYPES} types of {SPOT_FAMILIES} families or more",
        f"This is {len(types)} of {len(families)} ({', '.join(sorted(families))}): when AWS takes "
        f"them back, nothing is left. Alike are {', '.join(others) or 'none'}. Add some, or use "
        "`capacity: on-demand`.",
    )


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
    (("capacity",), pool_types_are_alike),
)
