"""Node groups of the embedded EKS, through boto3; no control plane is there."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded

_TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}


def _refused(code: str, message: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{message}")


def _described(aws: Aws, cluster: dict[str, Any], name: str = "gpu") -> dict[str, Any]:
    eks = aws.client("eks")
    return eks.describe_nodegroup(clusterName=cluster["name"], nodegroupName=name)["nodegroup"]


def _instances(aws: Aws, cluster: dict[str, Any]) -> list[dict[str, Any]]:
    filters = [
        {"Name": "tag:eks:cluster-name", "Values": [cluster["name"]]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    found = aws.client("ec2").describe_instances(Filters=filters)["Reservations"]
    return [instance for reservation in found for instance in reservation["Instances"]]


def _template(aws: Aws, **data: Any) -> str:
    ec2, name = (
        aws.client("ec2"),
        f"template-{len(aws.client('ec2').describe_launch_templates()['LaunchTemplates'])}",
    )
    made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return made["LaunchTemplate"]["LaunchTemplateId"]


def test_what_a_group_is_made_with_is_told_again(aws: Aws) -> None:
    cluster = aws.cluster()
    asked = {
        "scalingConfig": {"minSize": 0, "maxSize": 5, "desiredSize": 3},
        "instanceTypes": ["g6.xlarge", "g5.xlarge"],
        "capacityType": "SPOT",
        "labels": {"pool": "gpu"},
        "taints": [_TAINT],
        "tags": {"team": "serving"},
        "updateConfig": {"maxUnavailablePercentage": 33},
        "nodeRepairConfig": {"enabled": True},
        "diskSize": 100,
        "version": "1.34",
    }
    created = aws.nodegroup(cluster, **asked)
    assert created["status"] == "CREATING"
    told = _described(aws, cluster)
    assert {key: told[key] for key in asked} == asked
    assert told["amiType"] == "AL2023_x86_64_NVIDIA"
    # Without a control plane there is nothing to wait for.
    assert told["status"] == "ACTIVE"


def test_its_instances_are_in_ec2_spread_over_zones_and_types(aws: Aws) -> None:
    cluster = aws.cluster()
    scaling = {"minSize": 0, "maxSize": 4, "desiredSize": 4}
    types = ["g6.xlarge", "g5.xlarge"]
    aws.nodegroup(cluster, capacityType="SPOT", instanceTypes=types, scalingConfig=scaling)
    found = _instances(aws, cluster)
    zones = Counter(item["Placement"]["AvailabilityZone"] for item in found)
    assert zones == {"us-east-1a": 2, "us-east-1b": 2}
    assert Counter(item["InstanceType"] for item in found) == {"g6.xlarge": 2, "g5.xlarge": 2}
    assert {item["InstanceLifecycle"] for item in found} == {"spot"}


def test_on_demand_takes_the_first_type(aws: Aws) -> None:
    cluster = aws.cluster()
    aws.nodegroup(cluster, instanceTypes=["m6i.large", "m7i.large"])
    assert {item["InstanceType"] for item in _instances(aws, cluster)} == {"m6i.large"}


def test_scaling_starts_and_stops_instances_in_balance(aws: Aws) -> None:
    cluster, eks = aws.cluster(), aws.client("eks")
    aws.nodegroup(cluster, scalingConfig={"minSize": 0, "maxSize": 6, "desiredSize": 1})
    for size in (5, 2, 0):
        update = eks.update_nodegroup_config(
            clusterName=cluster["name"], nodegroupName="gpu", scalingConfig={"desiredSize": size}
        )["update"]
        described = eks.describe_update(
            name=cluster["name"], nodegroupName="gpu", updateId=update["id"]
        )["update"]
        assert described["params"] == [{"type": "DesiredSize", "value": str(size)}]
        zones = Counter(i["Placement"]["AvailabilityZone"] for i in _instances(aws, cluster))
        assert zones.total() == size
        assert max(zones.values(), default=0) - min(zones.values(), default=0) <= 1


def test_labels_and_taints_are_added_changed_and_removed(aws: Aws) -> None:
    cluster, eks = aws.cluster(), aws.client("eks")
    aws.nodegroup(cluster, labels={"a": "1", "b": "2"}, taints=[_TAINT])
    changed = {**_TAINT, "value": "false"}
    eks.update_nodegroup_config(
        clusterName=cluster["name"],
        nodegroupName="gpu",
        labels={"addOrUpdateLabels": {"b": "3", "c": "4"}, "removeLabels": ["a"]},
        taints={"addOrUpdateTaints": [changed]},
    )
    told = _described(aws, cluster)
    assert told["labels"] == {"b": "3", "c": "4"}
    assert told["taints"] == [changed]
    eks.update_nodegroup_config(
        clusterName=cluster["name"], nodegroupName="gpu", taints={"removeTaints": [changed]}
    )
    assert _described(aws, cluster)["taints"] == []


def test_a_launch_template_is_told_with_id_name_and_version(aws: Aws) -> None:
    cluster = aws.cluster()
    template = _template(aws, InstanceType="g6e.xlarge")
    aws.nodegroup(cluster, launchTemplate={"id": template})
    told = _described(aws, cluster)
    assert told["launchTemplate"]["id"] == template
    assert told["launchTemplate"]["version"] == "1"
    assert "instanceTypes" not in told
    assert "diskSize" not in told
    assert {item["InstanceType"] for item in _instances(aws, cluster)} == {"g6e.xlarge"}


def test_a_new_template_version_replaces_the_instances(aws: Aws) -> None:
    cluster, eks, ec2 = aws.cluster(), aws.client("eks"), aws.client("ec2")
    template = _template(aws, InstanceType="g6.xlarge")
    aws.nodegroup(cluster, launchTemplate={"id": template, "version": "1"})
    before = {item["InstanceId"] for item in _instances(aws, cluster)}
    ec2.create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData={"InstanceType": "g6.2xlarge"}
    )
    eks.update_nodegroup_version(
        clusterName=cluster["name"],
        nodegroupName="gpu",
        launchTemplate={"id": template, "version": "2"},
    )
    after = _instances(aws, cluster)
    assert {item["InstanceType"] for item in after} == {"g6.2xlarge"}
    assert before.isdisjoint(item["InstanceId"] for item in after)
    assert _described(aws, cluster)["launchTemplate"]["version"] == "2"


def test_a_deleted_group_is_gone_with_its_instances(aws: Aws) -> None:
    cluster, eks = aws.cluster(), aws.client("eks")
    aws.nodegroup(cluster)
    assert len(_instances(aws, cluster)) == 2
    eks.delete_nodegroup(clusterName=cluster["name"], nodegroupName="gpu")
    eks.get_waiter("nodegroup_deleted").wait(clusterName=cluster["name"], nodegroupName="gpu")
    assert _instances(aws, cluster) == []
    assert eks.list_nodegroups(clusterName=cluster["name"])["nodegroups"] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"instanceTypes": ["g6.tiny"]}, r"instance types do not exist: \[g6.tiny\]"),
        ({"instanceTypes": ["x2iedn.xlarge"]}, "Unknown instance type .*cannot make nodes of it"),
        ({"instanceTypes": ["m6i.large", "m7g.large"]}, "different architectures"),
        (
            {"instanceTypes": ["m7g.large"], "amiType": "AL2023_x86_64_STANDARD"},
            "not a valid instance type for requested amiType",
        ),
        ({"amiType": "CUSTOM"}, "needs a launch template that names an image"),
        (
            {"scalingConfig": {"minSize": 3, "maxSize": 4, "desiredSize": 2}},
            "Minimum capacity 3 can't be greater than desired size 2",
        ),
        (
            {"scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 2}},
            "desired capacity 2 can't be greater than max size 1",
        ),
        ({"labels": {"eks.amazonaws.com/x": "y"}}, "cannot contain reserved prefixes"),
        ({"labels": {"node.kubernetes.io/x": "y"}}, "cannot contain reserved prefixes"),
        ({"taints": [_TAINT, _TAINT]}, "there twice"),
        ({"version": "1.30"}, "unsupported Kubernetes version 1.30"),
        ({"version": "1.31"}, "1.31 is invalid for cluster version 1.35"),
        ({"launchTemplate": {"name": "nobody"}}, "launchTemplate: nobody does not exist"),
        ({"nodeRole": "arn:aws:iam::123456789012:role/nobody"}, "could not be assumed"),
        ({"subnets": ["subnet-1"]}, "'subnet-1' does not exist"),
    ],
)
def test_what_aws_refuses_is_refused(aws: Aws, settings: dict[str, Any], message: str) -> None:
    with _refused("InvalidParameterException", message):
        aws.nodegroup(aws.cluster(), **settings)


def test_template_and_group_do_not_say_the_same_thing_twice(aws: Aws) -> None:
    cluster = aws.cluster()
    template = {"id": _template(aws, InstanceType="g6.xlarge")}
    with _refused("InvalidParameterException", "within the launch template"):
        aws.nodegroup(cluster, launchTemplate=template, diskSize=20)
    with _refused("InvalidParameterException", "name them once"):
        aws.nodegroup(cluster, launchTemplate=template, instanceTypes=["g6.xlarge"])


def test_subnets_of_another_vpc_are_refused(aws: Aws) -> None:
    with _refused("InvalidParameterException", "in the VPC of the cluster"):
        aws.nodegroup(aws.cluster(), subnets=aws.subnets())
