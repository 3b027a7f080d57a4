"""How many pods a workload has, at the least and at the most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from frame import tri
from frame.facts import Node
from frame.resource import Index, Resource
from frame.selectors import selects
from rules.kubernetes import scalers
from rules.kubernetes.scalers import Scaler
from rules.kubernetes.workloads import REPLICATED, pods


@dataclass(frozen=True, slots=True)
class Bounds:
    """The number of pods; None where it is not known yet. The nodes say where it is written."""

    least: int | None
    most: int | None
    least_at: Node
    most_at: Node
    scaler: Resource | None = None


def scaler_bounds(scaler: Scaler) -> Bounds:
    """Return what a scaler keeps to; KEDA's minimum is 0, that of an HPA is 1."""
    spec = scaler.resource.at("spec")
    if scaler.is_keda:
        low, high = spec.at("minReplicaCount"), spec.at("maxReplicaCount")
        return Bounds(_count(low, 0), _count(high, 100), low, high, scaler.resource)
    low, high = spec.at("minReplicas"), spec.at("maxReplicas")
    return Bounds(_count(low, 1), _count(high, 1), low, high, scaler.resource)


def static_bounds(workload: Resource) -> Bounds:
    """Return the number of pods that the workload itself states."""
    node = workload.at("spec", "replicas")
    count = _count(node, 1)
    return Bounds(count, count, node, node)


def bounds(index: Index, workload: Resource) -> Bounds:
    """Return the bounds of a workload: its scaler's where it has one, else its own."""
    for scaler in scalers_of(index, workload):
        return scaler_bounds(scaler)
    return static_bounds(workload)


def scalers_of(index: Index, workload: Resource) -> Iterator[Scaler]:
    """Go through the scalers that scale the workload."""
    yield from scalers.by_target(index).get(workload.urn, ())


def replicated(index: Index) -> Iterator[Resource]:
    """Go through the workloads whose number of pods is somebody's decision."""
    for resource in index.of_kind(*sorted(REPLICATED)):
        if resource.is_kubernetes:
            yield resource


def selected(selector: Node, workload: Resource) -> bool | None:
    """Tell whether the selector picks the pods of the workload."""
    return tri.any_of(selects(selector, pod.labels) for pod in pods(workload))


def share(node: Node, total: int, *, up: bool) -> int | None:
    """Return an absolute number for one that may be a percentage of the total."""
    text = node.text().strip()
    if text.endswith("%"):
        try:
            percent = float(text[:-1])
        except ValueError:
            return None
        exact = total * percent / 100
        return -int(-exact // 1) if up else int(exact)
    number = node.number()
    return None if number is None else int(number)


def _count(node: Node, default: int) -> int | None:
    if node.unknown:
        return None
    number = node.number()
    return default if number is None else int(number)
