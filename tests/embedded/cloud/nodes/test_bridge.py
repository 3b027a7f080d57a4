"""Node groups become nodes of a real control plane."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from embedded.cloud.service import NAME, Cloud
from embedded.processes import Supervisor
from tests.embedded.cloud.conftest import Aws
from tests.support.environment import RunningControlPlane, eventually, running_control_plane

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningControlPlane]:
    """A control plane and an embedded AWS of one environment."""
    folder: Path = tmp_path_factory.mktemp("both")
    with running_control_plane(folder) as running:
        cloud = Cloud(running.layout)
        try:
            cloud.start()
            yield running
        finally:
            cloud.stop()


@pytest.fixture
def cluster(both: RunningControlPlane) -> Iterator[dict[str, Any]]:
    """A cluster that leaves no nodes behind."""
    aws = Aws(both.layout)  # type: ignore[arg-type]
    cluster = aws.cluster()
    yield cluster
    eks, name = aws.client("eks"), cluster["name"]
    for group in eks.list_nodegroups(clusterName=name)["nodegroups"]:
        eks.delete_nodegroup(clusterName=name, nodegroupName=group)
    eks.delete_cluster(name=name)
    eventually(lambda: not _nodes(both))


def _aws(both: RunningControlPlane) -> Aws:
    return Aws(both.layout)  # type: ignore[arg-type]


def _nodes(both: RunningControlPlane) -> list[Any]:
    return both.api(kubernetes.CoreV1Api).list_node().items


def _scale(both: RunningControlPlane, cluster: dict[str, Any], size: int) -> None:
    _aws(both).client("eks").update_nodegroup_config(
        clusterName=cluster["name"], nodegroupName="gpu", scalingConfig={"desiredSize": size}
    )


def _group(both: RunningControlPlane, cluster: dict[str, Any], size: int, **more: Any) -> None:
    aws = _aws(both)
    scaling = {"minSize": 0, "maxSize": 5, "desiredSize": size}
    aws.nodegroup(cluster, instanceTypes=["g6.xlarge"], scalingConfig=scaling, **more)
    waiter = aws.client("eks").get_waiter("nodegroup_active")
    waiter.wait(
        clusterName=cluster["name"],
        nodegroupName="gpu",
        WaiterConfig={"Delay": 1, "MaxAttempts": 60},
    )


def test_the_cluster_has_the_control_planes_address(
    both: RunningControlPlane, cluster: dict[str, Any]
) -> None:
    api = both.api(kubernetes.CoreV1Api)
    assert cluster["endpoint"] == api.api_client.configuration.host


def test_an_active_group_has_ready_nodes_that_are_its_instances(
    both: RunningControlPlane, cluster: dict[str, Any]
) -> None:
    _group(both, cluster, 3, labels={"pool": "gpu"})
    nodes = _nodes(both)
    assert len(nodes) == 3
    for node in nodes:
        conditions = {item.type: item.status for item in node.status.conditions}
        assert conditions["Ready"] == "True"
        assert node.status.allocatable["nvidia.com/gpu"] == "1"
        assert node.metadata.labels["pool"] == "gpu"
    found = (
        _aws(both)
        .client("ec2")
        .describe_instances(Filters=[{"Name": "tag:eks:cluster-name", "Values": [cluster["name"]]}])
    )
    ids = {item["InstanceId"] for row in found["Reservations"] for item in row["Instances"]}
    assert {node.spec.provider_id.rpartition("/")[2] for node in nodes} == ids


def test_scaling_and_deleting_change_the_nodes(
    both: RunningControlPlane, cluster: dict[str, Any]
) -> None:
    _group(both, cluster, 1)
    _scale(both, cluster, 3)
    eventually(lambda: len(_nodes(both)) == 3)
    _scale(both, cluster, 0)
    eventually(lambda: len(_nodes(both)) == 0)


def test_pods_of_a_node_that_leaves_are_evicted_within_their_budget(
    both: RunningControlPlane, cluster: dict[str, Any]
) -> None:
    _group(both, cluster, 1)
    _deploy(both, replicas=1, min_available=1)
    _scale(both, cluster, 0)
    (node,) = eventually(lambda: [n for n in _nodes(both) if n.spec.unschedulable])
    policy = both.api(kubernetes.PolicyV1Api)
    policy.delete_namespaced_pod_disruption_budget("model", "default")
    eventually(lambda: not _nodes(both))
    both.api(kubernetes.AppsV1Api).delete_namespaced_deployment("model", "default")
    assert node.metadata.annotations["ballast.local/nodegroup"] == f"{cluster['name']}/gpu"


def _deploy(both: RunningControlPlane, replicas: int, min_available: int) -> None:
    labels = {"app": "model"}
    meta = {"name": "model", "labels": labels}
    container = {"name": "m", "image": "m", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    selector = {"matchLabels": labels}
    budget = {"minAvailable": min_available, "selector": selector}
    both.api(kubernetes.PolicyV1Api).create_namespaced_pod_disruption_budget(
        "default", {"metadata": meta, "spec": budget}
    )
    apps = both.api(kubernetes.AppsV1Api)
    spec = {"replicas": replicas, "selector": selector, "template": template}
    apps.create_namespaced_deployment("default", {"metadata": meta, "spec": spec})
    eventually(
        lambda: (
            apps.read_namespaced_deployment("model", "default").status.ready_replicas == replicas
        ),
        within=40,
    )


def test_after_kill_9_of_both_sides_the_nodes_are_as_wanted(
    both: RunningControlPlane, cluster: dict[str, Any]
) -> None:
    _group(both, cluster, 2)
    before = {node.metadata.name: node.spec.provider_id for node in _nodes(both)}
    supervisor = Supervisor(both.layout)
    for name in (NAME, "kube-apiserver"):
        process = supervisor.find(name)
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    Cloud(both.layout).start()
    # The control plane is away: the cloud takes the order and the bridge waits.
    _scale(both, cluster, 3)
    both.control_plane.start(print)
    nodes = eventually(lambda: found if len(found := _nodes(both)) == 3 else None, within=60)
    assert nodes
    after = {node.metadata.name: node.spec.provider_id for node in nodes}
    assert before.items() <= after.items()
