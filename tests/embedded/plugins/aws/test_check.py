"""Check: everything wrong is said at once, with property, value and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.plugins.provider import Failure, ProviderError
from embedded.plugins.values import UNKNOWN
from tests.embedded.plugins.aws.conftest import Engine

VPC = "aws:ec2/vpc:Vpc"
NODES = "aws:eks/nodeGroup:NodeGroup"
GROUP: dict[str, Any] = {
    "clusterName": "c",
    "nodeRoleArn": "arn:aws:iam::123456789012:role/nodes",
    "subnetIds": ["subnet-1"],
    "scalingConfig": {"minSize": 0, "desiredSize": 1, "maxSize": 2},
}


def failures(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, str]:
    found: list[Failure] = engine.check(token, inputs)[1]
    return {failure.property: failure.reason for failure in found}


def test_a_property_that_pulumi_aws_lacks_is_named_with_what_was_meant(offline: Engine) -> None:
    reason = failures(offline, VPC, {"cidrBlok": "10.0.0.0/16"})["cidrBlok"]
    assert "cidrBlok is not a property" in reason
    assert "did you mean cidrBlock" in reason


def test_a_nested_property_that_pulumi_aws_lacks_is_named_with_its_path(offline: Engine) -> None:
    inputs = {**GROUP, "scalingConfig": {"minSize": 0, "desired": 1, "maxSize": 2}}
    found = failures(offline, NODES, inputs)
    assert "scalingConfig.desired" in found
    assert "scalingConfig.desiredSize is missing" in found["scalingConfig.desiredSize"]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"labels": ["a"]}, "labels must be a map; got list"),
        ({"subnetIds": "subnet-1"}, "subnetIds must be a list; got str"),
        ({"diskSize": "big"}, 'diskSize must be an integer; got str "big"'),
        ({"diskSize": True}, "diskSize must be an integer; got bool true"),
        ({"scalingConfig": 3}, "scalingConfig must be an object; got int 3"),
        ({"forceUpdateVersion": 1}, "forceUpdateVersion must be a boolean; got int 1"),
    ],
)
def test_a_value_of_the_wrong_type_is_shown(
    offline: Engine, value: dict[str, Any], wanted: str
) -> None:
    found = failures(offline, NODES, {**GROUP, **value})
    assert any(reason.startswith(wanted) for reason in found.values()), found


def test_missing_required_properties_are_all_named(offline: Engine) -> None:
    assert failures(offline, NODES, {}).keys() == GROUP.keys()


def test_a_value_outside_the_allowed_ones_is_shown_with_them(offline: Engine) -> None:
    taint = {"key": "gpu", "effect": "NoSchedule"}
    reason = failures(offline, NODES, {**GROUP, "taints": [taint]})["taints[0].effect"]
    assert reason == (
        "taints[0].effect is 'NoSchedule'; allowed are: NO_EXECUTE, NO_SCHEDULE, PREFER_NO_SCHEDULE"
    )


def test_sizes_that_contradict_each_other_are_refused(offline: Engine) -> None:
    sizes = {"minSize": 3, "desiredSize": 1, "maxSize": 2}
    reason = failures(offline, NODES, {**GROUP, "scalingConfig": sizes})["scalingConfig"]
    assert "minSize 3, desiredSize 1, maxSize 2" in reason


def test_sizes_that_are_not_known_yet_are_not_judged(offline: Engine) -> None:
    sizes = {"minSize": UNKNOWN, "desiredSize": 1, "maxSize": 0}
    assert failures(offline, NODES, {**GROUP, "scalingConfig": sizes}) == {}


def test_a_property_that_is_not_carried_is_refused_and_not_dropped(offline: Engine) -> None:
    reason = failures(offline, VPC, {"ipv4IpamPoolId": "ipam-pool-1"})["ipv4IpamPoolId"]
    assert "not supported by the embedded AWS provider" in reason


def test_a_nested_property_that_is_not_carried_is_refused(offline: Engine) -> None:
    repair = {"enabled": True, "nodeRepairConfigOverrides": []}
    inputs = {**GROUP, "nodeRepairConfig": repair}
    found = failures(offline, NODES, inputs)
    assert "not supported" in found["nodeRepairConfig.nodeRepairConfigOverrides"]


def test_what_only_aws_sets_cannot_be_set(offline: Engine) -> None:
    inputs = {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"], "vpcId": "vpc-1"}}
    reason = failures(offline, "aws:eks/cluster:Cluster", inputs)["vpcConfig.vpcId"]
    assert "decided by AWS" in reason


def test_an_endpoint_closed_on_both_sides_is_refused(offline: Engine) -> None:
    config = {
        "subnetIds": ["s"],
        "endpointPublicAccess": False,
        "endpointPrivateAccess": False,
    }
    found = failures(offline, "aws:eks/cluster:Cluster", {"roleArn": "r", "vpcConfig": config})
    assert "nobody could reach it" in found["vpcConfig.endpointPrivateAccess"]


def test_an_unknown_type_is_named_with_what_to_do(offline: Engine) -> None:
    with pytest.raises(ProviderError) as error:
        offline.check("aws:ec2/vpcs:Vpcs", {})
    assert "aws:ec2/vpcs:Vpcs is not supported" in str(error.value)
    assert "close to it are: aws:ec2/vpc:Vpc" in str(error.value)
    assert "released plugin" in str(error.value)


def test_defaults_are_filled_in_nested_ones_too(offline: Engine) -> None:
    assert offline.checked(VPC, {"cidrBlock": "10.0.0.0/16"})["enableDnsSupport"] is True
    cluster = {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}}
    config = offline.checked("aws:eks/cluster:Cluster", cluster)["vpcConfig"]
    assert config["endpointPublicAccess"] is True


def test_scalars_take_their_declared_type(offline: Engine) -> None:
    checked = offline.checked(NODES, {**GROUP, "diskSize": "80", "version": 1.33})
    assert (checked["diskSize"], checked["version"]) == (80, "1.33")


def test_a_policy_given_as_an_object_becomes_json(offline: Engine) -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    checked = offline.checked("aws:iam/policy:Policy", {"policy": document})
    assert checked["policy"] == '{"Version":"2012-10-17","Statement":[]}'


def test_unknown_values_pass(offline: Engine) -> None:
    inputs = {"vpcId": UNKNOWN, "cidrBlock": UNKNOWN, "tags": {"Name": UNKNOWN}}
    checked = offline.checked("aws:ec2/subnet:Subnet", inputs)
    assert checked["vpcId"] is UNKNOWN
    assert checked["tagsAll"] is UNKNOWN


def test_the_inputs_of_an_import_pass(offline: Engine) -> None:
    imported = {"cidrBlock": "10.0.0.0/16", "tagsAll": {"a": "b"}, "tags": {"a": "b"}}
    checked = offline.checked(VPC, {**imported, "__defaults": []})
    assert checked["tagsAll"] == {"a": "b"}
