"""How stages are scaled: one of several kinds, told apart by `kind`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacks.domain import AtLeastOne, Count, CpuTarget, DnsLabel, Percent, Seconds
from stacks.section import Section

PerReplica = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]


class CpuScaling(Section):
    """Replicas follow the CPU, between two bounds."""

    kind: Literal["cpu"]
    target_percent: CpuTarget = Field(
        default=65, description="CPU use, of what is requested, that replicas are added above"
    )
    min_replicas: AtLeastOne = Field(description="fewest replicas")
    max_replicas: AtLeastOne = Field(description="most replicas")


class _Watched(Section):
    """What scaling on signals has in common."""

    max_replicas: AtLeastOne = Field(description="most replicas")
    calm_seconds: Seconds | None = Field(
        default=None,
        description="how long a lull has to last until replicas go; none: five minutes, or as "
        "long as a replica takes to load",
    )
    fallback_replicas: Count | None = Field(
        default=None,
        description="replicas, or more where there are more, while Prometheus is silent; "
        "none: the fewest, and at least one",
    )


class RequestsScaling(_Watched):
    """Replicas follow what the gateway sends them."""

    kind: Literal["requests"]
    measure: Literal["in-flight", "rate"] = Field(
        default="in-flight", description="requests that wait for an answer, or those a second"
    )
    per_replica: PerReplica = Field(description="of them for one replica")
    min_replicas: Count = Field(description="fewest replicas; 0: none while nobody asks")


class QueueScaling(_Watched):
    """Replicas follow the requests in the engine, those that wait and those that it works on."""

    kind: Literal["queue"]
    per_replica: PerReplica = Field(description="requests for one replica")
    kv_cache_percent: Percent | None = Field(
        default=None, description="guard: use of the KV cache that replicas are added above, %"
    )
    min_replicas: Count = Field(description="fewest replicas; 0: none while nobody asks")


class GpuScaling(_Watched):
    """Replicas follow the use of the GPUs, which is near 100 % long before they are full."""

    kind: Literal["gpu"]
    use_percent: Percent = Field(description="use of the GPUs that replicas are added above, %")
    min_replicas: AtLeastOne = Field(description="fewest replicas")


class FixedScaling(Section):
    """As many replicas as it says."""

    kind: Literal["fixed"]
    replicas: Count = Field(description="number of replicas")


SignalScaling = RequestsScaling | QueueScaling | GpuScaling
Scaling = Annotated[
    CpuScaling | RequestsScaling | QueueScaling | GpuScaling | FixedScaling,
    Field(discriminator="kind"),
]
# Of the gateway and the aggregator, which have neither a queue nor GPUs.
StageScaling = Annotated[CpuScaling | RequestsScaling | FixedScaling, Field(discriminator="kind")]


class BaseSettings(Section):
    """Replicas of a critical model that are not on spot."""

    pool: DnsLabel = Field(description="on-demand pool that they run on")
    share_percent: Percent = Field(description="share of the fewest replicas, percent")


def fewest(scaling: CpuScaling | SignalScaling | FixedScaling) -> int:
    """Return the replicas that there are at least."""
    return scaling.replicas if isinstance(scaling, FixedScaling) else scaling.min_replicas


def most(scaling: CpuScaling | SignalScaling | FixedScaling) -> int:
    """Return the replicas that there are at most."""
    return scaling.replicas if isinstance(scaling, FixedScaling) else scaling.max_replicas


def base_replicas(
    base: BaseSettings | None, scaling: CpuScaling | SignalScaling | FixedScaling
) -> int:
    """Return the replicas of the base: its share of the fewest, rounded up."""
    return -(-fewest(scaling) * base.share_percent // 100) if base else 0
