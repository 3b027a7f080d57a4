from dataclasses import replace

import pytest

from components.cluster.node_group import NodeGroup, NodeGroupArgs, generation
from tests.support.engine import Registered, deploy

ARGS = NodeGroupArgs(
    cluster_name="test",
    node_role_arn="arn:aws:iam::111122223333:role/nodes",
    subnet_ids={"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"},
    security_group_ids=["sg"],
    instance_types=("m7i.xlarge",),
    ami_type="BOTTLEROCKET_x86_64",
    spot=False,
    min_nodes=1,
    desired_nodes=2,
    max_nodes=3,
    disk_gib=100,
    labels={"ballast/pool": "test"},
)


def build(args: NodeGroupArgs = ARGS) -> dict[str, Registered]:
    _, resources = deploy(lambda: NodeGroup("nodes", args))
    return {resource.type.split(":")[-1]: resource for resource in resources}


@pytest.mark.parametrize(
    "change",
    [
        {"instance_types": ("m7i.2xlarge",)},
        {"ami_type": "AL2023_x86_64_STANDARD"},
        {"spot": True},
        {"subnet_ids": {"us-east-1a": "subnet-a"}},
    ],
)
def test_what_eks_cannot_change_gives_the_group_another_name(change: dict[str, object]) -> None:
    assert generation(replace(ARGS, **change)) != generation(ARGS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"max_nodes": 9},
        {"labels": {"other": "label"}},
        {"disk_gib": 300},
        {"subnet_ids": {"us-east-1b": "other-b", "us-east-1a": "other-a"}},
    ],
)
def test_what_eks_can_change_leaves_the_name(change: dict[str, object]) -> None:
    assert generation(replace(ARGS, **change)) == generation(ARGS)  # type: ignore[arg-type]


def test_nodes_give_no_pod_their_role() -> None:
    options = build()["LaunchTemplate"].inputs["metadataOptions"]
    assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)


def test_every_volume_is_encrypted() -> None:
    disks = build()["LaunchTemplate"].inputs["blockDeviceMappings"]
    assert [disk["ebs"]["encrypted"] for disk in disks] == ["true"] * len(disks)


def test_bottlerocket_gets_its_room_on_the_second_volume() -> None:
    disks = build()["LaunchTemplate"].inputs["blockDeviceMappings"]
    sizes = {disk["deviceName"]: disk["ebs"]["volumeSize"] for disk in disks}
    assert sizes["/dev/xvdb"] == 100


def test_another_system_gets_its_room_on_the_only_volume() -> None:
    template = build(replace(ARGS, ami_type="AL2023_x86_64_STANDARD"))["LaunchTemplate"]
    disks = template.inputs["blockDeviceMappings"]
    assert [(d["deviceName"], d["ebs"]["volumeSize"]) for d in disks] == [("/dev/xvda", 100)]


def test_nobody_gets_in_by_ssh() -> None:
    registered = build()
    assert "keyName" not in registered["LaunchTemplate"].inputs
    assert "remoteAccess" not in registered["NodeGroup"].inputs
