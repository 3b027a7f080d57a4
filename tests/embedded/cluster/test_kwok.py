"""KWOK in the kubelets' place: nodes live, pods start, finish and go."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.embedded.cluster.workloads import GPU, deployment, node, pod, pod_spec
from tests.support.environment import RunningControlPlane, eventually

pytestmark = pytest.mark.embedded

NODE_INFO = (
    "architecture",
    "containerRuntimeVersion",
    "kernelVersion",
    "kubeProxyVersion",
    "kubeletVersion",
    "operatingSystem",
    "osImage",
)


@pytest.fixture
def core(control_plane: RunningControlPlane) -> Any:
    return control_plane.api(client.CoreV1Api)


@pytest.fixture
def apps(control_plane: RunningControlPlane) -> Any:
    return control_plane.api(client.AppsV1Api)


@pytest.fixture
def namespace(core: Any) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:8]}"
    core.create_namespace({"metadata": {"name": name}})
    account = "metadata.name=default"
    eventually(lambda: core.list_namespaced_service_account(name, field_selector=account).items)
    yield name
    core.delete_namespace(name)


@pytest.fixture
def own_node(core: Any) -> Iterator[str]:
    name = f"cpu-{uuid.uuid4().hex[:8]}"
    core.create_node(node(name))
    yield name
    core.delete_node(name)


@pytest.fixture
def gpu_node(core: Any) -> Iterator[str]:
    name = f"gpu-{uuid.uuid4().hex[:8]}"
    core.create_node(node(name, gpus=1))
    yield name
    core.delete_node(name)


def conditions(status: Any) -> dict[str, str]:
    return {condition.type: condition.status for condition in status.conditions or []}


def wait_for_pod(core: Any, namespace: str, name: str, condition: str = "Ready") -> Any:
    def found() -> Any:
        pod = core.read_namespaced_pod(name, namespace)
        return pod if conditions(pod.status).get(condition) == "True" else None

    ready = eventually(found)
    assert ready
    return ready


def tolerant(gpu_node: str) -> dict[str, object]:
    return pod_spec(
        gpu_node,
        container={"resources": {"limits": {GPU: "1"}}},
        tolerations=[{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
    )


def test_a_node_becomes_ready_and_keeps_what_it_offers(core: Any, gpu_node: str) -> None:
    eventually(lambda: conditions(core.read_node(gpu_node).status).get("Ready") == "True")
    allocatable = core.read_node(gpu_node).status.allocatable
    assert (allocatable[GPU], allocatable["pods"]) == ("1", "58")


def test_a_node_whose_machine_looks_like_a_number_becomes_ready(core: Any) -> None:
    name = f"cpu-{uuid.uuid4().hex[:8]}"
    machine = {"systemUUID": "0123456789", "bootID": "1e10", "machineID": "0x7f"}
    described = node(name)
    # The API wants them all.
    rest = dict.fromkeys(NODE_INFO, "")
    described["status"] = {**described["status"], "nodeInfo": {**rest, **machine}}
    core.create_node(described)
    try:
        eventually(lambda: conditions(core.read_node(name).status).get("Ready") == "True")
        info = core.read_node(name).status.node_info
    finally:
        core.delete_node(name)
    assert (info.system_uuid, info.boot_id, info.machine_id) == ("0123456789", "1e10", "0x7f")
    assert (info.architecture, info.operating_system) == ("amd64", "linux")


def test_a_node_renews_its_lease(
    control_plane: RunningControlPlane, core: Any, own_node: str
) -> None:
    leases = control_plane.api(client.CoordinationV1Api)

    def renewed() -> datetime | None:
        found = leases.list_namespaced_lease(
            "kube-node-lease", field_selector=f"metadata.name={own_node}"
        ).items
        return found[0].spec.renew_time if found else None

    first = eventually(renewed)
    assert first
    assert abs((datetime.now(UTC) - first).total_seconds()) < 30
    eventually(lambda: (renewed() or first) > first)


def test_a_node_without_the_annotation_is_left_alone(core: Any) -> None:
    stranger, ours = f"real-{uuid.uuid4().hex[:8]}", f"cpu-{uuid.uuid4().hex[:8]}"
    core.create_node(node(stranger, fake=False))
    core.create_node(node(ours))
    try:
        eventually(lambda: conditions(core.read_node(ours).status).get("Ready") == "True")
        assert conditions(core.read_node(stranger).status).get("Ready") != "True"
    finally:
        core.delete_node(stranger)
        core.delete_node(ours)


def test_a_deployment_becomes_available_on_a_gpu_node(
    apps: Any, core: Any, namespace: str, gpu_node: str
) -> None:
    apps.create_namespaced_deployment(namespace, deployment("llm", tolerant(gpu_node)))
    eventually(
        lambda: apps.read_namespaced_deployment("llm", namespace).status.available_replicas == 1
    )
    (found,) = core.list_namespaced_pod(namespace).items
    assert found.spec.node_name == gpu_node
    assert found.status.phase == "Running"
    assert found.status.pod_ip


def test_a_pod_without_the_toleration_stays_pending(
    core: Any, namespace: str, gpu_node: str
) -> None:
    core.create_namespaced_pod(namespace, pod("plain", pod_spec(gpu_node)))

    def reason() -> str | None:
        status = core.read_namespaced_pod("plain", namespace).status
        scheduled = [item for item in status.conditions or [] if item.type == "PodScheduled"]
        return scheduled[0].message if scheduled else None

    assert "untolerated taint" in (eventually(reason) or "")


def test_a_node_takes_no_more_pods_than_it_has_gpus(
    apps: Any, core: Any, namespace: str, gpu_node: str
) -> None:
    apps.create_namespaced_deployment(namespace, deployment("llm", tolerant(gpu_node), replicas=2))
    eventually(
        lambda: apps.read_namespaced_deployment("llm", namespace).status.available_replicas == 1
    )

    def insufficient() -> bool:
        return any(
            "Insufficient nvidia.com/gpu" in (condition.message or "")
            for found in core.list_namespaced_pod(namespace).items
            for condition in found.status.conditions or []
        )

    eventually(insufficient)


def test_a_pod_is_running_before_a_late_readiness_probe_makes_it_ready(
    core: Any, namespace: str, own_node: str
) -> None:
    probe = {"httpGet": {"port": 8080}, "initialDelaySeconds": 60}
    spec = pod_spec(own_node, container={"readinessProbe": probe})
    core.create_namespaced_pod(namespace, pod("slow", spec))
    eventually(lambda: core.read_namespaced_pod("slow", namespace).status.phase == "Running")
    assert conditions(core.read_namespaced_pod("slow", namespace).status)["Ready"] == "False"
    wait_for_pod(core, namespace, "slow")


def test_init_containers_finish_and_sidecars_keep_running(
    core: Any, namespace: str, own_node: str
) -> None:
    first = {"name": "first", "image": "example.com/init:1"}
    sidecar = {"name": "sidecar", "image": "example.com/sidecar:1", "restartPolicy": "Always"}
    spec = pod_spec(own_node, initContainers=[first, sidecar])
    core.create_namespaced_pod(namespace, pod("staged", spec))
    ready = wait_for_pod(core, namespace, "staged")
    states = {status.name: status.state for status in ready.status.init_container_statuses}
    assert states["first"].terminated.exit_code == 0
    assert states["sidecar"].running
    assert ready.status.container_statuses[0].state.running


def test_a_readiness_gate_is_for_its_owner_to_open(
    core: Any, namespace: str, own_node: str
) -> None:
    gate = "example.com/registered"
    spec = pod_spec(own_node, readinessGates=[{"conditionType": gate}])
    core.create_namespaced_pod(namespace, pod("gated", spec))
    eventually(lambda: core.read_namespaced_pod("gated", namespace).status.phase == "Running")
    assert conditions(core.read_namespaced_pod("gated", namespace).status)["Ready"] == "False"
    opened = {"status": {"conditions": [{"type": gate, "status": "True"}]}}
    core.patch_namespaced_pod_status("gated", namespace, opened)
    wait_for_pod(core, namespace, "gated")


def test_a_job_that_never_restarts_completes(
    control_plane: RunningControlPlane, namespace: str, own_node: str
) -> None:
    batch = control_plane.api(client.BatchV1Api)
    template = {"spec": pod_spec(own_node, restartPolicy="Never")}
    spec = {"completions": 3, "parallelism": 2, "template": template}
    batch.create_namespaced_job(namespace, {"metadata": {"name": "load"}, "spec": spec})

    def status() -> Any:
        return batch.read_namespaced_job("load", namespace).status

    eventually(lambda: conditions(status()).get("Complete") == "True")
    assert status().succeeded == 3


def test_a_deleted_pod_goes_at_once(core: Any, namespace: str, own_node: str) -> None:
    core.create_namespaced_pod(namespace, pod("short", pod_spec(own_node)))
    wait_for_pod(core, namespace, "short")
    core.delete_namespaced_pod("short", namespace)
    eventually(lambda: not core.list_namespaced_pod(namespace).items)


def test_a_deleted_pod_with_a_finalizer_ends_and_waits_for_it(
    core: Any, namespace: str, own_node: str
) -> None:
    held = pod("held", pod_spec(own_node), finalizers=["example.com/hold"])
    core.create_namespaced_pod(namespace, held)
    wait_for_pod(core, namespace, "held")
    core.delete_namespaced_pod("held", namespace)
    eventually(lambda: core.read_namespaced_pod("held", namespace).status.phase == "Failed")
    core.patch_namespaced_pod("held", namespace, {"metadata": {"finalizers": None}})
    eventually(lambda: not core.list_namespaced_pod(namespace).items)


def test_an_eviction_honours_the_disruption_budget(
    control_plane: RunningControlPlane,
    apps: Any,
    core: Any,
    namespace: str,
    own_node: str,
) -> None:
    policy = control_plane.api(client.PolicyV1Api)
    apps.create_namespaced_deployment(namespace, deployment("web", pod_spec(own_node), replicas=2))
    budget = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    policy.create_namespaced_pod_disruption_budget(
        namespace, {"metadata": {"name": "web"}, "spec": budget}
    )

    def healthy() -> bool:
        status = policy.read_namespaced_pod_disruption_budget("web", namespace).status
        return bool(status and status.current_healthy == 2)

    eventually(healthy)
    victim = core.list_namespaced_pod(namespace).items[0].metadata.name
    eviction = {"metadata": {"name": victim}}
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_pod_eviction(victim, namespace, eviction)
    assert refused.value.status == 429

    policy.patch_namespaced_pod_disruption_budget("web", namespace, {"spec": {"minAvailable": 1}})
    eventually(
        lambda: (
            policy.read_namespaced_pod_disruption_budget(
                "web", namespace
            ).status.disruptions_allowed
            == 1
        )
    )
    core.create_namespaced_pod_eviction(victim, namespace, eviction)
    eventually(
        lambda: (
            victim
            not in [found.metadata.name for found in core.list_namespaced_pod(namespace).items]
        )
    )


def test_kwok_may_not_read_secrets_nor_make_pods(control_plane: RunningControlPlane) -> None:
    reviews = control_plane.api(client.AuthorizationV1Api)

    def allowed(verb: str, resource: str) -> bool:
        attributes = {"verb": verb, "resource": resource, "namespace": "default"}
        review = {"spec": {"user": "kwok", "resourceAttributes": attributes}}
        return reviews.create_subject_access_review(review).status.allowed

    assert allowed("delete", "pods")
    assert not allowed("get", "secrets")
    assert not allowed("create", "pods")
    assert not allowed("delete", "nodes")
