"""The pipeline of the local stack as Kubernetes gets it."""

import json
import re
from typing import Any

import pytest

from tests.support.engine import Registered
from tests.support.programs import RecordedStack

STAGES = ["inference-gateway", "ai-model-service", "chat", "result-aggregator"]
SPOT_NOTICE_SECONDS = 120


@pytest.fixture
def pipeline(recorded_stack: RecordedStack) -> list[Registered]:
    return [
        one
        for one in recorded_stack("local")
        if one.type.startswith("kubernetes:") and "ballast:serving:" in one.urn
    ]


def named(pipeline: list[Registered], kind: str) -> dict[str, dict[str, Any]]:
    return {
        one.inputs["metadata"]["name"]: one.inputs
        for one in pipeline
        if one.type.endswith(f":{kind}")
    }


def pod(pipeline: list[Registered], name: str) -> dict[str, Any]:
    return named(pipeline, "Deployment")[name]["spec"]["template"]["spec"]


def container(pipeline: list[Registered], name: str) -> dict[str, Any]:
    return pod(pipeline, name)["containers"][0]


def test_every_stage_has_what_a_stage_needs(pipeline: list[Registered]) -> None:
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "ServiceAccount"):
        assert sorted(named(pipeline, kind)) == sorted(STAGES)


def test_the_reference_service_is_what_was_ordered(pipeline: list[Registered]) -> None:
    found = container(pipeline, "ai-model-service")
    assert named(pipeline, "Deployment")["ai-model-service"]["spec"]["replicas"] == 3
    assert {"name": "http", "containerPort": 8080} in found["ports"]
    assert {"name": "MODEL_NAME", "value": "bert-base-uncased"} in found["env"]
    assert found["resources"] == {
        "requests": {"cpu": "2", "memory": "4Gi"},
        "limits": {"cpu": "4", "memory": "8Gi"},
    }
    (service,) = named(pipeline, "Service")["ai-model-service"]["spec"]["ports"]
    assert service["port"] == 8080


@pytest.mark.parametrize("name", STAGES)
def test_images_are_pinned(pipeline: list[Registered], name: str) -> None:
    _, _, tag = container(pipeline, name)["image"].rpartition(":")
    assert re.search(r"\d+\.\d+\.\d+", tag)


@pytest.mark.parametrize("name", STAGES)
def test_pods_may_do_no_more_than_they_must(pipeline: list[Registered], name: str) -> None:
    spec, one = pod(pipeline, name), container(pipeline, name)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert one["securityContext"]["allowPrivilegeEscalation"] is False
    assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert one["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("name", STAGES)
def test_every_pod_has_requests_a_memory_limit_and_probes(
    pipeline: list[Registered], name: str
) -> None:
    one = container(pipeline, name)
    assert {"cpu", "memory"} <= one["resources"]["requests"].keys()
    assert "memory" in one["resources"]["limits"]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= one.keys()


@pytest.mark.parametrize("name", STAGES)
def test_a_budget_lets_one_pod_go_at_a_time(pipeline: list[Registered], name: str) -> None:
    assert named(pipeline, "PodDisruptionBudget")[name]["spec"]["maxUnavailable"] == 1


def test_stages_on_the_cpu_follow_the_cpu_and_the_gpu_model_its_queue(
    pipeline: list[Registered],
) -> None:
    scalers = named(pipeline, "HorizontalPodAutoscaler")
    assert sorted(scalers) == ["ai-model-service", "inference-gateway", "result-aggregator"]
    for scaler in scalers.values():
        (metric,) = scaler["spec"]["metrics"]
        assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 65}
    (scaled,) = named(pipeline, "ScaledObject").values()
    assert scaled["spec"]["scaleTargetRef"]["name"] == "chat"
    assert [one["metadata"]["query"] for one in scaled["spec"]["triggers"]] == [
        'sum(vllm:num_requests_running{namespace="inference",workload="chat"})'
        ' + sum(vllm:num_requests_waiting{namespace="inference",workload="chat"})',
        'avg(vllm:kv_cache_usage_perc{namespace="inference",workload="chat"})',
    ]


