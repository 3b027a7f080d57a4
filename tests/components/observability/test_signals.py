"""Every query of the catalogue, evaluated by Prometheus: its value, and how many series."""

from __future__ import annotations

import pytest

from catalog.metrics import SIGNALS, Scope, Signal
from tests.components.observability.conftest import Judge, Sample
from tests.components.observability.world import EVALUATED_AT, NAMESPACE, gateway, world

pytestmark = pytest.mark.toolchain

SCOPE = Scope(namespace=NAMESPACE, workload="bert")
SPOT = '{label_ballast_capacity_type="spot"}'
ON_DEMAND = '{label_ballast_capacity_type="on-demand"}'
# Limit of the signals that tell a share of what is slow, seconds.
LIMIT = 0.5


def one(value: float) -> list[Sample]:
    return [("{}", value)]


EXPECTED: dict[str, list[Sample]] = {
    "gateway-in-flight": one(6),
    "gateway-demand": one(6 + 60),
    "gateway-rate": one(1.5),
    "gateway-errors": one(0.1 / 1.5),
    "gateway-latency": one(0.95),
    "gateway-slow": one(0.5),
    "gateway-healthy-replicas": one(1),
    "gateway-ejected-replicas": one(1),
    "gateway-retries": one(1.5),
    "gateway-refused": one(2),
    "entry-in-flight": one(7),
    "entry-answers": [
        ('{envoy_response_code_class="2"}', 1),
        ('{envoy_response_code_class="5"}', 0.1),
    ],
    "entry-latency": one(0.95),
    "vllm-load": one(11),
    "vllm-waiting": one(1),
    "vllm-kv-cache": one(0.7),
    "vllm-first-token": one(0.95),
    "vllm-between-tokens": one(0.95),
    "vllm-answer": one(0.95),
    "vllm-prompt-tokens": one(200),
    "vllm-generated-tokens": one(100),
    "vllm-preemptions": one(1),
    "vllm-slow-first-token": one(0.5),
    "sglang-load": one(11),
    "sglang-waiting": one(1),
    "sglang-kv-cache": one(0.7),
    "sglang-first-token": one(0.95),
    "sglang-between-tokens": one(0.95),
    "sglang-answer": one(0.95),
    "sglang-prompt-tokens": one(200),
    "sglang-generated-tokens": one(100),
    "text-embeddings-inference-waiting": one(5),
    "text-embeddings-inference-answer": one(0.95),
    "triton-waiting": one(5),
    "replicas-ready": one(2),
    "replicas-wanted": one(3),
    "replicas-limit": one(8),
    "scaler-asks": one(3),
    "scaler-blind": one(0),
    "scaler-errors": one(0),
    "cpu": one(0.5),
    "memory": one(0.75),
    # Two pods with four restarts a minute.
    "restarts": one(480),
    "pending": one(1),
    "gpu-use": one(0.7),
    "fleet-gpu-use": one(0.35),
    "fleet-gpu-memory": one(0.5),
    "gpus-idle": one(1),
    "gpu-idle-share": one(0.5),
    "gpu-nodes": [(SPOT, 1), (ON_DEMAND, 1)],
    "node-cost": [(SPOT, 0.4), (ON_DEMAND, 1.38)],
    "spot-notices": one(1),
    "karpenter-spot-notices": one(240),
}


def query(signal: Signal) -> str:
    return signal.query(SCOPE, limit=LIMIT if signal.limits else None)


def test_every_signal_of_the_catalogue_is_tried() -> None:
    assert EXPECTED.keys() == SIGNALS.keys()


def test_every_signal_has_the_value_and_the_series_that_the_catalogue_says(judge: Judge) -> None:
    queries = {query(SIGNALS[name]): samples for name, samples in EXPECTED.items()}
    assert judge.evaluate(world(), queries, EVALUATED_AT) == ""


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS.keys())
def test_the_expected_series_are_told_apart_by_the_labels_of_the_record(signal: Signal) -> None:
    for labels, _value in EXPECTED[signal.name]:
        assert all(f"{label}=" in labels for label in signal.by)
        assert signal.by or labels == "{}"


def test_a_wrong_value_is_noticed(judge: Judge) -> None:
    said = judge.evaluate(world(), {query(SIGNALS["vllm-load"]): one(12)}, EVALUATED_AT)
    assert "FAILED" in said


def test_what_scales_has_no_value_where_nothing_is_scraped(judge: Judge) -> None:
    queries: dict[str, list[Sample]] = {
        query(signal): [] for signal in SIGNALS.values() if signal.scales
    }
    assert len(queries) > 5
    assert judge.evaluate([], queries, EVALUATED_AT) == ""


def test_without_errors_their_share_is_zero_and_without_answers_there_is_none(
    judge: Judge,
) -> None:
    well = [one for one in gateway("bert") if one.labels.get("envoy_response_code_class") != "5"]
    share = query(SIGNALS["gateway-errors"])
    assert judge.evaluate(well, {share: one(0)}, EVALUATED_AT) == ""
    assert judge.evaluate([], {share: []}, EVALUATED_AT) == ""


def test_a_bucket_is_found_as_prometheus_2_and_as_prometheus_3_write_its_end(
    judge: Judge,
) -> None:
    slow = SIGNALS["gateway-slow"]
    for namespace in (NAMESPACE, "elsewhere"):
        scope = Scope(namespace=namespace, workload="bert")
        queries = {slow.query(scope, limit=LIMIT): one(0.5)}
        assert judge.evaluate(gateway("bert", namespace), queries, EVALUATED_AT) == ""


def test_a_stage_of_two_deployments_is_counted_as_one(judge: Judge) -> None:
    scope = Scope(namespace=NAMESPACE, workload="bert", deployments=("bert", "bert-large"))
    queries = {
        SIGNALS["replicas-ready"].query(scope): one(4),
        SIGNALS["cpu"].query(scope): one(0.5),
        SIGNALS["pending"].query(scope): one(2),
    }
    assert judge.evaluate(world(), queries, EVALUATED_AT) == ""
