"""Disruption budgets, and the scalers they have to get along with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame import tri
from frame.facts import Node
from frame.resource import Index, Resource
from frame.rule import Category, Relative, Rule, Setting, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes import scalers
from rules.kubernetes.replicas import (
    Bounds,
    bounds,
    replicated,
    scaler_bounds,
    selected,
    share,
)
from rules.kubernetes.workloads import REPLICATED

_BUDGET: Final = "PodDisruptionBudget"
_BUDGETS: Final = f"kubernetes:policy/*:{_BUDGET}"
_WORKLOADS: Final = ("kubernetes:apps/*:Deployment", "kubernetes:apps/*:StatefulSet")
_HELM: Final = "kubernetes:helm.sh/v3:Release"


def _check_present(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload in replicated(index):
        if workload.kind not in ("Deployment", "StatefulSet"):
            continue
        least = bounds(index, workload).least
        if least is not None and least < settings["fromReplicas"]:
            continue
        applies = True
        yield from _present(index, workload)
    if not applies:
        yield NotApplicable("no workload of several pods")


def _present(index: Index, workload: Resource) -> Iterator[Outcome]:
    covered = tri.any_of(
        selected(budget.at("spec", "selector"), workload) if sure else None
        for budget, sure in index.in_namespace(workload.namespace, _BUDGET)
    )
    if covered is None:
        yield Undetermined(
            path="spec.template.metadata.labels",
            because="whether a disruption budget selects the pods",
            urn=workload.urn,
        )
    elif not covered:
        name = workload.object_name.shown()
        yield Violation(
            path="spec.selector",
            found=f"no PodDisruptionBudget selects the pods of {workload.kind} {name}",
            urn=workload.urn,
        )


def _check_evictable(index: Index, _settings: Settings) -> Iterator[Outcome]:
    for budget in index.of_kind(_BUDGET):
        yield from _never(budget)
        for kind in sorted(REPLICATED):
            for workload, sure in index.in_namespace(budget.namespace, kind):
                if sure and selected(budget.at("spec", "selector"), workload):
                    yield from _against(budget, workload, bounds(index, workload))


def _never(budget: Resource) -> Iterator[Outcome]:
    allowed = budget.at("spec", "maxUnavailable")
    kept = budget.at("spec", "minAvailable")
    for node in (allowed, kept):
        if node.unknown:
            yield Undetermined(path=node.path, urn=budget.urn)
    if allowed.known and allowed.text().strip().rstrip("%") in ("0", "0.0"):
        yield _blocked(budget, allowed, f"is {allowed.text()}, so no pod may ever be evicted")
    if kept.text().strip() == "100%":
        yield _blocked(budget, kept, "is 100%, so no pod may ever be evicted")


def _against(budget: Resource, workload: Resource, held: Bounds) -> Iterator[Outcome]:
    kept = budget.at("spec", "minAvailable")
    if not kept.known or kept.text().strip() == "100%":
        return
    if held.least is None:
        yield Undetermined(
            path=held.least_at.path, urn=held.scaler.urn if held.scaler else workload.urn
        )
        return
    # At zero pods there is nothing to evict; the first one that comes back counts.
    pods = max(held.least, 1)
    needed = share(kept, pods, up=True)
    if needed is not None and needed >= pods:
        what = held.scaler or workload
        found = (
            f"is {kept.text()}, and {what.kind} {what.object_name.shown()} keeps {held.least} pods "
            f"at the least, so none of them may be evicted"
        )
        yield _blocked(budget, kept, found)


def _blocked(budget: Resource, node: Node, found: str) -> Violation:
    return Violation(path=node.path, found=found, urn=budget.urn)


def _check_scalers(index: Index, settings: Settings) -> Iterator[Outcome]:
    helm = bool(index.of_token(_HELM))
    for scaler in scalers.scalers(index):
        urn = scaler.resource.urn
        held = scaler_bounds(scaler)
        if held.least is None or held.most is None:
            node = held.least_at if held.least is None else held.most_at
            yield Undetermined(path=node.path, urn=urn)
        elif held.most < max(held.least, 1):
            found = f"{held.most} at the most is less than {max(held.least, 1)} at the least"
            yield Violation(path=held.most_at.path, found=found, urn=urn, fix="maxReplicas: 10")
        elif not scaler.is_keda and held.most_at.missing:
            yield Violation(path=held.most_at.path, found="not set", urn=urn, fix="maxReplicas: 10")
        found_targets, sure = scalers.targets(index, scaler)
        if not found_targets and settings["targetInStack"]:
            yield from _dangling(scaler, sure=sure and not helm)


def _dangling(scaler: scalers.Scaler, *, sure: bool) -> Iterator[Outcome]:
    name = scaler.target.at("name")
    if sure:
        yield Violation(
            path=scaler.target.path,
            found=f"names {scaler.target_kind} {name.shown()}, which is not in this stack",
            urn=scaler.resource.urn,
            fix="scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: NAME}",
        )
    else:
        yield Undetermined(path=name.path, urn=scaler.resource.urn, because="what is scaled")


PRESENT: Final = StackRule(
    id="workloads-have-disruption-budget",
    title="A disruption budget covers every service of several pods",
    why=(
        "A node upgrade, a consolidation or a drain before a spot reclaim evicts all pods of a "
        "node at once, and several nodes at the same time. Without a budget both replicas may go "
        "in the same minute, although nothing failed."
    ),
    fix="PodDisruptionBudget: {maxUnavailable: 1, selector: {matchLabels: {app: NAME}}}",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=_WORKLOADS,
    covers=("K06",),
    check=_check_present,
    settings={
        "fromReplicas": Setting(
            type="integer", default=2, description="The number of pods from which on it matters."
        )
    },
    frameworks=(frameworks.well_architected("REL11-BP05 Use static stability"),),
    relatives=(
        Relative(tool="kube-score", check="deployment-has-poddisruptionbudget"),
        Relative(tool="Polaris", check="missingPodDisruptionBudget"),
        Relative(tool="Kyverno", check="require-pdb"),
    ),
)

EVICTABLE: Final = StackRule(
    id="disruption-budgets-allow-eviction",
    title="A disruption budget lets at least one pod go",
    why=(
        "A budget that needs every pod blocks each node drain until it times out, and the upgrade "
        "with it; on spot the two minutes' notice passes unused and the pod is killed with its "
        "requests. What counts is the scaler's minimum, not the number that happens to run."
    ),
    fix="spec: {maxUnavailable: 1}",
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=(_BUDGETS,),
    covers=("K07",),
    check=_check_evictable,
    relatives=(
        Relative(tool="kube-linter", check="pdb-min-available"),
        Relative(tool="kube-linter", check="pdb-max-unavailable"),
        Relative(tool="kube-score", check="poddisruptionbudget-has-policy"),
        Relative(tool="Polaris", check="pdbDisruptionsIsZero"),
        Relative(tool="Polaris", check="pdbMinAvailableGreaterThanHPAMinReplicas"),
        Relative(tool="Kyverno", check="require-reasonable-pdbs"),
        Relative(tool="Pulumi", check="disallow-zero-voluntary-disruption"),
    ),
)

SCALERS: Final = StackRule(
    id="scalers-have-target-and-bounds",
    title="A scaler names a workload that exists, and can move",
    why=(
        "A scaler whose target does not exist, or whose maximum is below its minimum, reports an "
        "error in its status that nobody reads and scales nothing: the service keeps the size it "
        "had."
    ),
    fix="scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: NAME}",
    severity=Severity.HIGH,
    category=Category.SCALING,
    tokens=scalers.TOKENS,
    covers=("K08",),
    check=_check_scalers,
    settings={
        "targetInStack": Setting(
            type="boolean",
            default=True,
            description="Whether the workload has to be in the same stack as its scaler.",
        )
    },
    relatives=(
        Relative(tool="kube-linter", check="dangling-horizontalpodautoscaler"),
        Relative(tool="kube-score", check="horizontalpodautoscaler-has-target"),
        Relative(tool="Kubescape", check="C-0300"),
    ),
)

RULES: Final[Sequence[Rule]] = (PRESENT, EVICTABLE, SCALERS)