def test_the_namespace_has_a_budget_that_every_scaler_s_most_fits_into(
    pipeline: list[Registered],
) -> None:
    hard = named(pipeline, "ResourceQuota")["pipeline"]["spec"]["hard"]
    # Gateway and aggregator 6 and one each for a rollout, the reference service too, chat 4.
    assert hard["pods"] == str(7 + 7 + 7 + 4)
    assert hard["requests.nvidia.com/gpu"] == "4"
    assert hard["services.nodeports"] == "0"
    (defaults,) = named(pipeline, "LimitRange")["containers"]["spec"]["limits"]
    assert defaults["default"].keys() == {"memory"}


def test_the_gpu_model_asks_for_gpus_and_may_go_where_they_are(pipeline: list[Registered]) -> None:
    resources = container(pipeline, "chat")["resources"]
    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] == "1"
    (toleration,) = pod(pipeline, "chat")["tolerations"]
    assert (toleration["key"], toleration["value"]) == ("nvidia.com/gpu", "true")
    assert toleration["effect"] == "NoSchedule"


def test_the_gpu_model_prefers_its_pool_and_takes_any_gpu_of_the_class(
    pipeline: list[Registered],
) -> None:
    affinity = pod(pipeline, "chat")["affinity"]["nodeAffinity"]
    required = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    keys = [one["key"] for one in required[0]["matchExpressions"]]
    assert keys == ["accelerator", "ballast/gpu-memory-gib"]
    (preferred,) = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
    assert preferred["preference"]["matchExpressions"][0]["values"] == ["gpu24"]


def test_what_the_model_runs_on_is_what_the_pool_is_labelled(
    pipeline: list[Registered], recorded_stack: RecordedStack
) -> None:
    groups = [one for one in recorded_stack("local") if one.type == "aws:eks/nodeGroup:NodeGroup"]
    labels = [one.inputs["labels"] for one in groups]
    required = pod(pipeline, "chat")["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"][0]["matchExpressions"]
    assert any(all(one.get(term["key"]) in term["values"] for term in required) for one in labels)


def test_shared_memory_is_counted_in_the_limit(pipeline: list[Registered]) -> None:
    volumes = {one["name"]: one["emptyDir"] for one in pod(pipeline, "chat")["volumes"]}
    assert volumes["shm"] == {"medium": "Memory", "sizeLimit": "2Gi"}
    mounts = {one["name"]: one["mountPath"] for one in container(pipeline, "chat")["volumeMounts"]}
    assert mounts["shm"] == "/dev/shm"


