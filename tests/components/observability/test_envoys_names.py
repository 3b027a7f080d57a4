"""Envoy's metrics, asked of Envoy: their names, and what a stage without a replica looks like."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.metrics import METRICS, SIGNALS, Scope
from catalog.promql import metrics
from catalog.signals.gateway import BUCKETS_MS
from components.serving.envoy import Gateway, bootstrap
from components.serving.envoy_routes import Backend
from tests.support.environment import eventually
from tests.support.envoy import Envoy, envoy
from tests.support.fake_engines import Behaviour, FakeEngine, Names, engine

pytestmark = pytest.mark.embedded

BERT, SLEEPY = "bert", "sleepy"
KNOWN = [one.name for one in METRICS.values() if one.exposed_by == "envoy"]


def backend(name: str) -> Backend:
    return Backend(
        name=name,
        host=f"{name}.test",
        port=8080,
        health_path="/health",
        prefix=f"/models/{name}",
        is_model=True,
        deadline_seconds=20,
    )


@pytest.fixture(scope="module")
def replica() -> Iterator[FakeEngine]:
    address = f"127.{random.randint(2, 250)}.{random.randint(1, 250)}.5"
    with engine(BERT, address, 8080) as one:
        yield one


@pytest.fixture(scope="module")
def gateway(replica: FakeEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Envoy]:
    config = bootstrap(
        Gateway(
            backends=(backend(BERT), backend(SLEEPY)),
            port=8080,
            ready_path="/ready",
            step_seconds=10,
            connection_seconds=60,
            client_limit=None,
            memory_limit_gib=0.5,
        )
    )
    names = Names()
    names.addresses = {"bert.test": [replica.address]}
    arguments = ["--log-level", "warning", "--disable-hot-restart"]
    folder = tmp_path_factory.mktemp("envoy")
    try:
        with envoy(json.dumps(config), folder, names=names, arguments=arguments) as running:
            healthy = of("envoy_cluster_membership_healthy", BERT)
            eventually(lambda: running.stats().get(healthy) == 1, within=15)
            running.ask("/models/bert/x")
            replica.behaviour = Behaviour(status=500)
            running.ask("/models/bert/x")
            running.ask("/models/sleepy/x")
            # Histograms are merged every five seconds.
            eventually(lambda: "rq_time_count" in str(running.stats().keys()), within=15)
            yield running
    finally:
        names.close()


def of(name: str, cluster: str) -> str:
    return f'{name}{{envoy_cluster_name="{cluster}"}}'


def exposed(gateway: Envoy) -> set[str]:
    return {re.split(r"[{ ]", name)[0] for name in gateway.stats()}


def test_every_name_of_the_catalogue_is_exposed(gateway: Envoy) -> None:
    whole = {name.removesuffix("_count") for name in exposed(gateway)}
    assert [name for name in KNOWN if name not in whole] == []


def test_every_metric_that_a_signal_asks_for_is_exposed(gateway: Envoy) -> None:
    found = exposed(gateway)
    scope = Scope(namespace="x", workload=BERT)
    for signal in SIGNALS.values():
        if signal.exposed_by == "envoy":
            assert set(metrics(signal.query(scope))) <= found, signal.name


def test_the_labels_that_signals_ask_for_are_envoys(gateway: Envoy) -> None:
    stats = gateway.stats()
    prefix = 'envoy_http_conn_manager_prefix="requests"'
    assert f"envoy_http_downstream_rq_active{{{prefix}}}" in stats
    failed = f'envoy_response_code_class="5",envoy_cluster_name="{BERT}"'
    assert stats[f"envoy_cluster_upstream_rq_xx{{{failed}}}"] == 1


def test_the_ends_of_the_buckets_are_those_of_the_catalogue(gateway: Envoy) -> None:
    name = f'envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name="{BERT}",le="'
    ends = [one.removeprefix(name).rstrip('"}') for one in gateway.stats() if name in one]
    assert [float(end) for end in ends if end != "+Inf"] == list(BUCKETS_MS)


def test_a_stage_without_a_replica_is_asked_for_and_answered_for_and_has_no_tries(
    gateway: Envoy,
) -> None:
    stats = gateway.stats()
    assert stats[of("envoy_cluster_upstream_cx_none_healthy", SLEEPY)] == 1
    assert stats[of("envoy_cluster_upstream_rq_completed", SLEEPY)] == 1
    assert stats[of("envoy_cluster_upstream_rq_total", SLEEPY)] == 0
    assert stats[of("envoy_cluster_membership_healthy", SLEEPY)] == 0


def test_nobody_counts_as_an_error_before_the_first_one(gateway: Envoy) -> None:
    refused = f'envoy_response_code_class="4",envoy_cluster_name="{BERT}"'
    assert f"envoy_cluster_upstream_rq_xx{{{refused}}}" not in gateway.stats()


def test_the_deployed_monitor_asks_where_envoy_answers(gateway: Envoy) -> None:
    assert gateway.get("/stats/prometheus", door="metrics").status == 200
    assert gateway.get("/quitquitquit", door="metrics").status != 200


def test_the_world_of_the_other_tests_is_written_with_these_names() -> None:
    text = (Path(__file__).parent / "world.py").read_text()
    assert set(re.findall(r"envoy_\w+?(?=\")", text)) - {
        "envoy_cluster_name",
        "envoy_response_code_class",
        "envoy_http_conn_manager_prefix",
    } <= set(KNOWN)
