"""What is watched: which stages there are, and how they are meant to behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from catalog.metrics import Scope, Signal, signal
from catalog.scaling import Trigger

# A burn rate of 14.4 has to be possible: more than all requests cannot be slow.
LOWEST_SHARE: Final = 0.95
HIGHEST_SHARE: Final = 0.9999


@dataclass(frozen=True, kw_only=True)
class LatencyObjective:
    """What share of the answers is to come within which time."""

    share: float
    within_seconds: float
    # What is timed: the whole answer as the gateway sees it, or an LLM's first token.
    of: Literal["answer", "first-token"] = "answer"

    def __post_init__(self) -> None:
        if not LOWEST_SHARE <= self.share <= HIGHEST_SHARE:
            message = (
                f"a latency objective of {self.share:g} of the requests cannot be watched; it has "
                f"to lie between {LOWEST_SHARE} and {HIGHEST_SHARE}."
            )
            raise ValueError(message)
        if self.within_seconds not in self.signal.limits:
            limits = ", ".join(f"{limit:g}" for limit in self.signal.limits)
            message = (
                f"a latency objective of {self.within_seconds:g} s cannot be read off the "
                f"histogram, which counts up to {limits} s; take one of these."
            )
            raise ValueError(message)

    @property
    def signal(self) -> Signal:
        """The signal that tells how many were too slow."""
        return signal("gateway-slow" if self.of == "answer" else "vllm-slow-first-token")


@dataclass(frozen=True, kw_only=True)
class MetricsEndpoint:
    """Where a stage's pods expose their metrics."""

    port: int
    path: str = "/metrics"


@dataclass(frozen=True, kw_only=True)
class WatchedStage:
    """One stage of the pipeline."""

    # Name of its service, its gateway cluster and its pods' name label.
    name: str
    kind: Literal["gateway", "model", "aggregator"]
    # Of a model: the engine in the catalogue.
    engine: str | None = None
    gpu: bool = False
    # None: one deployment of the stage's name.
    deployments: tuple[str, ...] | None = None
    min_replicas: int
    max_replicas: int
    # What its replicas follow, the very records that the scaler is made from.
    triggers: tuple[Trigger, ...] = ()
    objective: LatencyObjective | None = None
    # None: it has no metrics of its own, and the gateway tells about it.
    metrics: MetricsEndpoint | None = None

    def scope(self, namespace: str) -> Scope:
        """Return whose signals are asked for."""
        return Scope(namespace=namespace, workload=self.name, deployments=self.deployments)


@dataclass(frozen=True, kw_only=True)
class NodePrice:
    """What one node costs."""

    instance_type: str
    capacity_type: Literal["spot", "on-demand"]
    dollars_per_hour: float


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Everything that is watched in one cluster."""

    # Where the pipeline runs.
    namespace: str
    stages: tuple[WatchedStage, ...]
    gpu_nodes: bool = True
    # Who drains nodes that AWS takes back, and so knows of it.
    interruption_handler: Literal["node-termination-handler", "karpenter"] = (
        "node-termination-handler"
    )
    prices: tuple[NodePrice, ...] = ()
    # What runbooks' addresses start with.
    runbooks: str = "docs/runbooks"
    # Labels by which the Prometheus operator selects rules and monitors.
    selected_by: Mapping[str, str] = field(default_factory=lambda: {"release": "prometheus"})
