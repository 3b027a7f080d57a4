"""Placement groups of EC2."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws.client("ec2")


def new_name() -> str:
    return f"close-{uuid.uuid4().hex[:8]}"


def test_a_group_is_told_as_it_was_made(ec2: Any) -> None:
    name = new_name()
    tags = [{"ResourceType": "placement-group", "Tags": [{"Key": "team", "Value": "ml"}]}]
    made = ec2.create_placement_group(
        GroupName=name, Strategy="partition", PartitionCount=3, TagSpecifications=tags
    )["PlacementGroup"]
    found = ec2.describe_placement_groups(GroupNames=[name])["PlacementGroups"]
    assert found == [made]
    assert (made["State"], made["Strategy"], made["PartitionCount"]) == (
        "available",
        "partition",
        3,
    )
    assert made["GroupArn"].endswith(f":placement-group/{name}")
    assert made["Tags"] == [{"Key": "team", "Value": "ml"}]


def test_groups_are_found_by_id_and_by_tag(ec2: Any) -> None:
    made = ec2.create_placement_group(GroupName=new_name(), Strategy="cluster")["PlacementGroup"]
    ec2.create_tags(Resources=[made["GroupId"]], Tags=[{"Key": "own", "Value": made["GroupId"]}])
    by_id = ec2.describe_placement_groups(GroupIds=[made["GroupId"]])
    by_tag = ec2.describe_placement_groups(
        Filters=[{"Name": "tag:own", "Values": [made["GroupId"]]}]
    )
    assert by_id["PlacementGroups"] == by_tag["PlacementGroups"]
    assert by_id["PlacementGroups"][0]["GroupName"] == made["GroupName"]


def test_a_removed_group_is_unknown(ec2: Any) -> None:
    name = new_name()
    ec2.create_placement_group(GroupName=name, Strategy="cluster")
    ec2.delete_placement_group(GroupName=name)
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup.Unknown"):
        ec2.describe_placement_groups(GroupNames=[name])
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup.Unknown"):
        ec2.delete_placement_group(GroupName=name)


def test_a_name_is_taken_once(ec2: Any) -> None:
    name = new_name()
    ec2.create_placement_group(GroupName=name, Strategy="cluster")
    with pytest.raises(ClientError, match=rf"Duplicate.*{name}"):
        ec2.create_placement_group(GroupName=name, Strategy="cluster")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"Strategy": "close"}, "'close' is not one of cluster, spread, partition"),
        ({"Strategy": "cluster", "PartitionCount": 2}, "for the strategy 'partition' only"),
        ({"Strategy": "partition", "PartitionCount": 8}, "allowed is 1 to 7"),
        ({"Strategy": "cluster", "SpreadLevel": "rack"}, "for the strategy 'spread' only"),
    ],
)
def test_what_makes_no_sense_is_refused(ec2: Any, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        ec2.create_placement_group(GroupName=new_name(), **wrong)


def test_a_node_group_s_machines_keep_their_placement_group(aws: Aws, ec2: Any) -> None:
    name = new_name()
    ec2.create_placement_group(GroupName=name, Strategy="cluster")
    data = {"Placement": {"GroupName": name}, "InstanceType": "g5.xlarge"}
    template = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    identity = template["LaunchTemplate"]["LaunchTemplateId"]
    cluster = aws.cluster()
    aws.nodegroup(cluster, launchTemplate={"id": identity, "version": "1"})
    with pytest.raises(ClientError, match=r"InUse"):
        ec2.delete_placement_group(GroupName=name)
    aws.client("eks").delete_nodegroup(clusterName=cluster["name"], nodegroupName="gpu")
    ec2.delete_placement_group(GroupName=name)


def test_a_node_group_needs_the_placement_group_of_its_template(aws: Aws, ec2: Any) -> None:
    name = new_name()
    data = {"Placement": {"GroupName": name}, "InstanceType": "g5.xlarge"}
    template = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    given = {"id": template["LaunchTemplate"]["LaunchTemplateId"], "version": "1"}
    with pytest.raises(ClientError, match=rf"Placement Group '{name}' is unknown"):
        aws.nodegroup(aws.cluster(), launchTemplate=given)
