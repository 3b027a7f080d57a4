"""Whether a scaler's triggers can do what they are there for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from catalog import promql
from catalog.exposed import Metric, metric
from catalog.metrics import highest
from frame.facts import Node
from frame.resource import Index
from frame.rule import Category, Rule, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.inference.lifecycle import load_seconds
from rules.inference.serving import Serving, of_workload
from rules.kubernetes import scalers
from rules.kubernetes.replicas import scaler_bounds
from rules.kubernetes.scalers import Scaler

# Prefixes that belong to one engine: a name with one of them that is not catalogued does not exist.
_OWNED: Final = ("vllm:", "sglang:")
# What is told without a single pod of the workload.
_APART: Final = frozenset({"envoy", "kube-state-metrics", "keda"})
_ENGINES: Final = frozenset({"vllm", "sglang", "text-embeddings-inference", "triton"})
_RATED: Final = re.compile(r"\b(rate|irate|increase|delta|deriv|histogram_quantile)\s*\(")
# Scalers of KEDA that count something outside of the pods.
_OUTSIDE: Final = re.compile(r"sqs|kafka|rabbitmq|redis|nats|pubsub|servicebus|http|cron|kinesis")
_WAIT_SECONDS: Final = 300


def _prometheus(scaler: Scaler) -> Iterator[tuple[Node, Node]]:
    """Go through the Prometheus triggers of a scaler: the trigger and its query."""
    if scaler.is_keda:
        for trigger in scaler.triggers_path.each():
            if trigger.at("type").value == "prometheus":
                yield trigger, trigger.at("metadata", "query")


def _series(query: str) -> list[Metric | str]:
    """Return the metrics of a query; only the name where its engine should have it and has not."""
    found: list[Metric | str] = []
    for name in promql.metrics(query):
        known = metric(name)
        if known:
            found.append(known)
        elif name.startswith(_OWNED):
            found.append(name)
    return found


def _given(series: Metric, version: tuple[int, ...] | None) -> bool:
    """Tell whether the version of the engine gives the metric; an unknown one is trusted."""
    if version is None:
        return True
    late = series.until is not None and version >= _number(series.until)
    return not late and (series.since is None or version >= _number(series.since))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _joined(index: Index) -> Iterator[tuple[Scaler, list[Serving]]]:
    for scaler in scalers.scalers(index):
        workloads, _ = scalers.targets(index, scaler)
        yield scaler, [item for workload in workloads for item in of_workload(index, workload)]


def _check_exist(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler, served in _joined(index):
        for _, query in _prometheus(scaler):
            applies = True
            if query.unknown:
                yield Undetermined(path=query.path, urn=scaler.resource.urn)
            for series in _series(query.text()):
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
        if serving.engine != series.exposed_by or _given(series, serving.version):
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
    if engines and series.exposed_by in _ENGINES and series.exposed_by not in engines:
        names = ", ".join(sorted(engines))
        found = f"{series.name} is a metric of {series.exposed_by}, and the pods run {names}"
        yield Violation(path=query.path, found=found, urn=urn)


def _check_single(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler in scalers.scalers(index):
        for _, query in _prometheus(scaler):
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
        item for item in _series(query) if isinstance(item, Metric) and item.kind != "gauge"
    ]
    return bool(counters) and _RATED.search(query) is None


def _check_reach(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler in scalers.scalers(index):
        most = scaler_bounds(scaler).most
        for trigger, query in _prometheus(scaler):
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


def _check_wakes(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler in scalers.scalers(index):
        held = scaler_bounds(scaler)
        if not scaler.is_keda:
            continue
        if held.least is None:
            applies = True
            yield Undetermined(path=held.least_at.path, urn=scaler.resource.urn)
        elif held.least == 0:
            applies = True
            yield from _wakes(scaler)
    if not applies:
        yield NotApplicable("nothing scales to zero")


def _wakes(scaler: Scaler) -> Iterator[Outcome]:
    path, urn = scaler.triggers_path, scaler.resource.urn
    unknown = [item for item in path.each() if item.unknown or item.at("type").unknown]
    for trigger in path.each():
        kind, query = trigger.at("type").text(), trigger.at("metadata", "query")
        from_pods = any(_from_pods(item) for item in _series(query.text()))
        if query.unknown:
            unknown.append(query)
        elif _OUTSIDE.search(kind) or (kind == "prometheus" and not from_pods):
            return
    if unknown:
        yield Undetermined(path=unknown[0].path, because="whether a trigger can wake it", urn=urn)
    else:
        found = "no trigger has a signal while there is no pod: what sleeps never wakes"
        yield Violation(path=path.path, found=found, urn=urn)


def _from_pods(series: Metric | str) -> bool:
    return isinstance(series, str) or series.exposed_by not in _APART


def _check_blind(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler in scalers.scalers(index):
        urn = scaler.resource.urn
        fallback = scaler.resource.at("spec", "fallback")
        for trigger, _ in _prometheus(scaler):
            applies = True
            ignored = trigger.at("metadata", "ignoreNullValues")
            if ignored.unknown:
                yield Undetermined(path=ignored.path, urn=urn)
            elif not ignored.is_false():
                yield Violation(
                    path=ignored.path, found="not false: no data counts as no load", urn=urn
                )
            if fallback.missing and trigger.at("metricType").value != "Value":
                yield Violation(
                    path=fallback.path,
                    found="not set: without Prometheus the number of pods stays as it was",
                    fix="fallback: {failureThreshold: 3, replicas: 2}",
                    urn=urn,
                )
    if not applies:
        yield NotApplicable("no trigger reads Prometheus")


def _check_one(index: Index, _settings: Settings) -> Iterator[Outcome]:
    found = scalers.by_target(index)
    for urn, several in found.items():
        # An HPA that KEDA makes itself is not in the program.
        if len(several) > 1:
            workload = index.by_urn[urn]
            names = " and ".join(
                f"{item.resource.kind} {item.resource.object_name.shown()}" for item in several
            )
            yield Violation(
                path="spec.scaleTargetRef",
                found=f"{names} both scale {workload.kind} {workload.object_name.shown()}",
                urn=several[-1].resource.urn,
            )
    if not found:
        yield NotApplicable("no scaler has its workload in this stack")


def _check_calm(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler, served in _joined(index):
        loads = [load_seconds(index, item, 0.1) for item in served]
        load = max((item for item in loads if item is not None), default=None)
        if load is None:
            continue
        applies = True
        yield from _calm(scaler, load)
    if not applies:
        yield NotApplicable("no scaler of a model server whose model is known")


def _calm(scaler: Scaler, load: float) -> Iterator[Outcome]:
    spec, urn = scaler.resource.at("spec"), scaler.resource.urn
    behavior = spec.at("behavior")
    if scaler.is_keda:
        behavior = spec.at("advanced", "horizontalPodAutoscalerConfig", "behavior")
        yield from _waits(spec.at("cooldownPeriod"), load, urn, zero=True)
    yield from _waits(behavior.at("scaleDown", "stabilizationWindowSeconds"), load, urn, zero=False)


def _waits(node: Node, load: float, urn: str, *, zero: bool) -> Iterator[Outcome]:
    number = node.number()
    seconds = _WAIT_SECONDS if number is None else number
    if node.unknown:
        yield Undetermined(path=node.path, urn=urn)
    elif seconds < load:
        what = "the last pod goes" if zero else "pods go"
        name = node.path.rpartition(".")[2]
        yield Violation(
            path=node.path,
            found=f"{what} after {seconds:g} s of calm, and a new one takes {load:g} s to load",
            fix=f"{name}: {min(math.ceil(load / 60) * 60, 3600)}",
            urn=urn,
        )


def _rule(**fields: object) -> StackRule:
    base = {
        "category": Category.SCALING,
        "severity": Severity.HIGH,
        "tokens": scalers.TOKENS,
        "covers": ("triggers",),
    }
    return StackRule(**{**base, **fields})  # pyright: ignore[reportArgumentType]


EXIST: Final = _rule(
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
SINGLE: Final = _rule(
    id="triggers-give-one-series",
    title="A trigger's query gives one number that can go up and down",
    why=(
        "KEDA takes a query of one element and fails on more: a query that works with one pod "
        "breaks at the moment the second one comes. A counter without rate() only ever grows."
    ),
    fix="query: sum(vllm:num_requests_waiting)",
    check=_check_single,
)
REACH: Final = _rule(
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
WAKES: Final = _rule(
    id="triggers-wake-from-zero",
    title="What scales to zero has a trigger that sees requests while no pod runs",
    why=(
        "With no pod there is nobody to report vllm:num_requests_waiting: a model that sleeps on "
        "its own metrics never wakes again. The gateway's queue, or a message queue, still counts."
    ),
    fix="triggers: [{type: prometheus, metadata: {query: sum(envoy_cluster_upstream_rq_active)}}]",
    check=_check_wakes,
)
BLIND: Final = _rule(
    id="triggers-survive-missing-metrics",
    title="A scaler that gets no data keeps enough pods",
    why=(
        "KEDA takes an empty answer for zero unless told not to, and scales a busy service down to "
        "its minimum when Prometheus restarts. With ignoreNullValues false it is an error, and "
        "fallback says how many pods to keep meanwhile."
    ),
    fix='metadata: {ignoreNullValues: "false"}',
    severity=Severity.MEDIUM,
    check=_check_blind,
)
ONE: Final = _rule(
    id="workloads-have-one-scaler",
    title="A workload has one scaler",
    why=(
        "Two scalers of one workload each set the number of pods every 15 s: it jumps between what "
        "the one and the other think, and each jump up costs a model's load time."
    ),
    fix="triggers: []  # several triggers in one ScaledObject; the highest wins",
    check=_check_one,
)
CALM: Final = _rule(
    id="scale-down-waits-longer-than-a-load",
    title="Pods are taken away only after a calm that is longer than their load time",
    why=(
        "When scaling down is faster than loading, each short pause throws away a pod that took "
        "minutes to load, and the next burst waits for it again: the pool grows and shrinks and "
        "serves less."
    ),
    fix="scaleDown: {stabilizationWindowSeconds: 600}",
    severity=Severity.MEDIUM,
    check=_check_calm,
)

RULES: Final[Sequence[Rule]] = (EXIST, SINGLE, REACH, WAKES, BLIND, ONE, CALM)
