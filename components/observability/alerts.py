"""The alerts, made from the metric catalogue and from what the stages are scaled on.

Every threshold is a signal's own limit, or the threshold that scales a stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from catalog.metrics import Combine, Scope, Signal, Unit, of_engine, signal
from catalog.scaling import Trigger
from components.observability import burn
from components.observability.alert import Alert, Severity
from components.observability.following import followed
from components.observability.watched import Watched, WatchedStage

# A scaler holds load near its threshold; twice as much means that it cannot.
OVERLOAD: Final = 2


def alerts(watched: Watched) -> list[Alert]:
    """Return all alerts for what is watched."""
    stages = [
        alert
        for stage in watched.stages
        for part in (_service, _engine, _pods, _scaler)
        for alert in part(stage, stage.scope(watched.namespace))
    ]
    return [*stages, *_fleet(watched)]


def _service(stage: WatchedStage, scope: Scope) -> Iterator[Alert]:
    """What clients notice. The gateway has no cluster of its own in itself."""
    if stage.kind == "gateway":
        return
    if stage.objective:
        yield from burn.alerts(stage.name, stage.objective, scope)
    yield from _limits(
        *("AnswersFail", signal("gateway-errors"), stage, scope, 2),
        summary=f"{stage.name}: {{{{ $value | humanizePercentage }}}} of the answers are errors",
    )
    healthy = signal("gateway-healthy-replicas").query(scope)
    # A stage that may have no replica is only amiss when somebody asks for it.
    asked = "" if stage.min_replicas else f" and {signal('gateway-demand').query(scope)} > 0"
    yield Alert(
        name="NoReplicaAnswers",
        severity="critical",
        expr=f"{healthy} == 0{asked}",
        minutes=2 if stage.min_replicas else 15,
        summary=f"{stage.name}: the gateway finds no healthy replica",
        stage=stage.name,
    )


def _engine(stage: WatchedStage, scope: Scope) -> Iterator[Alert]:
    """What the engine says of itself."""
    if stage.engine is None:
        return
    if (cache := of_engine(stage.engine, "kv-cache")) is not None:
        yield from _limits(
            *("KvCacheNearlyFull", cache, stage, scope, 10),
            summary=f"{stage.name}: {{{{ $value | humanizePercentage }}}} of the KV cache is used",
        )
    if (preempted := of_engine(stage.engine, "preemptions")) is not None:
        yield from _limits(
            *("RequestsArePreempted", preempted, stage, scope, 5),
            summary=f"{stage.name}: {{{{ $value | humanize }}}} requests a second start again",
        )
    waiting = of_engine(stage.engine, "waiting")
    if waiting is not None and not _load(stage):
        yield from _limits(
            *("RequestsQueueUp", waiting, stage, scope, 5),
            summary=f"{stage.name}: {{{{ $value | humanize }}}} requests wait in the engine",
        )


def _pods(stage: WatchedStage, scope: Scope) -> Iterator[Alert]:
    """What becomes of the pods."""
    yield from _limits(
        *("MemoryNearLimit", signal("memory"), stage, scope, 10),
        summary=f"{stage.name}: {{{{ $value | humanizePercentage }}}} of the memory limit is used",
    )
    yield from _limits(
        *("ContainersRestart", signal("restarts"), stage, scope, 5),
        summary=f"{stage.name}: {{{{ $value | humanize }}}} restarts within an hour",
    )
    yield from _limits(
        *("PodsPending", signal("pending"), stage, scope, 15),
        summary=f"{stage.name}: {{{{ $value }}}} pods find no node or cannot start",
    )


def _scaler(stage: WatchedStage, scope: Scope) -> Iterator[Alert]:
    """Whether scaling does what it is for."""
    if stage.min_replicas == stage.max_replicas:
        return
    blind, failing = signal("scaler-blind").query(scope), signal("scaler-errors").query(scope)
    wanted = signal("replicas-wanted").query(scope)
    yield Alert(
        name="ScalerFails",
        severity="warning",
        # With no replica an autoscaler is switched off, and says so in the same words.
        expr=f"({blind} > 0 and {wanted} > 0) or {failing} > 0",
        minutes=10,
        summary=f"{stage.name}: its autoscaler cannot read a metric",
        stage=stage.name,
    )
    asks, most = signal("scaler-asks").query(scope), signal("replicas-limit").query(scope)
    yield Alert(
        name="ScalerAtMaximum",
        severity="warning",
        expr=f"{asks} >= {most}",
        minutes=15,
        summary=f"{stage.name}: all {{{{ $value }}}} replicas that are allowed are asked for",
        stage=stage.name,
    )
    for trigger in _load(stage):
        yield _overload(stage, trigger, scope)
    for trigger in stage.triggers:
        # An engine's own signals rightly end with its last replica.
        if stage.min_replicas or trigger.signal.exposed_by == "envoy":
            yield _missing(stage, trigger, scope)


def _overload(stage: WatchedStage, trigger: Trigger, scope: Scope) -> Alert:
    return Alert(
        name="RequestsQueueUp",
        severity="warning",
        expr=f"{followed(trigger, scope)} > {OVERLOAD * trigger.threshold:g}",
        minutes=10,
        summary=f"{stage.name}: {{{{ $value | humanize }}}} {trigger.signal.unit} a replica, "
        f"and its scaler adds replicas from {trigger.threshold:g} on",
        stage=stage.name,
        signal=trigger.signal.name,
    )


def _missing(stage: WatchedStage, trigger: Trigger, scope: Scope) -> Alert:
    return Alert(
        name="ScalingSignalMissing",
        severity="critical",
        expr=f"absent({trigger.signal.query(scope)})",
        minutes=10,
        summary=f"{stage.name}: {trigger.signal.name}, which it is scaled on, has no value",
        stage=stage.name,
        signal=trigger.signal.name,
    )


def _fleet(watched: Watched) -> Iterator[Alert]:
    if not watched.gpu_nodes:
        return
    scope = Scope(namespace=watched.namespace)
    yield from _limits(
        *("GpusIdle", signal("gpus-idle"), None, scope, 5),
        summary="{{ $value }} GPUs are paid for and did nothing for half an hour",
    )
    karpenter = watched.interruption_handler == "karpenter"
    yield from _limits(
        *("SpotInterruptions", signal("karpenter-spot-notices" if karpenter else "spot-notices")),
        *(None, scope, 0),
        summary="AWS took back {{ $value | humanize }} spot nodes within an hour",
    )


def _limits(
    name: str,
    of: Signal,
    stage: WatchedStage | None,
    scope: Scope,
    minutes: int,
    *,
    summary: str,
) -> Iterator[Alert]:
    """Yield an alert for each limit that the signal has."""
    limits: tuple[tuple[Severity, float | None], ...] = (
        ("warning", of.warning),
        ("critical", of.critical),
    )
    for severity, limit in limits:
        if limit is not None:
            yield Alert(
                name=name,
                severity=severity,
                expr=f"({of.query(scope)}) > {limit:g}",
                minutes=minutes,
                summary=summary,
                stage=stage.name if stage else None,
            )


def _load(stage: WatchedStage) -> list[Trigger]:
    """Return the triggers that count requests: their load may be compared with their threshold."""
    return [
        trigger
        for trigger in stage.triggers
        if trigger.signal.combine is Combine.ADDITIVE and trigger.signal.unit is Unit.REQUESTS
    ]
