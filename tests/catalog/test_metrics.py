"""The metric catalogue: every query is about known metrics, and reads as it says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import promql
from catalog.metrics import METRICS, SIGNALS, Combine, Scope, Signal, highest, metric, of_engine
from catalog.metrics import signal as named
from catalog.signals.record import Unit

SCOPE = Scope(namespace="inference", workload="bert")
ALL = pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS.keys())


@ALL
def test_every_query_asks_for_metrics_that_are_still_exposed(signal: Signal) -> None:
    asked = promql.metrics(signal.query(SCOPE))
    assert asked
    for name in asked:
        known = metric(name)
        assert known is not None, f"{name} is not in catalog/exposed.py"
        assert known.until is None, f"{name} is gone since {known.until}"


@ALL
def test_a_query_reads_as_one_series_unless_the_record_splits_it(signal: Signal) -> None:
    assert promql.one_series(signal.query(SCOPE)) is (not signal.by)


@ALL
def test_counters_are_only_ever_asked_for_their_rate_or_increase(signal: Signal) -> None:
    query = signal.query(SCOPE)
    for name in promql.metrics(query):
        known = metric(name)
        if known is not None and known.kind != "gauge":
            assert re.search(rf"(?:rate|increase)\({name}\b", query), name


@ALL
def test_every_signal_says_what_it_means_and_where_that_is_written(signal: Signal) -> None:
    assert signal.meaning
    assert signal.source.startswith("https://")


@ALL
def test_what_scales_is_one_series_and_shares_are_bounded(signal: Signal) -> None:
    assert not (signal.scales and signal.by)
    if signal.unit is Unit.RATIO and signal.name != "cpu":
        assert signal.bound == 1


@ALL
def test_critical_is_worse_than_warning_and_both_can_happen(signal: Signal) -> None:
    limits = [limit for limit in (signal.warning, signal.critical) if limit is not None]
    assert limits == sorted(limits)
    assert all(signal.bound is None or limit < signal.bound for limit in limits)


def test_names_are_unique_over_all_signals() -> None:
    assert all(name == one.name for name, one in SIGNALS.items())


@pytest.mark.parametrize(
    "gone", [one for one in METRICS.values() if one.until], ids=lambda m: m.name
)
def test_a_name_that_is_gone_leads_to_one_that_is_there(gone: object) -> None:
    successor = getattr(gone, "successor", None)
    assert successor is None or METRICS[successor].until is None


def test_the_renamed_cache_metric_is_known_with_its_new_name() -> None:
    old = metric("vllm:gpu_cache_usage_perc")
    assert old is not None
    assert (old.until, old.successor) == ("0.12.0", "vllm:kv_cache_usage_perc")


def test_parts_of_a_histogram_lead_to_the_histogram() -> None:
    part = metric("vllm:time_to_first_token_seconds_bucket")
    assert part is METRICS["vllm:time_to_first_token_seconds"]
    assert metric("vllm:num_requests_waiting_bucket") is None
    assert metric("vllm:tokens_per_joke") is None


def test_pods_of_a_longer_name_are_not_taken_in() -> None:
    pods = Scope(namespace="x", workload="bert").variables()["pods"]
    assert re.fullmatch(pods, "bert-7d9fbc6b5d-x2x4z")
    assert not re.fullmatch(pods, "bert-large-7d9fbc6b5d-x2x4z")
    assert not re.fullmatch(pods, "a-bert-7d9fbc6b5d-x2x4z")


def test_a_stage_of_two_deployments_is_one_scope() -> None:
    pods = Scope(namespace="x", workload="m", deployments=("m-base", "m.spot")).variables()["pods"]
    assert re.fullmatch(pods, "m-base-7d9fbc6b5d-x2x4z")
    assert re.fullmatch(pods, "m.spot-7d9fbc6b5d-x2x4z")
    assert not re.fullmatch(pods, "mxspot-7d9fbc6b5d-x2x4z")


def test_the_window_of_a_rate_can_be_chosen() -> None:
    assert "[1h]" in named("gateway-rate").query(SCOPE, window="1h")


def test_engines_that_tell_no_such_thing_have_no_such_signal() -> None:
    assert of_engine("vllm", "kv-cache") is named("vllm-kv-cache")
    assert of_engine("text-embeddings-inference", "kv-cache") is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sum(vllm:num_requests_waiting)", ("vllm:num_requests_waiting",)),
        ('sum by (pod) (rate(a_total{job="by b_total"}[5m]))', ("a_total",)),
        ("a / on (pod) group_left (node) b", ("a", "b")),
        ('{__name__="a",job="x"}', ("a",)),
        ("a offset 5m > bool 3e5", ("a",)),
        ("histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))", ("h_bucket",)),
        ("vector(0)", ()),
        ("", ()),
    ],
)
def test_the_names_in_a_query_are_found(query: str, names: tuple[str, ...]) -> None:
    assert promql.metrics(query) == names


@pytest.mark.parametrize(
    ("query", "verdict"),
    [
        ("sum(a)", True),
        ("sum(a) + sum(b)", True),
        ("(sum(a))", True),
        ("ceil(sum(a) / 4)", True),
        ("100 * avg(a)", True),
        ("sum(a) or vector(0)", True),
        ("clamp_max(max(a), 1)", True),
        ("sum by (pod) (a)", False),
        ("sum(a) by (pod)", False),
        ("sum without (pod) (a)", False),
        ("max(a) / on () sum by (x) (b)", False),
        ('sum(a{x="}) by (pod"})', True),
        ("a", None),
        ("rate(a[5m])", None),
        ("topk(3, a)", None),
        ("sum(a) / b", None),
        ("histogram_quantile(0.9, rate(a_bucket[5m]))", None),
        ("histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))", True),
    ],
)
def test_a_query_is_read_for_how_many_series_it_yields(query: str, verdict: bool | None) -> None:
    assert promql.one_series(query) is verdict


@pytest.mark.parametrize(
    "query", ["", "sum(", ")", "sum(a))(", "(" * 5000, "(" * 5000 + ")" * 5000]
)
def test_what_is_no_query_is_not_judged(query: str) -> None:
    assert promql.one_series(query) is None
    assert promql.outermost(query) is None
    assert highest(query) is None


@given(st.text(alphabet="sumby avg(){}[]\"'`,+-*/>=or on0.5$:_\\\n", max_size=60))
def test_no_text_makes_the_reader_fail(query: str) -> None:
    assert promql.one_series(query) in {True, False, None}
    assert isinstance(promql.metrics(query), tuple)
    assert highest(query) is None or promql.outermost(query)


@pytest.mark.parametrize(
    ("query", "bound"),
    [
        ("avg(vllm:kv_cache_usage_perc)", 1),
        ("max(vllm:kv_cache_usage_perc{pod='x'})", 1),
        ("avg(DCGM_FI_DEV_GPU_UTIL)", 100),
        ("sum(vllm:kv_cache_usage_perc)", None),
        ("vllm:kv_cache_usage_perc", None),
        ("avg(vllm:num_requests_waiting)", None),
        ("avg(vllm:kv_cache_usage_perc) * sum(vllm:num_requests_waiting)", None),
    ],
)
def test_the_highest_value_of_a_bounded_mean_is_known(query: str, bound: float | None) -> None:
    assert highest(query) == bound


def test_states_say_nothing_of_replicas_and_so_do_not_scale() -> None:
    assert not any(one.scales for one in SIGNALS.values() if one.combine is Combine.STATE)
    assert named("gateway-in-flight").scales
    assert not named("entry-answers").scales
