"""What scales a workload: HorizontalPodAutoscalers and KEDA's ScaledObjects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from frame.facts import Node
from frame.resource import Index, Resource
from rules.kubernetes.workloads import REPLICATED, pods

HPA: Final = "HorizontalPodAutoscaler"
SCALED_OBJECT: Final = "ScaledObject"
TOKENS: Final = (f"kubernetes:autoscaling/*:{HPA}", f"kubernetes:keda.sh/*:{SCALED_OBJECT}")

# Labels by which the parts of one application call themselves the same.
_IDENTITY: Final = ("app.kubernetes.io/instance", "app.kubernetes.io/name", "app")
_HOST_METRIC: Final = re.compile(r"(?<![a-z])(cpu|memory|mem)(?![a-z])")
_LOAD_METRIC: Final = re.compile(
    r"gpu|dcgm|queue|waiting|running|request|token|cache|latency|duration|concurren|rps|qps|lag"
    r"|pending|backlog|batch|in_?flight"
)


class Signal(Enum):
    """What kind of thing a metric tells about a workload."""

    CPU = "cpu"
    MEMORY = "memory"
    LOAD = "load"
    SCHEDULE = "schedule"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One metric of a scaler."""

    node: Node
    signal: Signal
    # For messages: `cpu (70 %)`.
    shown: str


@dataclass(frozen=True, slots=True)
class Scaler:
    """A scaler, whichever kind it is."""

    resource: Resource

    @property
    def target(self) -> Node:
        """Return the reference to what is scaled."""
        return self.resource.at("spec", "scaleTargetRef")

    @property
    def target_kind(self) -> str:
        """Return the kind of what is scaled; KEDA takes a Deployment when none is named."""
        return self.target.at("kind").text("Deployment")

    @property
    def is_keda(self) -> bool:
        """Tell whether KEDA runs this scaler."""
        return self.resource.kind == SCALED_OBJECT

    @property
    def triggers_path(self) -> Node:
        """Return where the metrics are listed."""
        return self.resource.at("spec", "triggers" if self.is_keda else "metrics")

    def triggers(self) -> list[Trigger]:
        """Return the metrics that the scaler acts on, the default one included."""
        listed = [_trigger(node, keda=self.is_keda) for node in self.triggers_path.each()]
        if listed or self.is_keda:
            return listed
        percentage = self.resource.at("spec", "targetCPUUtilizationPercentage")
        default = (
            "cpu (80 %, the default)" if percentage.missing else f"cpu ({_percent(percentage)})"
        )
        return [
            Trigger(percentage if percentage.known else self.triggers_path, Signal.CPU, default)
        ]


def scalers(index: Index) -> Iterator[Scaler]:
    """Go through the scalers of a stack."""
    for resource in index.of_kind(HPA, SCALED_OBJECT):
        if resource.is_kubernetes:
            yield Scaler(resource)


def by_target(index: Index) -> dict[str, list[Scaler]]:
    """Return the scalers of each workload, by the workload's URN."""

    def join() -> dict[str, list[Scaler]]:
        found: dict[str, list[Scaler]] = {}
        for scaler in scalers(index):
            for workload in targets(index, scaler)[0]:
                found.setdefault(workload.urn, []).append(scaler)
        return found

    return index.once("scalers_by_target", join)


def targets(index: Index, scaler: Scaler) -> tuple[list[Resource], bool]:
    """Return the workloads that the scaler scales, and whether that is all that can be said.

    By name first; where the name is not known yet, by what the reference was made
    from, and then by the labels that the parts of an application share.
    """
    name = scaler.target.at("name")
    if name.known:
        found, open_end = index.named(scaler.target_kind, scaler.resource.namespace, name)
        return found, not open_end
    candidates = [item for item in index.behind(scaler.resource, "spec") if item.kind in REPLICATED]
    candidates = candidates or _by_labels(index, scaler)
    return candidates, len(candidates) == 1


def _by_labels(index: Index, scaler: Scaler) -> list[Resource]:
    namespace = scaler.resource.namespace
    return [
        workload
        for workload, sure in index.in_namespace(namespace, scaler.target_kind)
        if sure and _same_application(scaler.resource, workload)
    ]


def _same_application(scaler: Resource, workload: Resource) -> bool:
    labels = scaler.at("metadata", "labels")
    for pod in pods(workload):
        pairs = [(labels.at(key), pod.labels.at(key)) for key in _IDENTITY]
        both = [(left.value, right.value) for left, right in pairs if left.known and right.known]
        if both:
            return all(left == right for left, right in both)
    return False


def _trigger(node: Node, *, keda: bool) -> Trigger:
    return _keda_trigger(node) if keda else _hpa_metric(node)


def _keda_trigger(node: Node) -> Trigger:
    kind = node.at("type")
    if kind.unknown:
        return Trigger(kind, Signal.UNKNOWN, "unknown")
    name = kind.text()
    value = node.at("metadata", "value").text()
    if name in ("cpu", "memory"):
        return Trigger(node, Signal(name), f"{name} ({value} %)" if value else name)
    if name == "cron":
        return Trigger(node, Signal.SCHEDULE, "cron")
    wording = [node.at("metadata", key) for key in ("query", "metricName", "metric")]
    return _custom(node, name, wording)


def _hpa_metric(node: Node) -> Trigger:
    kind = node.at("type")
    if kind.unknown:
        return Trigger(kind, Signal.UNKNOWN, "unknown")
    block = node.at(kind.text()[:1].lower() + kind.text()[1:])
    if kind.value in ("Resource", "ContainerResource"):
        return _resource_metric(block)
    # v2beta1 has the name beside the target, v2 below `metric`.
    wording = [block.at("metric", "name"), block.at("metricName")]
    return _custom(node, kind.text(), wording)


def _resource_metric(block: Node) -> Trigger:
    name = block.at("name")
    if name.unknown:
        return Trigger(name, Signal.UNKNOWN, "unknown")
    target = block.at("target", "averageUtilization")
    share = target if target.known else block.at("targetAverageUtilization")
    signal = Signal.MEMORY if name.value == "memory" else Signal.CPU
    return Trigger(
        block, signal, f"{name.text()} ({_percent(share)})" if share.known else name.text()
    )


def _custom(node: Node, kind: str, wording: Sequence[Node]) -> Trigger:
    """Tell a load metric from CPU or memory usage that comes by way of a query."""
    text = " ".join(item.text() for item in wording).lower()
    host = _HOST_METRIC.search(text.replace("_", " "))
    if host and not _LOAD_METRIC.search(text):
        signal = Signal.CPU if host.group(1) == "cpu" else Signal.MEMORY
        return Trigger(node, signal, f"{signal.value} (by a {kind} metric)")
    if not text and any(item.unknown for item in wording):
        return Trigger(next(item for item in wording if item.unknown), Signal.UNKNOWN, "unknown")
    return Trigger(node, Signal.LOAD, text or kind)


def _percent(node: Node) -> str:
    return f"{node.text()} %" if node.known else "a share not known yet"
