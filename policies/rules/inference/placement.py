"""Which pods land on GPU nodes, and whether they fit there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.instances import InstanceType
from frame import quantity
from frame.resource import Index, Resource
from frame.rule import Category, Rule, Setting, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.aws.checks import block
from rules.aws.instances import TEMPLATE
from rules.inference import pools
from rules.inference.demand import gpu_workloads
from rules.inference.pools import Pool
from rules.kubernetes import gpu
from rules.kubernetes.workloads import Pod, Role
from rules.kubernetes.workloads import pods as pods_in

_MIB: Final = 2**20
_EKS_DISK_GIB: Final = 20


def _check_reserved(index: Index, _settings: Settings) -> Iterator[Outcome]:
    found = pools.gpu_pools(index)
    for pool in found:
        yield from _tainted(pool)
    for workload in index.resources:
        if workload.is_kubernetes and found:
            yield from _on_gpu_nodes(workload, found)
    if not found:
        yield NotApplicable("no pool of GPU nodes")


def _tainted(pool: Pool) -> Iterator[Outcome]:
    path = "spec.template.spec.taints" if pool.resource.is_kubernetes else "taints"
    node = pool.resource.at(*path.split("."))
    if node.unknown or any(item.unknown for item in node.each()):
        yield Undetermined(path=node.path, urn=pool.resource.urn)
    elif not any(taint.effect in ("NoSchedule", "NoExecute") for taint in pool.taints):
        found = f"pool {pool.name} of GPU nodes has no taint"
        yield Violation(path=node.path, found=found, urn=pool.resource.urn)


def _on_gpu_nodes(workload: Resource, found: Sequence[Pool]) -> Iterator[Outcome]:
    if workload.kind == "DaemonSet":
        return  # agents of the node have to run there
    for pod in pods_in(workload):
        uses = gpu.uses_gpu(workload)
        if uses is None:
            yield Undetermined(
                path=pod.spec.path, because="whether the pods use a GPU", urn=workload.urn
            )
        elif uses:
            yield from _finds_pool(workload, pod, found)
        else:
            yield from _keeps_out(workload, pod, found)


def _keeps_out(workload: Resource, pod: Pod, found: Sequence[Pool]) -> Iterator[Outcome]:
    invited = [pool for pool in found if pool.taints and pools.tolerates(pod, pool.taints)]
    if invited:
        yield Violation(
            path=pod.spec.at("tolerations").path,
            found=f"tolerates the taint of {invited[0].name}, and no container asks for a GPU",
            fix="tolerations: []",
            urn=workload.urn,
        )


def _finds_pool(workload: Resource, pod: Pod, found: Sequence[Pool]) -> Iterator[Outcome]:
    if any(pools.runs_on(pod, pool) is not False for pool in found):
        return
    name = f"{workload.kind} {workload.object_name.shown()}"
    lacking = [pool.name for pool in found if pools.tolerates(pod, pool.taints) is False]
    reason = (
        "does not tolerate their taints" if lacking else "asks for labels that they do not have"
    )
    yield Violation(
        path=pod.spec.at("tolerations" if lacking else "nodeSelector").path,
        found=f"{name} asks for a GPU and can run on none of the GPU pools: it {reason}",
        fix="tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]",
        urn=workload.urn,
    )


def _check_fits(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload, pod, _ in gpu_workloads(index):
        if workload.kind == "DaemonSet":
            continue
        need = _Need(_request(pod, "memory"), _request(pod, "cpu"), _scratch_gib(pod))
        for pool in pools.pools_of(index, pod):
            applies = True
            yield from _fits(index, workload, pod, pool, need)
            yield from _fits_disk(index, workload, pod, pool, need, settings["imageGib"])
    if not applies:
        yield NotApplicable("no GPU workload with a pool in this stack")


@dataclass(frozen=True, slots=True)
class _Need:
    """What one pod takes of its node."""

    memory: float
    cpu: float
    scratch_gib: float


def _fits(index: Index, workload: Resource, pod: Pod, pool: Pool, need: _Need) -> Iterator[Outcome]:
    agents = _agents(index, pool)
    memory, cpu = need.memory + agents.memory, need.cpu + agents.cpu
    small = [machine for machine in pool.machines if not _holds(machine, memory, cpu)]
    if small:
        machine = min(small, key=lambda item: item.memory_gib)
        yield Violation(
            path=f"{pod.spec.at('containers').path}[0].resources.requests",
            found=(
                f"{memory / quantity.GIB:.1f} GiB and {cpu:g} CPUs, node agents included, "
                f"do not fit on {machine.name}, which pool {pool.name} may start "
                f"({machine.allocatable_memory_mib / 1024:.1f} GiB, "
                f"{machine.allocatable_cpu_millis / 1000:g} CPUs)"
            ),
            fix=f"instance_types without {', '.join(item.name for item in small)}",
            urn=workload.urn,
        )


def _holds(machine: InstanceType, memory: float, cpu: float) -> bool:
    enough_memory = memory <= machine.allocatable_memory_mib * _MIB
    return enough_memory and cpu * 1000 <= machine.allocatable_cpu_millis


def _agents(index: Index, pool: Pool) -> _Need:
    """Return what the DaemonSets of the stack take of each of the pool's nodes."""

    def add() -> _Need:
        daemons = [item for item in index.of_kind("DaemonSet") if item.is_kubernetes]
        found = [
            pod
            for daemon in daemons
            for pod in pods_in(daemon)
            if pools.runs_on(pod, pool) is not False
        ]
        memory = sum(_request(pod, "memory") for pod in found)
        return _Need(memory, sum(_request(pod, "cpu") for pod in found), 0.0)

    return index.once(f"agents {pool.resource.urn}", add)


