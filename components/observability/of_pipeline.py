"""What is watched of a pipeline: its stages as they are deployed, with what scales them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.metrics import signal
from catalog.scaling import Trigger
from components.observability.watched import (
    LatencyObjective,
    MetricsEndpoint,
    NodePrice,
    Watched,
    WatchedStage,
)
from components.serving import aggregator, gateway
from components.serving.envoy import METRICS_PORT
from components.serving.model_serving import ServedModel
from components.serving.pipeline import PipelineArgs
from components.serving.workload import CpuScaling, FixedScaling, Scaling, SignalScaling


def watched(
    args: PipelineArgs,
    *,
    objectives: Mapping[str, LatencyObjective] | None = None,
    prices: Sequence[NodePrice] = (),
) -> Watched:
    """Return what is watched of the pipeline; objectives by the name of the stage."""
    wanted = objectives or {}
    entry = WatchedStage(
        name=gateway.NAME,
        kind="gateway",
        min_replicas=_bounds(args.gateway.scaling)[0],
        max_replicas=_bounds(args.gateway.scaling)[1],
        triggers=triggers(args.gateway.scaling),
        metrics=MetricsEndpoint(port=METRICS_PORT, path="/stats/prometheus"),
    )
    combined = WatchedStage(
        name=aggregator.NAME,
        kind="aggregator",
        min_replicas=_bounds(args.aggregator.scaling)[0],
        max_replicas=_bounds(args.aggregator.scaling)[1],
        triggers=triggers(args.aggregator.scaling),
        objective=wanted.get(aggregator.NAME),
    )
    models = [_model(served, wanted.get(served.name)) for served in args.models]
    return Watched(
        namespace=args.namespace,
        stages=(entry, *models, combined),
        gpu_nodes=any(stage.gpu for stage in models),
        prices=tuple(prices),
    )


def triggers(scaling: Scaling) -> tuple[Trigger, ...]:
    """Return what replicas follow."""
    match scaling:
        case CpuScaling(target_percent=percent):
            return (Trigger(signal=signal("cpu"), threshold=percent / 100),)
        case SignalScaling(triggers=followed):
            return followed
        case FixedScaling():
            return ()


def _bounds(scaling: Scaling) -> tuple[int, int]:
    match scaling:
        case (
            CpuScaling(min_replicas=fewest, max_replicas=most)
            | SignalScaling(min_replicas=fewest, max_replicas=most)
        ):
            return fewest, most
        case FixedScaling(replicas=replicas):
            return replicas, replicas


def _model(served: ServedModel, objective: LatencyObjective | None) -> WatchedStage:
    engine = served.model.engine
    fewest, most = _bounds(served.scaling)
    return WatchedStage(
        name=served.name,
        kind="model",
        engine=engine.name,
        gpu=served.resources.gpus > 0,
        min_replicas=fewest,
        max_replicas=most,
        triggers=triggers(served.scaling),
        objective=objective,
        metrics=MetricsEndpoint(port=engine.metrics_port or engine.port, path=engine.metrics_path),
    )
