"""What a namespace may take of the cluster's GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.resource import Index, Resource
from frame.rule import Category, Relative, Rule, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.kubernetes import gpu
from rules.kubernetes.workloads import WORKLOADS

_QUOTA: Final = "ResourceQuota"


def _check(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload in index.resources:
        uses = gpu.uses_gpu(workload) if workload.is_kubernetes else False
        if uses is None:
            applies = True
            yield Undetermined(path="spec", because="whether the pods use a GPU", urn=workload.urn)
        elif uses:
            applies = True
            yield from _quota_for(index, workload)
    if not applies:
        yield NotApplicable("no GPU workload")


def _quota_for(index: Index, workload: Resource) -> Iterator[Outcome]:
    found = [
        _limits(quota, sure=sure) for quota, sure in index.in_namespace(workload.namespace, _QUOTA)
    ]
    if True in found:
        return
    namespace = workload.namespace
    if None in found or namespace.unknown:
        yield Undetermined(
            path=namespace.path, because="whether a quota limits the GPUs", urn=workload.urn
        )
    else:
        yield Violation(
            path=namespace.path,
            found=f"namespace {namespace.shown()} has no quota for GPUs",
            urn=workload.urn,
        )


def _limits(quota: Resource, *, sure: bool) -> bool | None:
    hard = quota.at("spec", "hard")
    if hard.unknown or not sure:
        return None
    names = (key.removeprefix("requests.") for key, _ in hard.entries())
    return any(gpu.is_gpu_resource(name) for name in names)


BUDGET: Final = StackRule(
    id="gpu-namespaces-have-quota",
    title="A namespace that uses GPUs has a quota for them",
    why=(
        "A scaler with a wrong threshold, or a deployment with one zero too many, asks for as many "
        "GPUs as there are pools to grow, at 0.53 to 142 USD an hour each. A quota is the budget "
        "that holds whatever the scalers think."
    ),
    fix='kind: ResourceQuota  # spec: {hard: {requests.nvidia.com/gpu: "8"}}',
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=WORKLOADS,
    covers=("A18",),
    check=_check,
    relatives=(Relative(tool="Kyverno", check="kubecost-proactive-cost-control"),),
)

RULES: Final[Sequence[Rule]] = (BUDGET,)
