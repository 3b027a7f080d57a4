"""The dashboards: pipeline, each model, GPU fleet, gateway, aggregator."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.metrics import Scope, Unit, of_engine, signal
from components.observability.dashboards import parts
from components.observability.dashboards.frame import Board, Panel, Row, board
from components.observability.dashboards.panels import (
    RATE_WINDOW,
    figure,
    of_signal,
    of_stages,
)
from components.observability.watched import Watched, WatchedStage

# What engines tell, in the order in which one reads it; those that they do not tell are left out.
_ENGINE_PANELS = (
    ("load", "Requests in the engine"),
    ("waiting", "Waiting in the engine"),
    ("kv-cache", "KV cache"),
    ("first-token", "First token, p95"),
    ("between-tokens", "Between tokens, p95"),
    ("answer", "Whole answer, p95"),
    ("prompt-tokens", "Prompt tokens"),
    ("generated-tokens", "Generated tokens"),
    ("preemptions", "Preemptions"),
)


def boards(watched: Watched) -> list[Board]:
    """Return all dashboards for what is watched."""
    stages = [_stage(stage, watched) for stage in watched.stages]
    fleet = [_fleet(watched)] if watched.gpu_nodes else []
    return [_pipeline(watched), *stages, *fleet]


def _pipeline(watched: Watched) -> Board:
    entry = Scope(namespace=watched.namespace)
    behind = [stage.scope(watched.namespace) for stage in watched.stages if stage.kind != "gateway"]
    all_stages = [stage.scope(watched.namespace) for stage in watched.stages]
    now = [_replicas(stage, watched) for stage in watched.stages]
    return board(
        "ballast-pipeline",
        "Ballast / Pipeline",
        [
            Row("Now", [_firing(watched), *now]),
            Row(
                "What clients get",
                [
                    of_signal("In flight", signal("entry-in-flight"), entry),
                    of_signal("Answers by status", signal("entry-answers"), entry),
                    of_signal("Latency, p95", signal("entry-latency"), entry),
                ],
            ),
            Row(
                "Stages",
                [
                    of_stages("In flight", signal("gateway-in-flight"), behind),
                    of_stages("Errors", signal("gateway-errors"), behind),
                    of_stages("Latency, p95", signal("gateway-latency"), behind),
                    of_stages("Replicas ready", signal("replicas-ready"), all_stages),
                    of_stages("Pods pending", signal("pending"), all_stages),
                    of_stages("Memory, of the limit", signal("memory"), all_stages),
                ],
            ),
        ],
    )


def _stage(stage: WatchedStage, watched: Watched) -> Board:
    scope = stage.scope(watched.namespace)
    names = {"gateway": "Gateway", "aggregator": "Aggregator", "model": f"Model / {stage.name}"}
    uid = f"ballast-model-{stage.name}" if stage.kind == "model" else f"ballast-{stage.kind}"
    return board(
        uid,
        f"Ballast / {names[stage.kind]}",
        [
            parts.scaling(stage, scope),
            *(_behind(watched) if stage.kind == "gateway" else [parts.service(stage, scope)]),
            Row("Engine", _engine(stage, scope)),
            parts.pods(stage, scope),
        ],
    )


def _engine(stage: WatchedStage, scope: Scope) -> list[Panel]:
    told = [
        (title, of_engine(stage.engine, what))
        for what, title in _ENGINE_PANELS
        if stage.engine is not None
    ]
    return [of_signal(title, one, scope) for title, one in told if one is not None]


def _behind(watched: Watched) -> list[Row]:
    """Return what the gateway sees of the stages behind it."""
    scopes = [stage.scope(watched.namespace) for stage in watched.stages if stage.kind != "gateway"]
    titles = {
        "gateway-rate": "Answers",
        "gateway-errors": "Errors",
        "gateway-latency": "Latency, p95",
        "gateway-refused": "Turned away",
        "gateway-retries": "Tried again",
        "gateway-healthy-replicas": "Healthy replicas",
        "gateway-ejected-replicas": "Ejected replicas",
    }
    panels = [of_stages(title, signal(name), scopes) for name, title in titles.items()]
    entry = Scope(namespace=watched.namespace)
    clients = [
        of_signal("In flight", signal("entry-in-flight"), entry),
        of_signal("Answers by status", signal("entry-answers"), entry),
        of_signal("Latency, p95", signal("entry-latency"), entry),
    ]
    return [Row("Clients", clients), Row("Stages behind it", panels)]


def _fleet(watched: Watched) -> Board:
    scope = Scope(namespace=watched.namespace)
    karpenter = watched.interruption_handler == "karpenter"
    notices = signal("karpenter-spot-notices" if karpenter else "spot-notices")
    use: Sequence[Scope] = [stage.scope(watched.namespace) for stage in watched.stages if stage.gpu]
    cost = [of_signal("Cost an hour", signal("node-cost"), scope)] if watched.prices else []
    return board(
        "ballast-gpu-fleet",
        "Ballast / GPU fleet",
        [
            Row(
                "Use",
                [
                    of_signal("GPU use", signal("fleet-gpu-use"), scope),
                    of_signal("GPU memory", signal("fleet-gpu-memory"), scope),
                    *([of_stages("GPU use by model", signal("gpu-use"), use)] if use else []),
                ],
            ),
            Row(
                "Waste",
                [
                    of_signal("Idle share", signal("gpu-idle-share"), scope),
                    of_signal("Idle for half an hour", signal("gpus-idle"), scope),
                ],
            ),
            Row(
                "Nodes",
                [
                    of_signal("Nodes, spot and on demand", signal("gpu-nodes"), scope),
                    *cost,
                    of_signal("Spot nodes taken back within an hour", notices, scope),
                ],
            ),
        ],
    )


def _firing(watched: Watched) -> Panel:
    query = f'count(ALERTS{{alertstate="firing",namespace="{watched.namespace}"}}) or vector(0)'
    return figure("Alerts", "alerts of the pipeline that fire", Unit.NUMBER, query)


def _replicas(stage: WatchedStage, watched: Watched) -> Panel:
    ready = signal("replicas-ready")
    query = ready.query(stage.scope(watched.namespace), window=RATE_WINDOW)
    return figure(stage.name, f"{ready.meaning}, now", Unit.REPLICAS, query)
