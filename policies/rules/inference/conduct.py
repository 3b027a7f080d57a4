"""How scalers behave: from zero, without data, beside each other, on the way down."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Index
from frame.rule import Rule, Settings, Severity
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.inference import queries
from rules.inference.lifecycle import load_seconds
from rules.kubernetes import scalers
from rules.kubernetes.replicas import scaler_bounds
from rules.kubernetes.scalers import Scaler

# Scalers of KEDA that count something outside of the pods.
_OUTSIDE: Final = re.compile(r"sqs|kafka|rabbitmq|redis|nats|pubsub|servicebus|http|cron|kinesis")


_WAIT_SECONDS: Final = 300


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
        seen_by_pods = any(queries.from_pods(item) for item in queries.series_of(query.text()))
        if query.unknown:
            unknown.append(query)
        elif _OUTSIDE.search(kind) or (kind == "prometheus" and not seen_by_pods):
            return
    if unknown:
        yield Undetermined(path=unknown[0].path, because="whether a trigger can wake it", urn=urn)
    else:
        found = "no trigger has a signal while there is no pod: what sleeps never wakes"
        yield Violation(path=path.path, found=found, urn=urn)


def _check_blind(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for scaler in scalers.scalers(index):
        urn = scaler.resource.urn
        fallback = scaler.resource.at("spec", "fallback")
        for trigger, _ in queries.prometheus(scaler):
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
    for scaler, served in queries.joined(index):
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


WAKES: Final = queries.trigger_rule(
    id="triggers-wake-from-zero",
    title="What scales to zero has a trigger that sees requests while no pod runs",
    why=(
        "With no pod there is nobody to report vllm:num_requests_waiting: a model that sleeps on "
        "its own metrics never wakes again. The gateway's queue, or a message queue, still counts."
    ),
    fix="triggers: [{type: prometheus, metadata: {query: sum(envoy_cluster_upstream_rq_active)}}]",
    check=_check_wakes,
)


BLIND: Final = queries.trigger_rule(
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


ONE: Final = queries.trigger_rule(
    id="workloads-have-one-scaler",
    title="A workload has one scaler",
    why=(
        "Two scalers of one workload each set the number of pods every 15 s: it jumps between what "
        "the one and the other think, and each jump up costs a model's load time."
    ),
    fix="triggers: []  # several triggers in one ScaledObject; the highest wins",
    check=_check_one,
)


CALM: Final = queries.trigger_rule(
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


RULES: Final[Sequence[Rule]] = (WAKES, BLIND, ONE, CALM)
