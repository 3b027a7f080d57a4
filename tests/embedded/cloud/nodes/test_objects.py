"""Machines as Node objects."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.cloud.nodes import objects
from embedded.cloud.nodes.machines import Machine

_TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}


def _machine(**changes: Any) -> Machine:
    settings: dict[str, Any] = {
        "instance_id": "i-0123456789abcdef0",
        "instance_type": "g6.xlarge",
        "node_name": "ip-10-0-16-12.ec2.internal",
        "address": "10.0.16.12",
        "region": "us-east-1",
        "zone": "us-east-1b",
        "image_id": "ami-1",
        "disk_gib": 100,
        "cluster": "main",
        "group": "gpu",
        "capacity_type": "SPOT",
        "ami_type": "AL2023_x86_64_NVIDIA",
        "version": "1.35",
        "labels": {"pool": "gpu"},
        "taints": [_TAINT],
        "launch_template": {"id": "lt-1", "name": "gpu", "version": "3"},
        **changes,
    }
    return Machine(**settings)


def _as_stored(machine: Machine) -> objects.Node:
    node = objects.build(machine)
    node["metadata"]["resourceVersion"] = "7"
    return node


def test_a_node_has_the_labels_of_eks() -> None:
    assert objects.build(_machine())["metadata"]["labels"] == {
        "eks.amazonaws.com/capacityType": "SPOT",
        "eks.amazonaws.com/nodegroup": "gpu",
        "eks.amazonaws.com/nodegroup-image": "ami-1",
        "eks.amazonaws.com/sourceLaunchTemplateId": "lt-1",
        "eks.amazonaws.com/sourceLaunchTemplateVersion": "3",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "ip-10-0-16-12.ec2.internal",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "g6.xlarge",
        "pool": "gpu",
        "topology.kubernetes.io/region": "us-east-1",
        "topology.kubernetes.io/zone": "us-east-1b",
    }


def test_a_node_says_which_instance_it_is() -> None:
    node = objects.build(_machine())
    assert node["spec"]["providerID"] == "aws:///us-east-1b/i-0123456789abcdef0"
    assert objects.instance_id(node) == "i-0123456789abcdef0"
    assert objects.owner(node) == ("main", "gpu")


def test_the_effects_of_taints_are_written_as_kubernetes_does() -> None:
    bare = {"key": "drain", "effect": "NO_EXECUTE"}
    assert objects.taints(_machine(taints=[_TAINT, bare])) == [
        {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"},
        {"key": "drain", "effect": "NoExecute"},
    ]


def test_pods_get_what_eks_leaves_of_the_machine() -> None:
    status = objects.build(_machine())["status"]
    assert status["capacity"] == {
        "cpu": "4",
        "memory": "16384Mi",
        "pods": "58",
        "ephemeral-storage": "100Gi",
        "nvidia.com/gpu": "1",
    }
    assert status["allocatable"] == {
        "cpu": "3920m",
        "memory": f"{16384 - 893 - 100}Mi",
        "pods": "58",
        "ephemeral-storage": f"{90 * 1024 - 1024}Mi",
        "nvidia.com/gpu": "1",
    }


@pytest.mark.parametrize(
    ("ami_type", "gpus"),
    [
        ("AL2023_x86_64_STANDARD", None),
        ("BOTTLEROCKET_x86_64", None),
        ("BOTTLEROCKET_x86_64_NVIDIA", "1"),
        ("AL2_x86_64_GPU", "1"),
        ("CUSTOM", "1"),
    ],
)
def test_gpus_show_only_with_an_image_that_has_the_driver(ami_type: str, gpus: str | None) -> None:
    node = objects.build(_machine(ami_type=ami_type))
    assert node["status"]["allocatable"].get("nvidia.com/gpu") == gpus


def test_a_machine_without_gpus_has_none() -> None:
    node = objects.build(_machine(instance_type="m6i.large"))
    assert "nvidia.com/gpu" not in node["status"]["capacity"]


def test_a_node_that_is_as_wanted_is_left_alone() -> None:
    assert objects.change(_as_stored(_machine()), _machine()) is None


def test_labels_that_the_group_gave_up_are_taken_back_and_others_stay() -> None:
    node = _as_stored(_machine())
    node["metadata"]["labels"]["somebody"] = "else"
    patch = objects.change(node, _machine(labels={"tier": "a"}))
    assert patch is not None
    assert patch["metadata"]["labels"] == {"pool": None, "tier": "a"}
    assert patch["metadata"]["resourceVersion"] == "7"


def test_taints_of_others_stay_when_the_groups_change() -> None:
    node = _as_stored(_machine())
    cordon = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    node["spec"]["taints"].append(cordon)
    patch = objects.change(node, _machine(taints=[]))
    assert patch is not None
    assert patch["spec"]["taints"] == [cordon]


def test_a_node_of_somebody_else_is_not_ours() -> None:
    assert objects.is_ours(objects.build(_machine()))
    assert not objects.is_ours({"metadata": {"name": "theirs"}})
    assert not objects.is_ours({"metadata": {"name": "t", "annotations": {"a": "b"}}})
