"""Previews: what cannot be known before the resource exists is unknown, the rest is said."""

from __future__ import annotations

from typing import Any

from embedded.plugins.values import UNKNOWN
from tests.embedded.plugins.aws.conftest import Engine

CLUSTER: dict[str, Any] = {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}}


def updated(
    engine: Engine,
    token: str,
    before: dict[str, Any],
    outputs: dict[str, Any],
    after: dict[str, Any],
) -> dict[str, Any]:
    olds = engine.checked(token, before)
    news = engine.checked(token, after, olds)
    target = engine.target(token, "thing", id="x", preview=True)
    return engine.provider.update(target, olds, {**olds, **outputs}, news)


def test_a_new_resource_has_its_inputs_and_unknown_outputs(offline: Engine) -> None:
    found = offline.preview("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"})
    assert found["cidrBlock"] == "10.0.0.0/16"
    assert found["enableDnsSupport"] is True
    assert found["arn"] is UNKNOWN
    assert found["enableDnsHostnames"] is UNKNOWN
    assert "__defaults" not in found


def test_what_only_the_service_fills_in_is_unknown_inside_an_object_too(offline: Engine) -> None:
    config = offline.preview("aws:eks/cluster:Cluster", CLUSTER)["vpcConfig"]
    assert config["subnetIds"] == ["s"]
    assert config["clusterSecurityGroupId"] is UNKNOWN
    assert config["publicAccessCidrs"] is UNKNOWN


def test_an_update_keeps_what_it_does_not_touch(offline: Engine) -> None:
    token = "aws:eks/cluster:Cluster"
    outputs = {"endpoint": "https://x", "vpcConfig": {"subnetIds": ["s"], "vpcId": "vpc-1"}}
    found = updated(offline, token, CLUSTER, outputs, {**CLUSTER, "tags": {"a": "b"}})
    assert found["endpoint"] == "https://x"
    assert found["vpcConfig"]["vpcId"] == "vpc-1"
    assert found["tagsAll"] == {"a": "b"}


def test_a_new_version_of_a_launch_template_is_unknown(offline: Engine) -> None:
    token = "aws:ec2/launchTemplate:LaunchTemplate"
    outputs = {"latestVersion": 1, "arn": "arn:x"}
    found = updated(offline, token, {"imageId": "a"}, outputs, {"imageId": "b"})
    assert found["latestVersion"] is UNKNOWN
    assert found["arn"] == "arn:x"


def test_a_removed_input_leaves_the_outputs(offline: Engine) -> None:
    token = "aws:iam/role:Role"
    before = {"assumeRolePolicy": "{}", "description": "nodes"}
    found = updated(offline, token, before, {}, {"assumeRolePolicy": "{}"})
    assert "description" not in found
