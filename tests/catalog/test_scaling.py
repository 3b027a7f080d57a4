"""The autoscaler's arithmetic, and what it makes of settings that cannot work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.metrics import signal
from catalog.scaling import (
    MetricType,
    Trigger,
    desired,
    inert_cache_trigger,
    kv_share,
    mismatch,
    reach,
    unsound,
)

AVERAGE, VALUE = MetricType.AVERAGE_VALUE, MetricType.VALUE
CACHE = Trigger(signal=signal("vllm-kv-cache"), threshold=0.7)
DEMAND = Trigger(signal=signal("gateway-demand"), threshold=8)
LOAD = Trigger(signal=signal("vllm-load"), threshold=8, per_replica=16)

replicas = st.integers(1, 200)
thresholds = st.floats(0.01, 1000)
values = st.floats(0, 1e6)


def check(*triggers: Trigger, low: int = 1, high: int = 8, cooldown: int = 300) -> list[str]:
    found = unsound(
        triggers,
        min_replicas=low,
        max_replicas=high,
        cooldown_seconds=cooldown,
        stabilization_seconds=300,
    )
    return [refusal.about for refusal in found]


# From kubernetes' own replica_calculator_test.go: scaling up, down and tolerance with
# external metrics, all replicas ready.
@pytest.mark.parametrize(
    ("metric_type", "value", "threshold", "now", "asked"),
    [
        (VALUE, 8.6, 4.4, 3, 6),
        (AVERAGE, 8.6, 2.15, 3, 4),
        (VALUE, 8.6, 14.334, 5, 3),
        (AVERAGE, 8.6, 2.867, 5, 3),
        (VALUE, 8.6, 8.888, 3, 3),
        (AVERAGE, 8.6, 2.9, 3, 3),
    ],
)
def test_the_autoscaler_asks_for_what_kubernetes_own_tests_say(
    metric_type: MetricType, value: float, threshold: float, now: int, asked: int
) -> None:
    assert desired(metric_type, value=value, threshold=threshold, replicas=now) == asked


@given(value=values, threshold=thresholds, now=replicas, kind=st.sampled_from(MetricType))
def test_more_load_never_asks_for_fewer_replicas(
    value: float, threshold: float, now: int, kind: MetricType
) -> None:
    less = desired(kind, value=value, threshold=threshold, replicas=now, tolerance=0)
    more = desired(kind, value=value * 1.5, threshold=threshold, replicas=now, tolerance=0)
    assert more >= less


@given(value=values, threshold=thresholds, now=replicas)
def test_with_average_value_each_replica_then_has_no_more_than_the_threshold(
    value: float, threshold: float, now: int
) -> None:
    asked = desired(AVERAGE, value=value, threshold=threshold, replicas=now, tolerance=0)
    assert asked * (threshold + 0.001) >= value - 0.001 * (asked + 1)


@given(now=replicas, threshold=thresholds, off=st.floats(0.92, 1.08))
def test_within_the_tolerance_nothing_changes(now: int, threshold: float, off: float) -> None:
    exact = round(threshold, 3)
    value = exact * now * off
    if abs(off - 1) < 0.05:
        assert desired(AVERAGE, value=value, threshold=exact, replicas=now) == now


@given(threshold=st.floats(0.05, 0.9), high=st.integers(2, 50))
def test_a_bounded_mean_never_gets_beyond_its_ceiling_under_average_value(
    threshold: float, high: int
) -> None:
    trigger = Trigger(signal=CACHE.signal, threshold=threshold)
    most = reach(AVERAGE, trigger, min_replicas=1, max_replicas=high)
    assert most <= -(-1000 // int(threshold * 1000))


@given(threshold=st.floats(0.05, 0.9), low=st.integers(1, 5), more=st.integers(0, 20))
def test_a_mean_reaches_the_maximum_under_value_from_everywhere(
    threshold: float, low: int, more: int
) -> None:
    trigger = Trigger(signal=CACHE.signal, threshold=threshold)
    assert reach(VALUE, trigger, min_replicas=low, max_replicas=low + more) == low + more


@given(threshold=st.floats(0.1, 100), each=st.floats(0.1, 100), high=st.integers(2, 40))
def test_nothing_is_refused_that_reaches_its_maximum(
    threshold: float, each: float, high: int
) -> None:
    trigger = Trigger(signal=LOAD.signal, threshold=threshold, per_replica=each)
    reached = reach(AVERAGE, trigger, min_replicas=1, max_replicas=high) == high
    assert (check(trigger, high=high) == []) is reached


def test_the_common_mistake_ends_at_two_replicas() -> None:
    assert reach(AVERAGE, CACHE, min_replicas=1, max_replicas=8) == 2
    refusal = mismatch(AVERAGE, CACHE, min_replicas=1, max_replicas=8)
    assert refusal is not None
    assert "ceil(1 / 0.7) = 2 replicas" in refusal.why
    assert refusal.fix == "Use Value."


def test_a_sum_under_value_multiplies_itself() -> None:
    refusal = mismatch(VALUE, DEMAND, min_replicas=1, max_replicas=8)
    assert refusal is not None
    assert "a load of 16 that 2 replicas can take makes 4" in refusal.why
    assert desired(VALUE, value=16, threshold=8, replicas=2) == 4
    assert desired(VALUE, value=16, threshold=8, replicas=4) == 8
    assert desired(AVERAGE, value=16, threshold=8, replicas=2) == 2


@pytest.mark.parametrize("trigger", [CACHE, DEMAND, LOAD])
def test_the_type_that_a_trigger_has_by_itself_is_never_a_mismatch(trigger: Trigger) -> None:
    assert mismatch(trigger.metric_type, trigger, min_replicas=1, max_replicas=8) is None


def test_sound_settings_pass() -> None:
    assert check(DEMAND, CACHE, LOAD) == []
    assert check(DEMAND, CACHE, low=0) == []


@pytest.mark.parametrize("threshold", [0.92, 1.0, 1.5])
def test_a_threshold_that_a_share_cannot_exceed_far_enough_is_refused(threshold: float) -> None:
    assert check(Trigger(signal=CACHE.signal, threshold=threshold)) == ["vllm-kv-cache"]


def test_a_threshold_above_what_a_replica_can_hold_is_refused_with_the_arithmetic() -> None:
    trigger = Trigger(signal=LOAD.signal, threshold=16, per_replica=16)
    (refusal,) = unsound(
        [trigger],
        min_replicas=1,
        max_replicas=4,
        cooldown_seconds=300,
        stabilization_seconds=300,
    )
    assert "there is 16 of it at most, over 16 that is 1.00" in refusal.why
    assert refusal.fix == "Set it below 14.5."


@pytest.mark.parametrize("threshold", [0.0, -1.0, 0.0005])
def test_a_threshold_of_nothing_is_refused(threshold: float) -> None:
    assert check(Trigger(signal=DEMAND.signal, threshold=threshold)) == ["gateway-demand"]
    with pytest.raises(ValueError, match=r"0\.001 is the least"):
        desired(AVERAGE, value=1, threshold=threshold, replicas=1)


@pytest.mark.parametrize("name", ["gateway-errors", "entry-answers", "memory"])
def test_a_signal_that_says_nothing_of_replicas_is_refused(name: str) -> None:
    assert check(Trigger(signal=signal(name), threshold=0.5)) == [name]


def test_a_stage_without_replicas_needs_a_signal_that_is_there_without_them() -> None:
    assert check(CACHE, low=0) == ["min_replicas"]
    assert check(low=0) == ["min_replicas"]
    assert check(CACHE, DEMAND, low=0) == []


def test_a_cooldown_shorter_than_the_window_matters_only_where_zero_is_allowed() -> None:
    assert check(DEMAND, low=0, cooldown=299) == ["cooldown_seconds"]
    assert check(DEMAND, low=1, cooldown=299) == []


def test_a_cache_trigger_that_the_requests_always_forestall_is_inert() -> None:
    refusal = inert_cache_trigger(LOAD, CACHE, context_tokens=1000, capacity_tokens=100_000)
    assert refusal is not None
    assert "8.8 x 1000 / 100000 = 9% of the KV cache" in refusal.why
    assert inert_cache_trigger(LOAD, CACHE, context_tokens=10_000, capacity_tokens=100_000) is None


@given(requests=st.floats(0, 1000), tokens=st.integers(1, 100_000), room=st.integers(1, 10**6))
def test_no_cache_is_more_than_full(requests: float, tokens: int, room: int) -> None:
    assert 0 <= kv_share(requests=requests, tokens_each=tokens, capacity_tokens=room) <= 1
