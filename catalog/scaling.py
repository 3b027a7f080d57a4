"""How many replicas a scaler asks for, and which scalers can never do what they are for.

KEDA hands a metric's value to a HorizontalPodAutoscaler, whose arithmetic this is:
kubernetes v1.35 pkg/controller/podautoscaler/replica_calculator.go, and KEDA 2.19
pkg/scalers/scaler.go. Replicas become

    AverageValue   ceil(value / threshold)
    Value          ceil(replicas that are ready x value / threshold)

unless value per replica over threshold lies within the tolerance of 1: then they stay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from catalog.metrics import Combine, Signal
from catalog.signals.gateway import ENVOY

# The autoscaler's own: --horizontal-pod-autoscaler-tolerance.
TOLERANCE: Final = 0.1
# The autoscaler counts in thousandths; less than one is nothing.
_SMALLEST: Final = 0.001


class MetricType(StrEnum):
    """How the autoscaler is to take a metric's value, as it is written in a ScaledObject."""

    # The sum over the replicas: it is divided by the threshold.
    AVERAGE_VALUE = "AverageValue"
    # A mean or a share: the replicas are multiplied with it.
    VALUE = "Value"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One signal that replicas follow: one record for the scaler, the panel and the alert."""

    signal: Signal
    # Of an additive signal, what one replica should have; of a mean, where it should lie.
    threshold: float
    # Most that one replica can have of an additive signal; None: no limit.
    per_replica: float | None = None

    @property
    def metric_type(self) -> MetricType:
        """The only sound way to take the signal's value."""
        return fitting(self.signal.combine)


@dataclass(frozen=True)
class Refusal:
    """Something about a scaler that cannot work, with the arithmetic."""

    # What it is about: a signal's name, or a setting.
    about: str
    got: str
    why: str
    fix: str


def fitting(combine: Combine) -> MetricType:
    """Return the metric type that fits the way a signal is combined."""
    return MetricType.AVERAGE_VALUE if combine is Combine.ADDITIVE else MetricType.VALUE


def desired(
    metric_type: MetricType,
    *,
    value: float,
    threshold: float,
    replicas: int,
    tolerance: float = TOLERANCE,
) -> int:
    """Return the replicas that the autoscaler asks for, before its bounds; all are ready."""
    usage, target = math.trunc(value * 1000), math.trunc(threshold * 1000)
    if target <= 0:
        message = f"a threshold of {threshold:g} is nothing to an autoscaler; 0.001 is the least."
        raise ValueError(message)
    averaged = metric_type is MetricType.AVERAGE_VALUE
    if replicas == 0:
        return math.ceil(usage / target)
    ratio = usage / (target * replicas) if averaged else usage / target
    if 1 - tolerance <= ratio <= 1 + tolerance:
        return replicas
    return math.ceil(usage / target) if averaged else math.ceil(ratio * replicas)


def reach(
    metric_type: MetricType,
    trigger: Trigger,
    *,
    min_replicas: int,
    max_replicas: int,
    tolerance: float = TOLERANCE,
) -> int:
    """Return the most replicas that a trigger can bring about, by taking every step there is."""
    replicas = max(min_replicas, 1)
    while True:
        value = _highest(trigger, replicas)
        if value is None:
            return max_replicas
        asked = desired(
            metric_type,
            value=value,
            threshold=trigger.threshold,
            replicas=replicas,
            tolerance=tolerance,
        )
        if asked <= replicas or replicas >= max_replicas:
            return min(replicas, max_replicas)
        replicas = asked


def kv_share(*, requests: float, tokens_each: int, capacity_tokens: int) -> float:
    """Return how much of one replica's KV cache so many requests take."""
    return min(1.0, requests * tokens_each / capacity_tokens)


def inert_cache_trigger(
    load: Trigger, cache: Trigger, *, context_tokens: int, capacity_tokens: int
) -> Refusal | None:
    """Return why a KV-cache trigger never acts first beside one on the requests, if so.

    Taken at its best: every request as long as it may be, and the load just below what
    makes its own trigger act.
    """
    requests = load.threshold * (1 + TOLERANCE)
    if load.per_replica is not None:
        requests = min(requests, load.per_replica)
    share = kv_share(requests=requests, tokens_each=context_tokens, capacity_tokens=capacity_tokens)
    acts_above = cache.threshold * (1 + TOLERANCE)
    if share > acts_above:
        return None
    return Refusal(
        cache.signal.name,
        f"threshold {cache.threshold:g}",
        f"{load.signal.name} acts above {requests:g} requests a replica, which fill "
        f"{requests:g} x {context_tokens} / {capacity_tokens} = {share:.0%} of the KV cache "
        f"at most; this trigger acts above {acts_above:.0%}",
        f"Set it below {share / (1 + TOLERANCE):.2f}, or leave it out.",
    )


