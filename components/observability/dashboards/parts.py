"""Rows that several dashboards have."""

from __future__ import annotations

from catalog.metrics import Scope, Unit, signal
from components.observability.dashboards.frame import Panel, Row
from components.observability.dashboards.panels import (
    RATE_WINDOW,
    Line,
    of_lines,
    of_signal,
    of_trigger,
    with_limit,
)
from components.observability.watched import LatencyObjective, WatchedStage


def scaling(stage: WatchedStage, scope: Scope) -> Row:
    """Return what the stage follows, with its thresholds, and what became of it."""
    replicas = of_lines(
        "Replicas wanted and had",
        "what the autoscaler asks for, what answers, and the most that is allowed",
        Unit.REPLICAS,
        [
            Line(signal("replicas-wanted").query(scope), "wanted"),
            Line(signal("replicas-ready").query(scope), "ready"),
            Line(signal("replicas-limit").query(scope), "most"),
        ],
    )
    return Row("Scaling", [*(of_trigger(trigger, scope) for trigger in stage.triggers), replicas])


def service(stage: WatchedStage, scope: Scope) -> Row:
    """Return what clients get of the stage, as the gateway sees it."""
    return Row(
        "Service, seen from the gateway",
        [
            of_signal("Answers", signal("gateway-rate"), scope),
            of_signal("Errors", signal("gateway-errors"), scope),
            of_signal("Latency, p95", signal("gateway-latency"), scope),
            of_signal("In flight", signal("gateway-in-flight"), scope),
            of_signal("Turned away", signal("gateway-refused"), scope),
            of_signal("Healthy replicas", signal("gateway-healthy-replicas"), scope),
            *([_slow(stage.objective, scope)] if stage.objective else []),
        ],
    )


def pods(stage: WatchedStage, scope: Scope) -> Row:
    """Return how the stage's pods are."""
    gpu = [of_signal("GPU use (a guard)", signal("gpu-use"), scope)] if stage.gpu else []
    return Row(
        "Pods",
        [
            of_signal("Memory, of the limit", signal("memory"), scope),
            of_signal("CPU, of the request", signal("cpu"), scope),
            *gpu,
            of_signal("Restarts within an hour", signal("restarts"), scope),
            of_signal("Pending", signal("pending"), scope),
            of_signal("Failures to read a trigger", signal("scaler-errors"), scope),
        ],
    )


def _slow(objective: LatencyObjective, scope: Scope) -> Panel:
    query = objective.signal.query(scope, window=RATE_WINDOW, limit=objective.within_seconds)
    panel = of_lines(
        f"Slower than {objective.within_seconds:g} s; {1 - objective.share:.2%} may",
        objective.signal.meaning,
        objective.signal.unit,
        [Line(query, "slow")],
    )
    return with_limit(panel, 1 - objective.share)
