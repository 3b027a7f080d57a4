"""What a stage runs and how many of it: plain values, known before anything exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.scaling import Trigger


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one pod is promised and what it may take."""

    cpu_request: float
    # Cores; None: as many as the node has to spare.
    cpu_limit: float | None = None
    memory_request_gib: float
    memory_limit_gib: float
    # GPUs are promised and limited alike: they cannot be shared.
    gpus: int = 0


@dataclass(frozen=True, kw_only=True)
class CpuScaling:
    """Replicas follow the CPU, between two bounds."""

    target_percent: int
    min_replicas: int
    max_replicas: int


@dataclass(frozen=True, kw_only=True)
class FixedScaling:
    """As many replicas as it says."""

    replicas: int


@dataclass(frozen=True, kw_only=True)
class SignalScaling:
    """Replicas follow signals in Prometheus, by way of KEDA."""

    # The most replicas that any of them asks for are made.
    triggers: tuple[Trigger, ...]
    # 0: none while nobody asks; then one of the triggers has to be the gateway's.
    min_replicas: int
    max_replicas: int
    # What stays, or is made, while Prometheus does not answer; more, if there are more.
    fallback_replicas: int
    # How long a lull has to last until replicas go.
    calm_seconds: int = 300


Scaling = CpuScaling | SignalScaling | FixedScaling


@dataclass(frozen=True, kw_only=True)
class Base:
    """Replicas that are always there, on capacity that is not taken back."""

    replicas: int
    # On-demand pool that they are for.
    pool: str


def fewest_replicas(scaling: Scaling) -> int:
    """Return the replicas that a deployment starts with."""
    return scaling.replicas if isinstance(scaling, FixedScaling) else scaling.min_replicas


def most_replicas(scaling: Scaling) -> int:
    """Return the replicas that there are at most."""
    return scaling.replicas if isinstance(scaling, FixedScaling) else scaling.max_replicas


@dataclass(frozen=True, kw_only=True)
class Shutdown:
    """How a pod goes: out of the endpoints first, then it finishes what it has.

    pre_stop + drain + margin is the grace period. On spot it has to fit the two
    minutes between AWS's notice and the end of the machine.
    """

    # Sleep before SIGTERM, while endpoints and proxies forget the pod.
    pre_stop_seconds: int
    # What the process itself takes after SIGTERM.
    drain_seconds: int
    margin_seconds: int = 15

    @property
    def grace_seconds(self) -> int:
        """The pod's termination grace period."""
        return self.pre_stop_seconds + self.drain_seconds + self.margin_seconds


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """A folder that the pod may write to; the root file system is read-only."""

    path: str
    size_gib: float
    # Held in memory and counted against the container's limit.
    in_memory: bool = False


@dataclass(frozen=True, kw_only=True)
class ConfigFiles:
    """A config map mounted as a folder."""

    config_map: str
    path: str


@dataclass(frozen=True, kw_only=True)
class GpuPlacement:
    """Which GPU nodes a pod may run on."""

    # GPUs of one class replace each other, whichever pool they are in.
    gpu_memory_class_gib: int
    # Preferred, so that spot is used first; other capacity of the class will do.
    pool: str
    # Whether only machines that are not taken back will do.
    on_demand: bool = False


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One stage's container and how it lives."""

    # Name of the deployment, the service, and all that goes with them.
    name: str
    # Which stage of the pipeline: gateway, model or aggregator.
    stage: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    port: int
    # Ports beside it that the service has too, by name.
    more_ports: Mapping[str, int] = field(default_factory=dict[str, int])
    # Where metrics are, if not on `port`; the service does not have it.
    metrics_port: int | None = None
    ready_path: str
    # How long it may take until it answers for the first time.
    startup_seconds: int
    shutdown: Shutdown
    resources: Resources
    scaling: Scaling
    scratch: Mapping[str, Scratch] = field(default_factory=dict[str, Scratch])
    config: ConfigFiles | None = None
    # Changes with the configuration, so that a change of it rolls the pods.
    config_hash: str | None = None
    # None: the system nodes.
    placement: GpuPlacement | None = None
    # None: all replicas are scaled, and may be on spot. Else `scaling` is of those beside it.
    base: Base | None = None
    # Whether its name resolves to the pods, for a proxy that balances by itself.
    headless: bool = False