def unsound(
    triggers: Sequence[Trigger],
    *,
    min_replicas: int,
    max_replicas: int,
    cooldown_seconds: int,
    stabilization_seconds: int,
) -> list[Refusal]:
    """Return everything about a scaler that cannot work."""
    found = [
        refusal
        for trigger in triggers
        for refusal in _judge(trigger, min_replicas=min_replicas, max_replicas=max_replicas)
    ]
    if min_replicas == 0 and not any(wakes(trigger.signal) for trigger in triggers):
        names = ", ".join(trigger.signal.name for trigger in triggers) or "no trigger"
        found.append(
            Refusal(
                "min_replicas",
                f"0 with {names}",
                "with no replica nobody exposes these metrics, so that nothing ever asks for one",
                "Add a signal of the gateway, such as gateway-demand, or set 1.",
            )
        )
    if min_replicas == 0 and cooldown_seconds < stabilization_seconds:
        found.append(_short_cooldown(cooldown_seconds, stabilization_seconds))
    return found


def wakes(signal: Signal) -> bool:
    """Tell whether a signal is there, and says something, while its stage has no replica."""
    return signal.exposed_by == ENVOY


def mismatch(
    metric_type: MetricType, trigger: Trigger, *, min_replicas: int, max_replicas: int
) -> Refusal | None:
    """Return why a signal's value must not be taken in this way, if so."""
    signal = trigger.signal
    if metric_type is trigger.metric_type or not signal.scales:
        return None
    if metric_type is MetricType.VALUE:
        return Refusal(
            signal.name,
            metric_type,
            f"it is a sum over the replicas, and Value multiplies the replicas with it: a load of "
            f"{2 * trigger.threshold:g} that {max(min_replicas, 2)} replicas can take makes "
            f"{2 * max(min_replicas, 2)} of them, then twice as many, up to the maximum",
            "Use AverageValue.",
        )
    most = reach(metric_type, trigger, min_replicas=min_replicas, max_replicas=max_replicas)
    return Refusal(
        signal.name,
        metric_type,
        f"a mean never exceeds {signal.bound:g}, so that AverageValue asks for "
        f"ceil({signal.bound:g} / {trigger.threshold:g}) = "
        f"{math.ceil(signal.bound / trigger.threshold)} replicas at most, and {most} of the "
        f"{max_replicas} allowed are ever there"
        if signal.bound is not None
        else "it is a mean, and AverageValue divides it by the replicas once more",
        "Use Value.",
    )


def _judge(trigger: Trigger, *, min_replicas: int, max_replicas: int) -> list[Refusal]:
    signal = trigger.signal
    got = f"threshold {trigger.threshold:g}"
    if not signal.scales:
        why = "its value says nothing of how many replicas are needed, or is more than one series"
        return [Refusal(signal.name, got, why, "Take a signal that adds up, or a mean.")]
    if trigger.threshold < _SMALLEST:
        why = "the autoscaler counts in thousandths, and divides by it"
        return [Refusal(signal.name, got, why, "Set 0.001 or more.")]
    most = reach(trigger.metric_type, trigger, min_replicas=min_replicas, max_replicas=max_replicas)
    if most >= max_replicas:
        return []
    limit = signal.bound if signal.combine is Combine.AVERAGE else trigger.per_replica
    why = (
        f"there is {limit:g} of it at most, over {trigger.threshold:g} that is "
        f"{(limit or 0) / trigger.threshold:.2f}; the autoscaler acts above {1 + TOLERANCE:g}, so "
        f"that {most} replicas never become {max_replicas}"
    )
    fix = f"Set it below {(limit or 0) / (1 + TOLERANCE):.3g}."
    return [Refusal(signal.name, got, why, fix)]


def _highest(trigger: Trigger, replicas: int) -> float | None:
    if trigger.signal.combine is Combine.AVERAGE:
        return trigger.signal.bound
    return None if trigger.per_replica is None else trigger.per_replica * replicas


def _short_cooldown(cooldown: int, stabilization: int) -> Refusal:
    return Refusal(
        "cooldown_seconds",
        str(cooldown),
        f"KEDA takes the last replicas away after {cooldown} s without load, although the "
        f"autoscaler is to keep them for {stabilization} s",
        f"Set {stabilization} or more, or shorten the stabilization window.",
    )
