"""From scaling as it is set to what the pipeline's stages follow."""

from __future__ import annotations

from typing import Final

from catalog import metrics
from catalog.engines import Engine
from catalog.metrics import signal
from catalog.models import Model
from catalog.scaling import Trigger, wakes
from components.serving.workload import CpuScaling, FixedScaling, Scaling, SignalScaling
from stacks import scaling_sections as sections

# What the gateway's own replicas follow: what clients wait for there.
_ENTRY: Final = {"in-flight": "entry-in-flight"}
_CALM_SECONDS: Final = 300
# The autoscaler remembers no longer.
_LONGEST_CALM_SECONDS: Final = 3600
_BEHIND: Final = {"in-flight": "gateway-in-flight", "rate": "gateway-rate"}


def of_entry(scaling: sections.StageScaling) -> Scaling:
    """Return how the gateway itself is scaled."""
    if isinstance(scaling, sections.RequestsScaling):
        lead = Trigger(signal=signal(_ENTRY[scaling.measure]), threshold=scaling.per_replica)
        return _signals(scaling, (lead,), base=0)
    return of_stage(scaling)


def of_stage(scaling: sections.Scaling, model: Model | None = None, *, base: int = 0) -> Scaling:
    """Return how a stage behind the gateway is scaled, beside a base that is always there."""
    match scaling:
        case sections.CpuScaling(target_percent=target):
            return CpuScaling(
                target_percent=target,
                min_replicas=max(scaling.min_replicas - base, 1),
                max_replicas=max(scaling.max_replicas - base, 1),
            )
        case sections.FixedScaling(replicas=replicas):
            return FixedScaling(replicas=replicas - base)
        case _:
            listed = triggers(scaling, model.engine if model else None)
            return _signals(scaling, listed, base=base, load=model.startup_seconds if model else 0)


def triggers(scaling: sections.SignalScaling, engine: Engine | None) -> tuple[Trigger, ...]:
    """Return what replicas follow: the signal that is set, and its guard."""
    match scaling:
        case sections.RequestsScaling(measure=measure, per_replica=each):
            return (Trigger(signal=signal(_BEHIND[measure]), threshold=each),)
        case sections.QueueScaling(kv_cache_percent=percent, per_replica=each):
            name = engine.name if engine else ""
            load = metrics.of_engine(name, "load")
            cache = metrics.of_engine(name, "kv-cache")
            lead = [Trigger(signal=load, threshold=each)] if load else []
            guard = [Trigger(signal=cache, threshold=percent / 100)] if cache and percent else []
            return (*lead, *guard)
        case sections.GpuScaling(use_percent=percent):
            return (Trigger(signal=signal("gpu-use"), threshold=percent / 100),)


def _signals(
    scaling: sections.SignalScaling, listed: tuple[Trigger, ...], *, base: int, load: int = 0
) -> SignalScaling:
    fewest = max(scaling.min_replicas - base, 0)
    fallback = scaling.fallback_replicas
    return SignalScaling(
        triggers=(*listed, *_waking(listed, fewest)),
        min_replicas=fewest,
        max_replicas=max(scaling.max_replicas - base, 1),
        fallback_replicas=max(fewest, 1) if fallback is None else max(fallback - base, 0),
        calm_seconds=scaling.calm_seconds or calm(load),
    )


def calm(load_seconds: int) -> int:
    """Return how long a lull has to last: what goes sooner is missed before it is back."""
    return min(max(_CALM_SECONDS, -(-load_seconds // 60) * 60), _LONGEST_CALM_SECONDS)


def _waking(listed: tuple[Trigger, ...], fewest: int) -> tuple[Trigger, ...]:
    """Nobody but the gateway sees who asks a stage that has no replica."""
    if fewest or not listed or any(wakes(trigger.signal) for trigger in listed):
        return ()
    return (Trigger(signal=signal("gateway-demand"), threshold=listed[0].threshold),)
