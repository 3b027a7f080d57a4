"""What is left of a component when something fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from frame.resource import Index, Resource
from frame.rule import Category, Rule, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Note, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.cluster import NODE_GROUP
from rules.aws.network import SUBNET
from rules.inference import pools
from rules.inference.facts import criticality
from rules.inference.pools import Pool
from rules.inference.serving import servings
from rules.kubernetes.replicas import bounds
from rules.kubernetes.workloads import REPLICATED, Pod

_ZONE: Final = "topology.kubernetes.io/zone"
_NODE: Final = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Left:
    """Pods that still answer after each kind of failure, when things stand badly."""

    pod: int
    node: int
    spot: int
    zone: int

    def said(self, least: int) -> str:
        """Say it in a line."""
        return (
            f"of {least} pods are left: {self.pod} after losing a pod, {self.node} a node, "
            f"{self.spot} the largest spot pool, {self.zone} a zone"
        )


def _check(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    seen: set[str] = set()
    for serving in servings(index):
        workload = serving.workload
        if workload.kind not in REPLICATED or workload.urn in seen:
            continue
        seen.add(workload.urn)
        applies = True
        yield from _answer(index, workload, serving.pod)
    if not applies:
        yield NotApplicable("no component that serves a model")


def _answer(index: Index, workload: Resource, pod: Pod) -> Iterator[Outcome]:
    held = bounds(index, workload)
    name = f"{workload.kind} {workload.object_name.shown()}"
    if held.least is None:
        urn = held.scaler.urn if held.scaler else workload.urn
        yield Undetermined(path=held.least_at.path, because="what is left of it", urn=urn)
        return
    left = _left(index, pod, held.least)
    said = f"{name}: {left.said(held.least)}"
    lost = [
        what
        for what, count in (
            ("a pod", left.pod),
            ("a node", left.node),
            ("the largest spot pool", left.spot),
            ("a zone", left.zone),
        )
        if count < 1
    ]
    if criticality(index, workload) == "critical" and lost:
        found = f"{said}; it is critical, and gone with {' or '.join(lost)}"
        yield Violation(path=held.least_at.path, found=found, urn=workload.urn)
    else:
        yield Note(said=said, urn=workload.urn)


def _left(index: Index, pod: Pod, least: int) -> Left:
    found = pools.pools_of(index, pod) or [
        pool for pool in pools.all_pools(index) if pools.runs_on(pod, pool) is not False
    ]
    zones = _zones(index, found)
    return Left(
        pod=max(least - 1, 0),
        node=max(least - _together(pod, _NODE, least, 2), 0),
        spot=_after_spot(index, found, least),
        zone=max(least - _together(pod, _ZONE, least, zones), 0),
    )


def _together(pod: Pod, key: str, least: int, domains: int) -> int:
    """Return how many pods one node or zone may hold; without a rule, all of them."""
    for constraint in pod.spec.at("topologySpreadConstraints").each():
        if constraint.at("topologyKey").value == key and domains > 1:
            skew = int(constraint.at("maxSkew").number() or 1)
            # The fullest domain of an even spread, and what the skew allows above it.
            return min(least, math.ceil(least / domains) + skew - 1)
    rules = pod.spec.at("affinity", "podAntiAffinity")
    for term in rules.at("requiredDuringSchedulingIgnoredDuringExecution").each():
        if term.at("topologyKey").value == key:
            return min(least, 1)
    return least


def _zones(index: Index, found: Sequence[Pool]) -> int:
    names: set[str] = set()
    for pool in found:
        if pool.resource.token == NODE_GROUP:
            for subnet in index.behind(pool.resource, "subnetIds", SUBNET):
                names.add(subnet.at("availabilityZone").text(subnet.name))
    return len(names)


def _after_spot(index: Index, found: Sequence[Pool], least: int) -> int:
    """The largest spot pool is one family in one zone: what other pools cannot hold is lost."""
    spot = [pool for pool in found if pool.capacity in ("spot", "mixed")]
    if not spot:
        return least
    if len(found) > len(spot) or any(pool.capacity == "mixed" for pool in found):
        return least  # on-demand nodes take the pods over
    families = {name.partition(".")[0] for pool in spot for name in pool.types}
    parts = max(len(families), 1) * max(_zones(index, spot), 1)
    return max(least - math.ceil(least / parts), 0) if parts > 1 else 0


ANSWER: Final = StackRule(
    id="components-survive-failures",
    title="Of every component it is known what is left when something fails",
    why=(
        "A pod is lost any day, a node on spot any hour with two minutes' notice, a family of spot "
        "in one zone all at once, a zone a few times a year. What is critical has to answer after "
        "each; of the others one should know."
    ),
    fix="minReplicas: 3  # over three zones, and an on-demand pool with the same labels",
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=("kubernetes:apps/*:Deployment", "kubernetes:apps/*:StatefulSet"),
    covers=("failure",),
    check=_check,
    frameworks=(frameworks.well_architected("REL11-BP05 Use static stability"),),
)

RULES: Final[Sequence[Rule]] = (ANSWER,)
