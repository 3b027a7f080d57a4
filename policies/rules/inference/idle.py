"""GPUs that are paid for and do nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.resource import Index, Resource
from frame.rule import Category, ResourceRule, Rule, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.inference import pools
from rules.inference.demand import gpu_workloads
from rules.inference.facts import criticality, environment, fact
from rules.kubernetes import gpu
from rules.kubernetes.checks import require_set
from rules.kubernetes.replicas import Bounds, bounds
from rules.kubernetes.workloads import REPLICATED

_NODE_POOL: Final = f"kubernetes:karpenter.sh/*:{pools.NODE_POOL}"
_JOBS: Final = ("kubernetes:batch/*:Job", "kubernetes:batch/*:CronJob")


def _check_zero(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload, _, each in gpu_workloads(index):
        if workload.kind not in REPLICATED or not _may_sleep(index, workload):
            continue
        applies = True
        yield from _sleeps(workload, bounds(index, workload), each)
    if not applies:
        yield NotApplicable("no GPU workload that may scale to zero")


def _may_sleep(index: Index, workload: Resource) -> bool:
    stated = fact(index, workload, "scale-to-zero").text().lower()
    if stated:
        return stated in ("allowed", "true")
    return criticality(index, workload) == "flexible"


def _sleeps(workload: Resource, held: Bounds, each: float) -> Iterator[Outcome]:
    urn = held.scaler.urn if held.scaler else workload.urn
    if held.least is None:
        yield Undetermined(path=held.least_at.path, urn=urn)
    elif held.least > 0:
        found = f"{held.least} at the least: {held.least * each:g} GPUs run while nobody asks"
        yield Violation(path=held.least_at.path, found=found, urn=urn)


def _check_pools(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for pool in pools.gpu_pools(index):
        if pool.resource.is_kubernetes or environment(index, pool.resource) != "dev":
            continue
        applies = True
        minimum = pool.resource.at("scalingConfig", "minSize")
        if minimum.unknown:
            yield Undetermined(path=minimum.path, urn=pool.resource.urn)
        elif pool.least_nodes > 0:
            found = f"is {pool.least_nodes} for pool {pool.name}: they run nights and weekends too"
            yield Violation(path=minimum.path, found=found, urn=pool.resource.urn)
    if not applies:
        yield NotApplicable("no GPU pool of a development environment")


def _consolidates(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    disruption = resource.at("spec", "disruption")
    policy, after = disruption.at("consolidationPolicy"), disruption.at("consolidateAfter")
    if policy.unknown or after.unknown:
        yield Undetermined(path=(policy if policy.unknown else after).path)
    elif after.value == "Never":
        yield Violation(path=after.path, found="is Never: nodes stay when their pods are gone")


def _ends(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    uses = gpu.uses_gpu(resource)
    spec = resource.at("spec")
    if resource.kind == "CronJob":
        spec = spec.at("jobTemplate", "spec")
    kept, deadline = spec.at("ttlSecondsAfterFinished"), spec.at("activeDeadlineSeconds")
    if uses is False:
        yield NotApplicable("uses no GPU")
    elif uses is None:
        yield Undetermined(path=spec.path, because="whether the pods use a GPU")
    else:
        yield from require_set(kept, "not set: the job and its pods stay when it is done")
        found = "not set: a job that hangs keeps its GPU for ever"
        yield from require_set(deadline, found, "activeDeadlineSeconds: 14400")


ZERO: Final = StackRule(
    id="idle-gpus-scale-to-zero",
    title="Models that may sleep have no pods while nobody asks",
    why=(
        "A model that is asked for two hours a day and keeps one g6.2xlarge wastes 22 of 24 hours: "
        "654 of 714 USD a month. KEDA brings it from zero, at the price of one load time."
    ),
    fix="minReplicaCount: 0",
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=("kubernetes:apps/*:Deployment", "kubernetes:apps/*:StatefulSet"),
    covers=("L9",),
    check=_check_zero,
    frameworks=(frameworks.well_architected("COST09-BP03 Supply resources dynamically"),),
)

POOLS: Final = StackRule(
    id="development-gpu-pools-start-at-zero",
    title="GPU pools of development environments can be empty",
    why=(
        "A development environment is used 40 to 50 of a week's 168 hours. A pool with a minimum "
        "of one g6.2xlarge pays 714 USD a month for about 190 USD of use."
    ),
    fix='scaling_config={"min_size": 0, "desired_size": 0, "max_size": 2}',
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=pools.TOKENS,
    covers=("L9",),
    check=_check_pools,
    frameworks=(frameworks.well_architected("COST09-BP03 Supply resources dynamically"),),
)

CONSOLIDATES: Final = ResourceRule(
    id="node-pools-consolidate",
    title="Karpenter takes nodes away when their pods are gone",
    why=(
        "Without consolidation a GPU node stays after its last pod, at 0.53 to 142 USD an hour, "
        "until it expires: after 30 days."
    ),
    fix="disruption: {consolidationPolicy: WhenEmptyOrUnderutilized, consolidateAfter: 5m}",
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=(_NODE_POOL,),
    covers=("L9",),
    check=_consolidates,
)

JOBS: Final = ResourceRule(
    id="gpu-jobs-end",
    title="Jobs with GPUs have a deadline, and are cleaned up",
    why=(
        "A training job that hangs in a collective call holds its GPUs until somebody looks, and a "
        "finished one keeps its pods: both keep the node from going away."
    ),
    fix="ttlSecondsAfterFinished: 600",
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=_JOBS,
    covers=("L9",),
    check=_ends,
)

RULES: Final[Sequence[Rule]] = (ZERO, POOLS, CONSOLIDATES, JOBS)
