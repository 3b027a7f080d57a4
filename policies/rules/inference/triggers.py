"""Whether a scaler's triggers can do what they are there for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from catalog import promql
from catalog.exposed import Metric
from catalog.metrics import highest
from frame.facts import Node
from frame.resource import Index
from frame.rule import Rule, Settings
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.inference import queries
from rules.inference.serving import Serving
from rules.kubernetes import scalers
from rules.kubernetes.replicas import scaler_bounds
from rules.kubernetes.scalers import Scaler


def _check_exist(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler, served in queries.joined(index):
        for _, query in queries.prometheus(scaler):
            applies = True
            if query.unknown:
                yield Undetermined(path=query.path, urn=scaler.resource.urn)
            for series in queries.series_of(query.text()):
                yield from _exists(scaler, query, series, served)
    if not applies:
        yield NotApplicable("no trigger reads Prometheus")


def _exists(
    scaler: Scaler, query: Node, series: Metric | str, served: Sequence[Serving]
) -> Iterator[Outcome]:
    urn = scaler.resource.urn
    if isinstance(series, str):
        yield Violation(path=query.path, found=f"{series} is no metric of the engine", urn=urn)
        return
    for serving in served:
        if serving.engine != series.exposed_by or queries.given(series, serving.version):
            continue
        version = ".".join(map(str, serving.version or ()))
        successor = f"; it is called {series.successor} now" if series.successor else ""
        yield Violation(
            path=query.path,
            found=f"{serving.engine} {version} has no {series.name}{successor}",
            fix=f"query: sum({series.successor or 'vllm:num_requests_waiting'})",
            urn=urn,
        )
    engines = {serving.engine for serving in served}
    if engines and series.exposed_by in queries.ENGINES and series.exposed_by not in engines:
        names = ", ".join(sorted(engines))
        found = f"{series.name} is a metric of {series.exposed_by}, and the pods run {names}"
        yield Violation(path=query.path, found=found, urn=urn)


def _check_single(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler in scalers.scalers(index):
        for _, query in queries.prometheus(scaler):
            applies = True
            urn = scaler.resource.urn
            if query.unknown:
                yield Undetermined(path=query.path, urn=urn)
            elif not query.text().strip():
                yield Violation(path=query.path, found="not set", urn=urn)
            elif not promql.one_series(query.text()):
                found = f"{query.shown()} may give more than one series: one a pod"
                yield Violation(path=query.path, found=found, urn=urn)
            elif _is_bare_counter(query.text()):
                found = f"{query.shown()} only grows: the scaler never comes down"
                fix = "query: sum(rate(vllm:request_success_total[2m]))"
                yield Violation(path=query.path, found=found, urn=urn, fix=fix)
    if not applies:
        yield NotApplicable("no trigger reads Prometheus")


def _is_bare_counter(query: str) -> bool:
    counters = [
        item
        for item in queries.series_of(query)
        if isinstance(item, Metric) and item.kind != "gauge"
    ]
    return bool(counters) and queries.RATED.search(query) is None


def _check_reach(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler in scalers.scalers(index):
        most = scaler_bounds(scaler).most
        for trigger, query in queries.prometheus(scaler):
            applies = True
            threshold = trigger.at("metadata", "threshold")
            if threshold.unknown:
                yield Undetermined(path=threshold.path, urn=scaler.resource.urn)
                continue
            yield from _reaches(scaler, query, trigger, most)
    if not applies:
        yield NotApplicable("no trigger reads Prometheus")


def _reaches(scaler: Scaler, query: Node, trigger: Node, most: int | None) -> Iterator[Outcome]:
    threshold = trigger.at("metadata", "threshold")
    value, urn = threshold.number(), scaler.resource.urn
    if value is None or value <= 0:
        found = f"is {threshold.shown()}: no load can be divided by that"
        yield Violation(path=threshold.path, found=found, urn=urn)
        return
    bound = highest(query.text())
    if bound is None:
        return
    if value >= bound:
        found = f"is {value:g}, and the metric ends at {bound:g}: it is never reached"
        yield Violation(path=threshold.path, found=found, urn=urn)
    elif trigger.at("metricType").value != "Value" and most and math.ceil(bound / value) < most:
        yield Violation(
            path=threshold.path,
            found=(
                f"an average that ends at {bound:g}, divided by {value:g}, asks for "
                f"{math.ceil(bound / value)} pods at the most, and not for {most}"
            ),
            fix="metricType: Value",
            urn=urn,
        )


EXIST: Final = queries.trigger_rule(
    id="triggers-use-metrics-that-exist",
    title="Triggers read metrics that the engine's version gives",
    why=(
        "vLLM renamed and removed metrics in 0.11 and 0.13. A query for a name that is gone "
        "returns nothing, KEDA takes nothing for zero, and the service scales to its minimum at "
        "full load, with no error anywhere."
    ),
    fix="query: max(vllm:kv_cache_usage_perc)",
    check=_check_exist,
)


SINGLE: Final = queries.trigger_rule(
    id="triggers-give-one-series",
    title="A trigger's query gives one number that can go up and down",
    why=(
        "KEDA takes a query of one element and fails on more: a query that works with one pod "
        "breaks at the moment the second one comes. A counter without rate() only ever grows."
    ),
    fix="query: sum(vllm:num_requests_waiting)",
    check=_check_single,
)


REACH: Final = queries.trigger_rule(
    id="triggers-can-reach-the-maximum",
    title="A trigger's threshold lets the scaler reach its maximum",
    why=(
        "The scaler divides the value by the threshold. An average that ends at 100 %, divided by "
        "70, is 2 pods at the most, whatever the maximum says; a threshold above the end of the "
        "metric is never reached at all."
    ),
    fix="metricType: Value",
    check=_check_reach,
)


RULES: Final[Sequence[Rule]] = (EXIST, SINGLE, REACH)
