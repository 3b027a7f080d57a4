"""What a stage's scaler is made of, with and without a base, from zero and from one."""

from __future__ import annotations

from typing import Any

import pytest

from catalog import promql
from catalog.models import MODELS
from components.serving.scaler import Watch, scaled_object_spec
from components.serving.workload import (
    Base,
    Resources,
    Scaling,
    Shutdown,
    SignalScaling,
    Workload,
)
from stacks import scaling as translation
from stacks.scaling_sections import (
    BaseSettings,
    GpuScaling,
    QueueScaling,
    RequestsScaling,
    base_replicas,
)

QWEN = MODELS["qwen2.5-7b-instruct"]
WATCH = Watch(prometheus_url="http://prometheus:9090", namespace="inference")


def queue(**changes: Any) -> QueueScaling:
    fields: dict[str, Any] = {"per_replica": 6, "min_replicas": 1, "max_replicas": 8}
    return QueueScaling(kind="queue", **{**fields, **changes})


def spec(scaling: Scaling, base: Base | None = None) -> dict[str, Any]:
    assert isinstance(scaling, SignalScaling)
    workload = Workload(
        name="chat",
        stage="model",
        image="x:1.0.0",
        port=8000,
        ready_path="/health",
        startup_seconds=60,
        shutdown=Shutdown(pre_stop_seconds=15, drain_seconds=45),
        resources=Resources(cpu_request=1, memory_request_gib=1, memory_limit_gib=1),
        scaling=scaling,
        base=base,
    )
    return scaled_object_spec(workload, scaling, WATCH)


def queries(made: dict[str, Any]) -> list[str]:
    return [one["metadata"]["query"] for one in made["triggers"]]


EVERY_KIND = pytest.mark.parametrize(
    "scaling",
    [
        queue(kv_cache_percent=50),
        queue(min_replicas=0),
        RequestsScaling(kind="requests", per_replica=4, min_replicas=0, max_replicas=8),
        RequestsScaling(
            kind="requests", measure="rate", per_replica=4, min_replicas=1, max_replicas=8
        ),
        GpuScaling(kind="gpu", use_percent=70, min_replicas=1, max_replicas=8),
    ],
    ids=["queue", "queue-from-zero", "in-flight-from-zero", "rate", "gpu"],
)


@EVERY_KIND
def test_every_trigger_is_one_series_and_no_answer_is_not_no_load(scaling: Any) -> None:
    for trigger in spec(translation.of_stage(scaling, QWEN))["triggers"]:
        assert promql.one_series(trigger["metadata"]["query"]) is True
        assert trigger["metadata"]["ignoreNullValues"] == "false"


@EVERY_KIND
def test_a_mean_is_a_value_and_a_sum_is_divided(scaling: Any) -> None:
    for trigger in spec(translation.of_stage(scaling, QWEN))["triggers"]:
        mean = trigger["metadata"]["query"].startswith("avg(")
        assert trigger["metricType"] == ("Value" if mean else "AverageValue")


@EVERY_KIND
def test_without_prometheus_what_serves_stays(scaling: Any) -> None:
    fallback = spec(translation.of_stage(scaling, QWEN))["fallback"]
    assert fallback["behavior"] == "currentReplicasIfHigher"
    assert fallback["replicas"] >= 1


@EVERY_KIND
def test_the_last_replica_goes_no_sooner_than_the_others(scaling: Any) -> None:
    made = spec(translation.of_stage(scaling, QWEN))
    behaviour = made["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert made["cooldownPeriod"] >= behaviour["scaleDown"]["stabilizationWindowSeconds"]
    assert made["cooldownPeriod"] >= QWEN.startup_seconds


def test_a_lull_of_one_s_own_length_is_kept() -> None:
    assert spec(translation.of_stage(queue(calm_seconds=900), QWEN))["cooldownPeriod"] == 900


def test_from_zero_the_gateway_wakes_and_the_engine_s_silence_is_none() -> None:
    made = spec(translation.of_stage(queue(min_replicas=0), QWEN))
    engine, gateway = queries(made)
    assert engine.endswith(" or vector(0)")
    assert "envoy_cluster_upstream_cx_none_healthy" in gateway
    assert "vector" not in gateway


def test_the_base_s_share_of_the_load_is_not_scaled_for() -> None:
    settings = queue(min_replicas=4, kv_cache_percent=50)
    base = BaseSettings(pool="base", share_percent=50)
    count = base_replicas(base, settings)
    made = spec(translation.of_stage(settings, QWEN, base=count), Base(replicas=count, pool="base"))
    load, cache = queries(made)
    assert load.startswith("clamp_min((")
    assert load.endswith(") - 12, 0)")
    assert cache.startswith("avg(")
    assert (made["minReplicaCount"], made["maxReplicaCount"]) == (2, 6)


@pytest.mark.parametrize(("fewest", "share", "count"), [(4, 50, 2), (3, 50, 2), (1, 1, 1)])
def test_the_base_is_rounded_up(fewest: int, share: int, count: int) -> None:
    base = BaseSettings(pool="base", share_percent=share)
    assert base_replicas(base, queue(min_replicas=fewest)) == count