@pytest.mark.parametrize("name", ["ai-model-service", "chat"])
def test_models_are_gone_before_a_spot_machine_is(pipeline: list[Registered], name: str) -> None:
    spec, one = pod(pipeline, name), container(pipeline, name)
    sleep = one["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert sleep < spec["terminationGracePeriodSeconds"] < SPOT_NOTICE_SECONDS


def test_the_engine_s_own_shutdown_fits_into_the_grace_period(pipeline: list[Registered]) -> None:
    spec, one = pod(pipeline, "chat"), container(pipeline, "chat")
    drain = int(one["args"][one["args"].index("--shutdown-timeout") + 1])
    sleep = one["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert sleep + drain < spec["terminationGracePeriodSeconds"]


def test_requests_in_the_gateway_end_before_it_does(pipeline: list[Registered]) -> None:
    spec, one = pod(pipeline, "inference-gateway"), container(pipeline, "inference-gateway")
    assert one["lifecycle"]["preStop"]["sleep"]["seconds"] > 120
    assert one["lifecycle"]["preStop"]["sleep"]["seconds"] < spec["terminationGracePeriodSeconds"]


def test_a_model_has_the_time_it_needs_to_load(pipeline: list[Registered]) -> None:
    probe = container(pipeline, "chat")["startupProbe"]
    # 14.2 GiB down at 0.1 GiB/s, and off the volume again.
    assert probe["periodSeconds"] * probe["failureThreshold"] > 2 * 142


def test_a_change_of_the_gateway_s_configuration_rolls_its_pods(
    pipeline: list[Registered],
) -> None:
    deployment = named(pipeline, "Deployment")["inference-gateway"]["spec"]["template"]
    mark = deployment["metadata"]["annotations"]["ballast/config-hash"]
    (config_map,) = named(pipeline, "ConfigMap")
    assert config_map == f"inference-gateway-{mark}"
    assert deployment["spec"]["volumes"][0]["configMap"]["name"] == config_map


def test_the_gateway_sends_to_the_services_that_exist(pipeline: list[Registered]) -> None:
    (config,) = named(pipeline, "ConfigMap").values()
    clusters = json.loads(config["data"]["envoy.json"])["static_resources"]["clusters"]
    services = named(pipeline, "Service")
    sent = {tuple(address(one).values()) for one in clusters if "cluster_type" in one}
    assert sent == {
        (f"{name}.inference.svc.cluster.local", services[name]["spec"]["ports"][0]["port"])
        for name in STAGES
        if name != "inference-gateway"
    }


def address(cluster: dict[str, Any]) -> dict[str, Any]:
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    return endpoint["address"]["socket_address"]


def test_what_the_gateway_balances_resolves_to_pods(pipeline: list[Registered]) -> None:
    services = named(pipeline, "Service")
    headless = {name for name, one in services.items() if one["spec"].get("clusterIP") == "None"}
    assert headless == set(STAGES) - {"inference-gateway"}


def test_the_aggregator_asks_models_through_the_gateway(pipeline: list[Registered]) -> None:
    _, graph = container(pipeline, "result-aggregator")["args"]
    urls = [step["serviceUrl"] for step in json.loads(graph)["nodes"]["root"]["steps"]]
    assert urls == [
        f"http://inference-gateway.inference.svc.cluster.local:8081/models/{path}"
        for path in ("ai-model-service/v1/embeddings", "chat/v1/chat/completions")
    ]


def test_the_namespace_is_closed_and_restricted(pipeline: list[Registered]) -> None:
    (namespace,) = named(pipeline, "Namespace").values()
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    deny = named(pipeline, "NetworkPolicy")["deny-all"]["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("name", ["ai-model-service", "chat"])
def test_models_let_the_gateway_in_and_nobody_else(pipeline: list[Registered], name: str) -> None:
    (rule,) = named(pipeline, "NetworkPolicy")[name]["spec"]["ingress"]
    assert rule["from"] == [
        {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "inference-gateway"}}}
    ]


def test_models_reach_the_internet_but_no_network_inside(pipeline: list[Registered]) -> None:
    (rule,) = named(pipeline, "NetworkPolicy")["chat"]["spec"]["egress"]
    block = rule["to"][0]["ipBlock"]
    assert "169.254.0.0/16" in block["except"]
    assert "10.0.0.0/8" in block["except"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 443}]


def test_each_stage_lets_in_what_another_sends(pipeline: list[Registered]) -> None:
    policies = {
        name: one["spec"]
        for name, one in named(pipeline, "NetworkPolicy").items()
        if name in STAGES
    }
    sent = edges(policies, "egress", "to")
    let_in = {(there, here, port) for here, there, port in edges(policies, "ingress", "from")}
    assert sent == let_in


def edges(policies: dict[str, Any], rules: str, peers: str) -> set[tuple[str, str, int]]:
    return {
        (
            name,
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"],
            rule["ports"][0]["port"],
        )
        for name, spec in policies.items()
        for rule in spec[rules]
        for peer in rule[peers]
        if "podSelector" in peer
    }


def test_nothing_listens_for_the_world(pipeline: list[Registered]) -> None:
    assert {one["spec"]["type"] for one in named(pipeline, "Service").values()} == {"ClusterIP"}
