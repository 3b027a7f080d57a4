"""A pipeline to watch: a model that may scale to zero, an LLM on GPUs, and what stands around."""

from __future__ import annotations

from catalog.metrics import signal
from catalog.scaling import Trigger
from components.observability.watched import (
    LatencyObjective,
    MetricsEndpoint,
    NodePrice,
    Watched,
    WatchedStage,
)

GATEWAY = WatchedStage(
    name="inference-gateway",
    kind="gateway",
    min_replicas=2,
    max_replicas=6,
    triggers=(Trigger(signal=signal("cpu"), threshold=0.65),),
    metrics=MetricsEndpoint(port=9902, path="/stats/prometheus"),
)
BERT = WatchedStage(
    name="bert",
    kind="model",
    engine="vllm",
    gpu=True,
    min_replicas=1,
    max_replicas=8,
    triggers=(
        Trigger(signal=signal("vllm-load"), threshold=8, per_replica=16),
        Trigger(signal=signal("vllm-kv-cache"), threshold=0.7),
    ),
    objective=LatencyObjective(share=0.99, within_seconds=2.5),
    metrics=MetricsEndpoint(port=8000),
)
ENCODER = WatchedStage(
    name="encoder",
    kind="model",
    engine="text-embeddings-inference",
    min_replicas=0,
    max_replicas=4,
    triggers=(Trigger(signal=signal("gateway-demand"), threshold=4),),
    metrics=MetricsEndpoint(port=9000),
)
AGGREGATOR = WatchedStage(
    name="result-aggregator",
    kind="aggregator",
    min_replicas=2,
    max_replicas=2,
)
WATCHED = Watched(
    namespace="inference",
    stages=(GATEWAY, BERT, ENCODER, AGGREGATOR),
    prices=(
        NodePrice(instance_type="g6.2xlarge", capacity_type="spot", dollars_per_hour=0.44),
        NodePrice(instance_type="g6.2xlarge", capacity_type="on-demand", dollars_per_hour=0.9776),
    ),
)