def _request(pod: Pod, name: str) -> float:
    def of(role: Role) -> list[float]:
        return [
            quantity.of(container.at("resources", "requests", name))
            or quantity.of(container.at("resources", "limits", name))
            or 0.0
            for container in pod.containers(role)
        ]

    running = sum(of(Role.MAIN)) + sum(of(Role.SIDECAR))
    return max(running, *of(Role.INIT), 0.0)


def _scratch_gib(pod: Pod) -> float:
    sizes = (
        quantity.of(volume.at("emptyDir", "sizeLimit")) or 0
        for volume in pod.spec.at("volumes").each()
        if volume.at("emptyDir", "medium").value != "Memory"
    )
    return sum(sizes) / quantity.GIB


def _fits_disk(
    index: Index, workload: Resource, pod: Pod, pool: Pool, need: _Need, image_gib: float
) -> Iterator[Outcome]:
    disk = index.once(f"disk {pool.resource.urn}", lambda: _disk_gib(index, pool))
    if disk is None:
        return
    needed = need.scratch_gib + image_gib
    if needed > disk:
        yield Violation(
            path=pod.spec.at("volumes").path,
            found=(
                f"{need.scratch_gib:.0f} GiB of scratch and {image_gib:g} GiB of images "
                f"do not fit on the {disk:g} GiB of pool {pool.name}"
            ),
            fix=f"volume_size={int(needed * 1.2)}",
            urn=workload.urn,
        )


def _disk_gib(index: Index, pool: Pool) -> float | None:
    """Return the size of the largest disk of the pool's nodes; None where it is not stated."""
    if pool.resource.is_kubernetes:
        return None
    for template in index.behind(pool.resource, "launchTemplate", TEMPLATE):
        sizes = [
            block(mapping.at("ebs")).at("volumeSize").number()
            for mapping in template.at("blockDeviceMappings").blocks()
        ]
        return max((size for size in sizes if size), default=None)
    stated = pool.resource.at("diskSize")
    has_template = not pool.resource.at("launchTemplate").missing
    return None if has_template or stated.unknown else stated.number() or _EKS_DISK_GIB


RESERVED: Final = StackRule(
    id="gpu-nodes-are-kept-for-gpu-pods",
    title="GPU nodes are tainted, and only pods that need a GPU can land there",
    why=(
        "A pod without a GPU on a GPU node keeps it from scaling down, at 0.53 to 142 USD an hour, "
        "and takes the memory that the next model would have needed. A GPU pod that tolerates no "
        "taint, like 72 of 96 in public repositories, never starts once there is one."
    ),
    fix='taints=[{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]',
    severity=Severity.HIGH,
    category=Category.COST,
    tokens=pools.TOKENS,
    covers=("L10",),
    check=_check_reserved,
)

FITS: Final = StackRule(
    id="gpu-pods-fit-their-nodes",
    title="GPU pods fit on every type of node that their pool may start",
    why=(
        "EKS keeps 255 MiB and 11 MiB a pod of every node, and its agents take more: a pod of 32 "
        "GiB does not fit on an instance of 32 GiB. The autoscaler starts one after the other, and "
        "the pod stays pending. A disk that fills up evicts the pods that filled it."
    ),
    fix='resources: {requests: {memory: "24Gi"}}',
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=pools.TOKENS,
    covers=("L15",),
    check=_check_fits,
    settings={
        "imageGib": Setting(
            type="number",
            default=20,
            description="GiB of the node's disk that images and the system take.",
        )
    },
)

RULES: Final[Sequence[Rule]] = (RESERVED, FITS)
