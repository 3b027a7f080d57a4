from dataclasses import replace

import pytest

from components.capacity.gpu_pool import GpuPool, GpuPoolArgs
from components.cluster.node_capacity import Capacity
from components.cluster.node_storage import NodeStorage
from tests.support.engine import Registered, deploy

ARGS = GpuPoolArgs(
    pool="gpu24",
    cluster_name="test",
    node_role_arn="arn:aws:iam::111122223333:role/nodes",
    subnet_ids={"us-east-1a": "subnet-a"},
    security_group_ids=["sg"],
    instance_types=("g6.2xlarge", "g5.2xlarge"),
    max_nodes=4,
    storage=NodeStorage(disk_gib=200),
)


def group(args: GpuPoolArgs = ARGS) -> Registered:
    _, resources = deploy(lambda: GpuPool("gpu24", args))
    (found,) = [one for one in resources if one.type == "aws:eks/nodeGroup:NodeGroup"]
    return found


@pytest.mark.parametrize(
    ("capacity", "eks"),
    [("spot", "SPOT"), ("on-demand", "ON_DEMAND"), ("capacity-block", "CAPACITY_BLOCK")],
)
def test_the_pool_is_bought_as_asked_for(capacity: Capacity, eks: str) -> None:
    found = group(replace(ARGS, capacity=capacity)).inputs
    assert found["capacityType"] == eks
    assert found["labels"]["ballast/capacity-type"] == capacity


def test_the_taint_keeps_everything_away_that_needs_no_gpu() -> None:
    assert group().inputs["taints"] == [
        {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}
    ]


def test_labels_say_what_the_nodes_are() -> None:
    assert group().inputs["labels"] == {
        "accelerator": "nvidia",
        "ballast/pool": "gpu24",
        "ballast/capacity-type": "spot",
        "ballast/gpu-memory-gib": "24",
    }


def test_an_autoscaler_knows_the_nodes_before_there_is_one() -> None:
    tags, labels = group().inputs["tags"], group().inputs["labels"]
    prefix = "k8s.io/cluster-autoscaler/node-template"
    assert {key: tags[f"{prefix}/label/{key}"] for key in labels} == labels
    assert tags[f"{prefix}/taint/nvidia.com/gpu"] == "true:NoSchedule"
    assert tags[f"{prefix}/resources/nvidia.com/gpu"] == "1"


def test_nodes_run_a_system_with_the_gpu_driver() -> None:
    assert group().inputs["amiType"] == "BOTTLEROCKET_x86_64_NVIDIA"


def test_a_fabric_is_a_placement_group_and_the_types_own_interfaces() -> None:
    args = replace(ARGS, instance_types=("p5.48xlarge",), capacity="on-demand", fabric=True)
    _, resources = deploy(lambda: GpuPool("gpu80", args))
    (placement,) = [one for one in resources if one.type.endswith(":PlacementGroup")]
    assert placement.inputs["strategy"] == "cluster"
    (template,) = [one for one in resources if one.type.endswith(":LaunchTemplate")]
    assert len(template.inputs["networkInterfaces"]) == 32


def test_larger_gpus_that_stand_in_promise_no_more_than_the_smallest() -> None:
    args = replace(ARGS, instance_types=("g6e.2xlarge", "g7e.2xlarge"))
    assert group(args).inputs["labels"]["ballast/gpu-memory-gib"] == "48"
