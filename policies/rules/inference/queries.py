"""What the triggers of scalers ask Prometheus for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from catalog import promql
from catalog.exposed import Metric, metric
from frame.facts import Node
from frame.resource import Index
from frame.rule import Category, Severity, StackRule
from rules.inference.serving import Serving, of_workload
from rules.kubernetes import scalers
from rules.kubernetes.scalers import Scaler

# Prefixes that belong to one engine: a name with one of them that is not catalogued does not exist.
OWNED: Final = ("vllm:", "sglang:")


# What is told without a single pod of the workload.
APART: Final = frozenset({"envoy", "kube-state-metrics", "keda"})


ENGINES: Final = frozenset({"vllm", "sglang", "text-embeddings-inference", "triton"})


RATED: Final = re.compile(r"\b(rate|irate|increase|delta|deriv|histogram_quantile)\s*\(")


def prometheus(scaler: Scaler) -> Iterator[tuple[Node, Node]]:
    """Go through the Prometheus triggers of a scaler: the trigger and its query."""
    if scaler.is_keda:
        for trigger in scaler.triggers_path.each():
            if trigger.at("type").value == "prometheus":
                yield trigger, trigger.at("metadata", "query")


def series_of(query: str) -> list[Metric | str]:
    """Return the metrics of a query; only the name where its engine should have it and has not."""
    found: list[Metric | str] = []
    for name in promql.metrics(query):
        known = metric(name)
        if known:
            found.append(known)
        elif name.startswith(OWNED):
            found.append(name)
    return found


def given(series: Metric, version: tuple[int, ...] | None) -> bool:
    """Tell whether the version of the engine gives the metric; an unknown one is trusted."""
    if version is None:
        return True
    late = series.until is not None and version >= number_of(series.until)
    return not late and (series.since is None or version >= number_of(series.since))


def number_of(version: str) -> tuple[int, ...]:
    """Return a version as numbers."""
    return tuple(int(part) for part in version.split("."))


def joined(index: Index) -> Iterator[tuple[Scaler, list[Serving]]]:
    """Go through the scalers with the model servers that they scale."""
    for scaler in scalers.scalers(index):
        workloads, _ = scalers.targets(index, scaler)
        yield scaler, [item for workload in workloads for item in of_workload(index, workload)]


def from_pods(series: Metric | str) -> bool:
    """Tell whether only the pods themselves report the metric."""
    return isinstance(series, str) or series.exposed_by not in APART


def trigger_rule(**fields: object) -> StackRule:
    """Return the record of a rule about triggers."""
    base = {
        "category": Category.SCALING,
        "severity": Severity.HIGH,
        "tokens": scalers.TOKENS,
        "covers": ("triggers",),
    }
    return StackRule(**{**base, **fields})  # pyright: ignore[reportArgumentType]
