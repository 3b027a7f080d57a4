from dataclasses import replace
from typing import Any

import pytest

from components.cluster.node_capacity import Fabric
from components.cluster.node_group import NodeGroup, NodeGroupArgs, generation
from components.cluster.node_storage import NodeStorage
from tests.support.engine import Registered, deploy

ARGS = NodeGroupArgs(
    cluster_name="test",
    node_role_arn="arn:aws:iam::111122223333:role/nodes",
    subnet_ids={"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"},
    security_group_ids=["sg"],
    instance_types=("m7i.xlarge",),
    ami_type="BOTTLEROCKET_x86_64",
    capacity="on-demand",
    min_nodes=1,
    desired_nodes=2,
    max_nodes=3,
    storage=NodeStorage(disk_gib=100),
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
        {"capacity": "spot"},
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
        {"storage": NodeStorage(disk_gib=300)},
        {"reservation_id": "cr-0123456789abcdef0"},
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


def template(args: NodeGroupArgs) -> dict[str, Any]:
    return build(args)["LaunchTemplate"].inputs


def test_the_data_volume_is_as_fast_as_was_asked_for() -> None:
    fast = NodeStorage(disk_gib=300, iops=4000, throughput_mib=1000)
    disks = {
        disk["deviceName"]: disk["ebs"]
        for disk in template(replace(ARGS, storage=fast))["blockDeviceMappings"]
    }
    assert (disks["/dev/xvdb"]["iops"], disks["/dev/xvdb"]["throughput"]) == (4000, 1000)
    assert disks["/dev/xvda"]["throughput"] == 125


def test_machines_carry_the_tags_that_only_machines_need() -> None:
    specifications = template(replace(ARGS, instance_tags={"handled": ""}))["tagSpecifications"]
    tags = {one["resourceType"]: one["tags"] for one in specifications}
    assert tags["instance"].keys() - tags["volume"].keys() == {"handled"}


def test_a_reservation_is_taken_and_nothing_else() -> None:
    found = template(replace(ARGS, reservation_id="cr-0123456789abcdef0"))
    target = found["capacityReservationSpecification"]["capacityReservationTarget"]
    assert target == {"capacityReservationId": "cr-0123456789abcdef0"}
    assert "capacityReservationSpecification" not in template(ARGS)


def test_a_capacity_block_is_named_as_the_market() -> None:
    block = replace(ARGS, capacity="capacity-block", reservation_id="cr-0123456789abcdef0")
    assert template(block)["instanceMarketOptions"] == {"marketType": "capacity-block"}
    assert build(block)["NodeGroup"].inputs["capacityType"] == "CAPACITY_BLOCK"
    assert "instanceMarketOptions" not in template(ARGS)


def test_a_fabric_has_one_interface_a_card_and_one_address() -> None:
    found = template(replace(ARGS, fabric=Fabric(interfaces=4, placement_group="close")))
    interfaces = found["networkInterfaces"]
    assert [one["networkCardIndex"] for one in interfaces] == [0, 1, 2, 3]
    assert [one["interfaceType"] for one in interfaces] == ["efa", *["efa-only"] * 3]
    assert [one["deviceIndex"] for one in interfaces] == [0, 1, 1, 1]
    assert all(one["securityGroups"] == ["sg"] for one in interfaces)
    # EC2 refuses groups in both places.
    assert "vpcSecurityGroupIds" not in found
    assert found["placement"] == {"groupName": "close"}


def test_ordinary_machines_have_ordinary_interfaces() -> None:
    assert template(ARGS)["vpcSecurityGroupIds"] == ["sg"]
    assert not {"networkInterfaces", "placement"} & template(ARGS).keys()
