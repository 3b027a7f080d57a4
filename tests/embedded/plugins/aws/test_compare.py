"""Diff: what changed, where, and what that forces."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded.plugins.provider import Diff
from embedded.plugins.values import UNKNOWN
from tests.embedded.plugins.aws.conftest import Engine, Made

CLUSTER = "aws:eks/cluster:Cluster"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
VPC = "aws:ec2/vpc:Vpc"


def diff(engine: Engine, token: str, before: dict[str, Any], after: dict[str, Any]) -> Diff:
    olds = engine.checked(token, before)
    return Made(engine, token, "thing", "id", olds, {}).diff(after)


def rule(*cidrs: str, **more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [*cidrs], **more}


def test_the_same_inputs_are_no_change(offline: Engine) -> None:
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}
    assert diff(offline, VPC, inputs, inputs).changes == {}


def test_a_nested_change_is_named_to_the_last_step(offline: Engine) -> None:
    before = {"roleArn": "r", "vpcConfig": {"subnetIds": ["a"], "publicAccessCidrs": ["1.0.0.0/8"]}}
    after = {"roleArn": "r", "vpcConfig": {"subnetIds": ["a"], "publicAccessCidrs": ["2.0.0.0/8"]}}
    found = diff(offline, CLUSTER, before, after)
    assert found.changes == {"vpcConfig.publicAccessCidrs[0]": "update"}
    assert found.replaces == set()


def test_the_order_of_a_set_is_no_change(offline: Engine) -> None:
    before = {"roleArn": "r", "vpcConfig": {"subnetIds": ["a", "b"]}}
    after = {"roleArn": "r", "vpcConfig": {"subnetIds": ["b", "a"]}}
    assert diff(offline, CLUSTER, before, after).changes == {}


def test_the_order_of_rules_and_of_their_ranges_is_no_change(offline: Engine) -> None:
    before = {"ingress": [rule("1.0.0.0/8", "2.0.0.0/8"), rule("3.0.0.0/8", fromPort=80)]}
    after = {"ingress": [rule("3.0.0.0/8", fromPort=80), rule("2.0.0.0/8", "1.0.0.0/8")]}
    assert diff(offline, GROUP, before, after).changes == {}


def test_a_list_with_an_order_is_compared_in_order(offline: Engine) -> None:
    sizes = {"minSize": 0, "desiredSize": 1, "maxSize": 2}
    nodes = {"clusterName": "c", "nodeRoleArn": "r", "subnetIds": ["s"], "scalingConfig": sizes}
    token = "aws:eks/nodeGroup:NodeGroup"
    before, after = {**nodes, "instanceTypes": ["a", "b"]}, {**nodes, "instanceTypes": ["b", "a"]}
    found = diff(offline, token, before, after)
    assert found.changes == {"instanceTypes[0]": "update", "instanceTypes[1]": "update"}
    assert found.replaces == set(found.changes)


def test_a_removed_element_of_a_list_is_a_deletion(offline: Engine) -> None:
    found = diff(offline, GROUP, {"ingress": [rule("1.0.0.0/8"), rule("2.0.0.0/8")]},
                 {"ingress": [rule("2.0.0.0/8")]})  # fmt: skip
    assert found.changes == {"ingress[0]": "delete"}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [({}, {"a": "b"}, "add"), ({"a": "b"}, {"a": "c"}, "update"), ({"a": "b"}, {}, "delete")],
)
def test_tags_change_key_by_key(
    offline: Engine, before: dict[str, str], after: dict[str, str], kind: str
) -> None:
    kept = {"kept": "x"}
    found = diff(offline, VPC, {"tags": {**kept, **before}}, {"tags": {**kept, **after}})
    assert found.changes == {"tags.a": kind, "tagsAll.a": kind}


def test_a_key_with_dots_is_quoted(offline: Engine) -> None:
    key = "kubernetes.io/cluster/x"
    found = diff(offline, VPC, {"tags": {"a": "b"}}, {"tags": {"a": "b", key: "owned"}})
    assert f'tags["{key}"]' in found.changes


def test_what_cannot_change_in_place_replaces(offline: Engine) -> None:
    found = diff(offline, VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16"})
    assert found.replaces == {"cidrBlock"}


def test_another_region_replaces(offline: Engine) -> None:
    assert diff(offline, VPC, {}, {"region": "eu-west-1"}).replaces == {"region"}


def test_a_value_that_is_not_known_yet_counts_as_changed(offline: Engine) -> None:
    found = diff(offline, VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": UNKNOWN})
    assert found.changes == {"cidrBlock": "update"}
    assert found.replaces == {"cidrBlock"}


def test_what_the_service_chose_stays_when_the_program_says_nothing(offline: Engine) -> None:
    before = {"roleArn": "r", "vpcConfig": {"subnetIds": ["a"]}, "version": "1.33"}
    after = {"roleArn": "r", "vpcConfig": {"subnetIds": ["a"]}}
    assert diff(offline, CLUSTER, before, after).changes == {}


def test_a_removed_property_goes_back_to_its_default(offline: Engine) -> None:
    found = diff(offline, VPC, {"enableDnsSupport": False}, {})
    assert found.changes == {"enableDnsSupport": "update"}


def test_an_empty_list_and_none_at_all_are_the_same(offline: Engine) -> None:
    assert diff(offline, GROUP, {"ingress": []}, {}).changes == {}


def test_policies_are_compared_by_meaning(offline: Engine) -> None:
    def policy(action: Any, **more: Any) -> dict[str, str]:
        statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
        return {"policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}

    token = "aws:iam/policy:Policy"
    assert diff(offline, token, policy("s3:Get"), policy(["s3:Get"])).changes == {}
    assert diff(offline, token, policy("s3:Get"), policy("s3:Put")).changes == {"policy": "update"}


def test_a_name_that_the_program_fixed_is_deleted_first(offline: Engine) -> None:
    token = "aws:iam/role:Role"
    trust = {"assumeRolePolicy": "{}"}
    fixed = {**trust, "name": "nodes", "path": "/a/"}
    assert diff(offline, token, fixed, {**fixed, "path": "/b/"}).delete_before_replace
    made = {**trust, "path": "/a/"}
    assert not diff(offline, token, made, {**made, "path": "/b/"}).delete_before_replace
