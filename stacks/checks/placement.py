"""Whether what is to run finds room: a pod without a node lets `up` wait until it gives up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from catalog import accelerators
from catalog.instances import INSTANCES, InstanceType
from stacks.problems import Problem
from stacks.scaling_sections import Scaling, base_replicas, fewest, most
from stacks.sections import (
    CapacitySettings,
    ClusterSettings,
    ModelSettings,
    Resources,
    ServingSettings,
)

# Kept on every node for the CNI, the proxy and the agents: millicores and MiB.
_DAEMON_CPU: Final = 300
_DAEMON_MEMORY: Final = 512


def pods_fit_their_nodes(
    cluster: ClusterSettings, capacity: CapacitySettings, serving: ServingSettings
) -> Iterator[Problem]:
    """One pod fits on the smallest machine that it may land on."""
    pools = {pool.name: pool.types for pool in capacity.pools}
    system = cluster.nodes_for_pods.instance_types
    for path, model in _models(serving):
        types = pools.get(model.pool or "", system)
        if types and all(name in INSTANCES for name in types):
            yield from _fits(path, model, [INSTANCES[name] for name in types])


def system_nodes_have_room(cluster: ClusterSettings, serving: ServingSettings) -> Iterator[Problem]:
    """The fewest replicas of everything on the CPU fit on the nodes that are wanted."""
    nodes = cluster.nodes_for_pods
    if any(name not in INSTANCES for name in nodes.instance_types):
        return  # said already
    types = [INSTANCES[name] for name in nodes.instance_types]
    have = nodes.desired_nodes * _smallest_cpu(types) / 1000
    wanted = _on_system_nodes(serving)
    need = sum(resources.cpu_request * replicas for resources, replicas in wanted)
    if need > have:
        yield Problem(
            f"ballast:cluster.{'cpu' if cluster.cpu_nodes else 'system'}_nodes.desired_nodes",
            nodes.desired_nodes,
            f"nodes for {need:g} cores",
            f"The fewest replicas of the pipeline are promised {need:g} cores; "
            f"{nodes.desired_nodes} nodes leave {have:g}. Want more, or promise less.",
        )


def pools_have_enough_gpus(
    capacity: CapacitySettings, serving: ServingSettings
) -> Iterator[Problem]:
    """Every replica of a GPU model has a GPU on the nodes that are wanted."""
    for name, gpus in _gpus(serving, fewest).items():
        yield from _enough(name, gpus, capacity, "desired_nodes", "fewest")


def pools_can_grow(capacity: CapacitySettings, serving: ServingSettings) -> Iterator[Problem]:
    """As many replicas as scaling may ask for find GPUs on as many nodes as there may be."""
    for name, gpus in _gpus(serving, most).items():
        yield from _enough(name, gpus, capacity, "max_nodes", "most")


def _gpus(serving: ServingSettings, count: Callable[[Scaling], int]) -> dict[str, int]:
    """Return the GPUs that models want of each pool."""
    wanted: defaultdict[str, int] = defaultdict(int)
    for _, model in _models(serving):
        base = base_replicas(model.base, model.scaling)
        wanted[model.pool or ""] += (count(model.scaling) - base) * model.gpus
        if model.base is not None:
            wanted[model.base.pool] += base * model.gpus
    return wanted


def _enough(
    name: str, gpus: int, capacity: CapacitySettings, key: str, which: str
) -> Iterator[Problem]:
    for index, pool in enumerate(capacity.pools):
        known = all(one in accelerators.GPU_INSTANCES for one in pool.types)
        if pool.name != name or not pool.types or not known:
            continue
        each = accelerators.gpus(pool.types)
        nodes: int = getattr(pool, key)
        if gpus > nodes * each:
            yield Problem(
                f"ballast:capacity.pools[{index}].{key}",
                nodes,
                f"nodes for {gpus} GPUs",
                f"The {which} replicas of the models on it want {gpus} GPUs; {nodes} nodes x {each}"
                f" = {nodes * each}. Want more nodes, or fewer replicas.",
            )


def _fits(path: str, model: ModelSettings, types: Sequence[InstanceType]) -> Iterator[Problem]:
    where = f"ballast:serving.{path}.resources"
    names = ", ".join(machine.name for machine in types)
    cores = _smallest_cpu(types) / 1000
    if model.resources.cpu_request > cores:
        fix = f"The smallest of {names} leaves that many cores. Promise less, or use larger types."
        yield Problem(
            f"{where}.cpu_request", model.resources.cpu_request, f"at most {cores:g}", fix
        )
    gib = min(machine.allocatable_memory_mib - _DAEMON_MEMORY for machine in types) / 1024
    if model.resources.memory_request_gib > gib:
        fix = f"The smallest of {names} leaves that much memory. Use larger types, or promise less."
        got = model.resources.memory_request_gib
        yield Problem(f"{where}.memory_request_gib", got, f"at most {gib:.1f}", fix)


def _smallest_cpu(types: Sequence[InstanceType]) -> int:
    return min(machine.allocatable_cpu_millis - _DAEMON_CPU for machine in types)


def _on_system_nodes(serving: ServingSettings) -> list[tuple[Resources, int]]:
    stages = (serving.gateway, serving.aggregator)
    models = [model for model in serving.models if model.pool is None]
    return [(stage.resources, fewest(stage.scaling)) for stage in (*stages, *models)]


def _models(serving: ServingSettings) -> list[tuple[str, ModelSettings]]:
    return [(f"models[{index}]", model) for index, model in enumerate(serving.models)]


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("cluster", "capacity", "serving"), pods_fit_their_nodes),
    (("cluster", "serving"), system_nodes_have_room),
    (("capacity", "serving"), pools_have_enough_gpus),
    (("capacity", "serving"), pools_can_grow),
)
