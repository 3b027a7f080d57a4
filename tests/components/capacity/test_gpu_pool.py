from dataclasses import replace

import pytest

from components.capacity.gpu_pool import GpuPool, GpuPoolArgs
from tests.support.engine import Registered, deploy

ARGS = GpuPoolArgs(
    pool="gpu24",
    cluster_name="test",
    node_role_arn="arn:aws:iam::111122223333:role/nodes",
    subnet_ids={"us-east-1a": "subnet-a"},
    security_group_ids=["sg"],
    instance_types=("g6.2xlarge", "g5.2xlarge"),
    max_nodes=4,
    disk_gib=200,
)


def group(args: GpuPoolArgs = ARGS) -> Registered:
    _, resources = deploy(lambda: GpuPool("gpu24", args))
    (found,) = [one for one in resources if one.type == "aws:eks/nodeGroup:NodeGroup"]
    return found


@pytest.mark.parametrize(("spot", "capacity"), [(True, "SPOT"), (False, "ON_DEMAND")])
def test_the_pool_is_bought_as_asked_for(spot: bool, capacity: str) -> None:
    assert group(replace(ARGS, spot=spot)).inputs["capacityType"] == capacity


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
