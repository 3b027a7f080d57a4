"""The component: what it registers, and under which names."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from catalog.metrics import signal
from components.observability.observability import Observability, ObservabilityArgs
from components.observability.watched import LatencyObjective, Watched
from tests.components.observability.samples import AGGREGATOR, BERT, GATEWAY, WATCHED
from tests.support.engine import Registered, deploy


def built(watched: Watched = WATCHED) -> tuple[Observability, list[Registered]]:
    return deploy(lambda: Observability("observability", ObservabilityArgs(watched=watched)))


@pytest.fixture(scope="module")
def made() -> tuple[Observability, list[Registered]]:
    return built()


def of_kind(resources: list[Registered], kind: str) -> dict[str, dict[str, Any]]:
    return {
        one.inputs["metadata"]["name"]: one.inputs
        for one in resources
        if one.type.endswith(f":{kind}")
    }


def test_rules_and_monitors_are_objects_of_the_prometheus_operator(
    made: tuple[Observability, list[Registered]],
) -> None:
    _component, resources = made
    types = {one.type for one in resources if "monitoring.coreos.com" in one.type}
    assert types == {
        f"kubernetes:monitoring.coreos.com/v1:{kind}"
        for kind in ("PrometheusRule", "PodMonitor", "ServiceMonitor")
    }
    for kind in ("PrometheusRule", "PodMonitor", "ServiceMonitor"):
        for inputs in of_kind(resources, kind).values():
            assert inputs["metadata"]["namespace"] == "monitoring"
            assert inputs["metadata"]["labels"]["release"] == "prometheus"


def test_dashboards_are_found_by_grafanas_sidecar(
    made: tuple[Observability, list[Registered]],
) -> None:
    component, resources = made
    maps = of_kind(resources, "ConfigMap")
    assert sorted(maps) == sorted(component.dashboards)
    for name, inputs in maps.items():
        assert inputs["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert json.loads(inputs["data"][f"{name}.json"])["uid"] == name


def test_each_stage_with_metrics_is_scraped_at_its_port_and_let_in_there(
    made: tuple[Observability, list[Registered]],
) -> None:
    _component, resources = made
    monitors = of_kind(resources, "PodMonitor")
    policies = of_kind(resources, "NetworkPolicy")
    assert sorted(monitors) == ["ballast-bert", "ballast-encoder", "ballast-inference-gateway"]
    assert sorted(policies) == ["bert-scrape", "encoder-scrape", "inference-gateway-scrape"]
    (endpoint,) = monitors["ballast-inference-gateway"]["spec"]["podMetricsEndpoints"]
    assert endpoint["path"] == "/stats/prometheus"
    assert endpoint["relabelings"][0]["replacement"] == "$1:9902"
    spec = policies["inference-gateway-scrape"]["spec"]
    assert spec["policyTypes"] == ["Ingress"]
    assert spec["ingress"][0]["ports"] == [{"protocol": "TCP", "port": 9902}]
    assert spec["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "inference-gateway"}


def test_the_workload_label_that_queries_ask_for_is_made_by_the_monitor(
    made: tuple[Observability, list[Registered]],
) -> None:
    _component, resources = made
    (endpoint,) = of_kind(resources, "PodMonitor")["ballast-bert"]["spec"]["podMetricsEndpoints"]
    labels = {rule["targetLabel"]: rule["sourceLabels"] for rule in endpoint["relabelings"]}
    assert labels["workload"] == ["__meta_kubernetes_pod_label_app_kubernetes_io_name"]


def test_a_free_gpu_is_not_given_the_exporters_own_pod(
    made: tuple[Observability, list[Registered]],
) -> None:
    _component, resources = made
    (endpoint,) = of_kind(resources, "ServiceMonitor")["ballast-dcgm-exporter"]["spec"]["endpoints"]
    assert endpoint["honorLabels"] is True
    assert {"action": "labeldrop", "regex": "namespace|pod|container|service|endpoint"} in endpoint[
        "relabelings"
    ]


def test_what_is_not_there_is_not_watched() -> None:
    watched = Watched(namespace="inference", stages=(GATEWAY, AGGREGATOR), gpu_nodes=False)
    component, resources = built(watched)
    assert of_kind(resources, "ServiceMonitor") == {}
    assert list(of_kind(resources, "PrometheusRule")) == ["ballast-alerts"]
    assert component.dashboards == ["ballast-pipeline", "ballast-gateway", "ballast-aggregator"]


def test_names_do_not_depend_on_the_order_of_the_stages() -> None:
    turned = replace(WATCHED, stages=tuple(reversed(WATCHED.stages)))
    assert {one.urn for one in built()[1]} == {one.urn for one in built(turned)[1]}


def test_outputs_say_what_was_made(made: tuple[Observability, list[Registered]]) -> None:
    component, _resources = made
    assert component.namespace == "monitoring"
    assert "KvCacheNearlyFull" in component.alerts
    assert component.alerts == sorted(set(component.alerts))


@pytest.mark.parametrize("share", [0.5, 0.94, 1.0, 1.5])
def test_an_objective_that_no_burn_rate_can_exceed_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"has to lie between 0\.95 and 0\.9999"):
        LatencyObjective(share=share, within_seconds=2.5)


def test_an_objective_between_two_buckets_is_refused_with_the_buckets() -> None:
    with pytest.raises(ValueError, match=r"3 s cannot be read off .* 1, 2\.5, 5, 10"):
        LatencyObjective(share=0.99, within_seconds=3)
    with pytest.raises(ValueError, match=r"3 s cannot .* 1, 2\.5, 5, 7\.5, 10"):
        LatencyObjective(share=0.99, within_seconds=3, of="first-token")


def test_an_objective_for_the_first_token_asks_the_engine() -> None:
    objective = LatencyObjective(share=0.99, within_seconds=5.0, of="first-token")
    assert objective.signal is signal("vllm-slow-first-token")
    assert BERT.objective is not None
    assert BERT.objective.signal is signal("gateway-slow")
