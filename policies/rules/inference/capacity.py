"""Whether pools have what workloads ask for: room for growth, and the right kind of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from frame import quantity
from frame.resource import Index, Resource
from frame.rule import Category, Rule, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.inference import pools
from rules.inference.demand import gpu_workloads
from rules.inference.facts import criticality, environment
from rules.inference.pools import Pool
from rules.kubernetes.replicas import Bounds, bounds
from rules.kubernetes.workloads import WORKLOADS, Pod

_QUOTA: Final = "ResourceQuota"


def _check_growth(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload, pod, each in gpu_workloads(index):
        if workload.kind in ("Job", "CronJob", "DaemonSet", "Pod"):
            continue
        held = bounds(index, workload)
        found = pools.pools_of(index, pod)
        if held.most is None:
            applies = True
            urn = held.scaler.urn if held.scaler else workload.urn
            yield Undetermined(path=held.most_at.path, urn=urn)
            continue
        if found:
            applies = True
            yield from _against_pools(workload, held, each, found)
        for quota, sure in index.in_namespace(workload.namespace, _QUOTA):
            if sure:
                applies = True
                yield from _against_quota(workload, held, each, quota)
    if not applies:
        yield NotApplicable("no GPU workload with a pool or a quota in this stack")


def _against_pools(
    workload: Resource, held: Bounds, each: float, found: Sequence[Pool]
) -> Iterator[Outcome]:
    unknown = next((pool for pool in found if pool.most_gpus is None), None)
    if unknown:
        yield Undetermined(path="scalingConfig.maxSize", urn=unknown.resource.urn)
        return
    # A node with four GPUs holds one pod of three.
    room = sum(_pods_of(pool, each) for pool in found)
    if held.most is not None and held.most > room:
        names = ", ".join(pool.name for pool in found)
        yield Violation(
            path=held.most_at.path,
            found=(
                f"up to {held.most} pods of {each:g} GPU, and the pools {names} have room for "
                f"{room:g}"
            ),
            urn=held.scaler.urn if held.scaler else workload.urn,
            fix=f"maxReplicas: {room:g}  # or more nodes in a pool",
        )


def _pods_of(pool: Pool, each: float) -> float:
    if pool.most_gpus is None or math.isinf(pool.most_gpus):
        return math.inf
    if not pool.gpus_per_node or math.isinf(pool.most_nodes or 0):
        return pool.most_gpus // each
    return (pool.most_nodes or 0) * (pool.gpus_per_node // each)


def _against_quota(
    workload: Resource, held: Bounds, each: float, quota: Resource
) -> Iterator[Outcome]:
    hard = quota.at("spec", "hard")
    for key in ("requests.nvidia.com/gpu", "nvidia.com/gpu"):
        node = hard.at(key)
        allowed = quantity.of(node)
        if node.unknown:
            yield Undetermined(path=node.path, urn=quota.urn)
        elif allowed is not None and held.most is not None and held.most * each > allowed:
            yield Violation(
                path=held.most_at.path,
                found=(
                    f"up to {held.most * each:g} GPUs, and the quota {quota.object_name.shown()} "
                    f"allows {allowed:g}"
                ),
                urn=held.scaler.urn if held.scaler else workload.urn,
                fix=f"maxReplicas: {allowed // each:g}",
            )


def _check_limits(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for pool in pools.gpu_pools(index):
        if not pool.resource.is_kubernetes:
            continue
        applies = True
        path = "spec.limits"
        if pool.most_gpus is None:
            yield Undetermined(path=path, urn=pool.resource.urn)
        elif math.isinf(pool.most_gpus):
            found = f"NodePool {pool.name} may grow without end"
            yield Violation(path=path, found=found, urn=pool.resource.urn)
    if not applies:
        yield NotApplicable("no Karpenter pool with GPUs")


def _check_capacity_type(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload, pod, _ in gpu_workloads(index):
        found = pools.pools_of(index, pod)
        wanted = criticality(index, workload)
        flexible = wanted == "flexible" or (
            not wanted and environment(index, workload) == "dev" and workload.kind != "Job"
        )
        if not found or not (wanted == "critical" or flexible):
            continue
        applies = True
        yield from _capacity_type(workload, pod, found, critical=wanted == "critical")
    if not applies:
        yield NotApplicable("no GPU workload whose criticality is stated")


def _capacity_type(
    workload: Resource, pod: Pod, found: Sequence[Pool], *, critical: bool
) -> Iterator[Outcome]:
    kinds = {pool.capacity for pool in found}
    name = f"{workload.kind} {workload.object_name.shown()}"
    path = pod.spec.at("nodeSelector").path
    names = ", ".join(pool.name for pool in found)
    if "unknown" in kinds:
        yield Undetermined(path="capacityType", urn=found[0].resource.urn)
    elif critical and kinds == {"spot"}:
        yield Violation(
            path=path,
            found=f"{name} is critical, and has nothing but spot ({names})",
            why=(
                "A spot pool is emptied in two minutes, and for hours it may give nothing back: "
                "above 20 % of cases a month for 22 of 52 GPU types. Critical work needs a base "
                "that stays."
            ),
            fix="capacity: on-demand, min_nodes: 1  # a second pool with the same labels",
            urn=workload.urn,
        )
    elif not critical and kinds == {"on-demand"}:
        yield Violation(
            path=path,
            found=f"{name} may be interrupted, and has nothing but on-demand GPUs ({names})",
            why=(
                "On demand costs two to four times what spot does: a g6.2xlarge 714 USD a month "
                "instead of 274 to 331."
            ),
            fix='capacity_type="SPOT"',
            urn=workload.urn,
        )


GROWTH: Final = StackRule(
    id="gpu-scalers-fit-their-pools",
    title="A scaler's maximum fits into the GPUs that its pools and quota allow",
    why=(
        "Pods beyond the pools' maximum stay pending: the scaler reports success, the queue grows, "
        "and nobody is told that the last pods never came. What the quota refuses does not even "
        "become a pod."
    ),
    fix="maxReplicas: 8",
    severity=Severity.HIGH,
    category=Category.SCALING,
    tokens=WORKLOADS,
    covers=("L4",),
    check=_check_growth,
    frameworks=(frameworks.well_architected("REL01-BP06 Leave a gap between quota and usage"),),
)

LIMITS: Final = StackRule(
    id="gpu-node-pools-are-limited",
    title="Karpenter's GPU pools have a limit",
    why=(
        "Karpenter starts whatever pods ask for: one deployment with a zero too many is a hundred "
        "GPU nodes, at 0.53 to 142 USD an hour each, until somebody looks at the bill. Of 40 "
        "NodePools in public repositories 25 have no limits."
    ),
    fix='limits: {nvidia.com/gpu: "16"}',
    severity=Severity.HIGH,
    category=Category.COST,
    tokens=(f"kubernetes:karpenter.sh/*:{pools.NODE_POOL}",),
    covers=("L4",),
    check=_check_limits,
)

CAPACITY_TYPE: Final = StackRule(
    id="capacity-type-fits-criticality",
    title="Critical work has GPUs that stay, and work that can wait takes spot",
    why=(
        "Spot costs a quarter to a half of on demand, and may be gone in two minutes. What must "
        "answer needs a base on demand; what can wait, or is only for trying out, should not pay "
        "for one."
    ),
    fix='capacity_type="SPOT"',
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=WORKLOADS,
    covers=("L8",),
    check=_check_capacity_type,
    frameworks=(frameworks.well_architected("COST06-BP03 Select resource type automatically"),),
)

RULES: Final[Sequence[Rule]] = (GROWTH, LIMITS, CAPACITY_TYPE)
