"""Default tags, drift, errors and half-made resources, against moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from embedded.plugins.host import Host
from embedded.plugins.provider import InitFailedError, ProviderError
from tests.embedded.plugins.aws.conftest import Engine

VPC = "aws:ec2/vpc:Vpc"
GROUP = "aws:ec2/securityGroup:SecurityGroup"


@pytest.fixture(scope="module")
def tagging(make_engine: Callable[..., Engine], engine: Engine) -> Engine:
    return make_engine(defaultTags={"tags": {"Project": "ballast", "Owner": "default"}})


def test_default_tags_are_under_the_resources_own(tagging: Engine) -> None:
    made = tagging.create(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"Owner": "me"}})
    assert made.outputs["tags"] == {"Owner": "me"}
    assert made.outputs["tagsAll"] == {"Project": "ballast", "Owner": "me"}
    assert made.diff({"cidrBlock": "10.0.0.0/16", "tags": {"Owner": "me"}}).changes == {}


def test_a_tag_set_by_hand_shows_at_a_refresh(tagging: Engine) -> None:
    made = tagging.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    by_hand = {"Resources": [made.id], "Tags": [{"Key": "stray", "Value": "x"}]}
    tagging.provider._clients.call("ec2", "create_tags", by_hand)
    made.refresh()
    changes = made.diff({"cidrBlock": "10.0.0.0/16"}).changes
    assert changes.keys() == {"tags", "tagsAll.stray"}
    made.update({"cidrBlock": "10.0.0.0/16"})
    assert made.outputs["tagsAll"] == {"Project": "ballast", "Owner": "default"}


def test_a_rule_added_by_hand_shows_at_a_refresh_and_goes_at_an_update(engine: Engine) -> None:
    vpc = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    web = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    inputs = {"vpcId": vpc.id, "ingress": [web]}
    made = engine.create(GROUP, inputs)
    ssh: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    ssh["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
    params = {"GroupId": made.id, "IpPermissions": [ssh]}
    engine.provider._clients.call("ec2", "authorize_security_group_ingress", params)
    made.refresh()
    assert made.diff(inputs).changes == {"ingress[1]": "delete"}
    made.update(inputs)
    assert made.outputs["ingress"] == [web]


def test_a_change_of_rules_leaves_the_others_alone(engine: Engine) -> None:
    vpc = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    cidrs = ["10.0.0.0/8", "11.0.0.0/8"]
    web = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": cidrs}
    made = engine.create(GROUP, {"vpcId": vpc.id, "ingress": [web]})
    call = engine.provider._clients.call
    filters = {"Filters": [{"Name": "group-id", "Values": [made.id]}]}
    before = call("ec2", "describe_security_group_rules", filters)["SecurityGroupRules"]
    changed = {**web, "cidrBlocks": ["10.0.0.0/8", "12.0.0.0/8"]}
    made.update({"vpcId": vpc.id, "ingress": [changed]})
    after = call("ec2", "describe_security_group_rules", filters)["SecurityGroupRules"]
    kept = {rule["SecurityGroupRuleId"] for rule in before} & {
        rule["SecurityGroupRuleId"] for rule in after
    }
    assert [r["CidrIpv4"] for r in after if r["SecurityGroupRuleId"] in kept] == ["10.0.0.0/8"]


def test_a_resource_deleted_by_hand_is_gone_at_a_refresh(engine: Engine) -> None:
    made = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    engine.provider._clients.call("ec2", "delete_vpc", {"VpcId": made.id})
    assert made.gone


def test_an_error_of_aws_comes_with_its_code_and_message(engine: Engine) -> None:
    vpc = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    inputs = {"vpcId": vpc.id, "cidrBlock": "10.9.0.0/16"}
    with pytest.raises(ProviderError) as error:
        engine.create("aws:ec2/subnet:Subnet", inputs, "a")
    assert str(error.value).startswith("creating EC2 Subnet (a): InvalidSubnet.Range: ")


def test_what_was_made_half_is_kept_and_finished_by_an_update(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = engine.provider._clients
    whole = clients.call

    def broken(service: str, operation: str, params: dict[str, Any], region: str = "") -> Any:
        if operation == "modify_vpc_attribute":
            message = "the cloud stumbled"
            raise ProviderError(message)
        return whole(service, operation, params, region)

    inputs = {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}
    monkeypatch.setattr(clients, "call", broken)
    with pytest.raises(InitFailedError) as error:
        engine.create(VPC, inputs, "half")
    monkeypatch.undo()
    assert error.value.reasons == ["the cloud stumbled"]

    checked = engine.checked(VPC, inputs, name="half")
    target = engine.target(VPC, "half", id=error.value.identity)
    outputs = engine.provider.update(target, checked, error.value.outputs, checked)
    assert outputs["enableDnsHostnames"] is True


def test_an_id_of_another_form_is_refused_on_import(engine: Engine) -> None:
    target = engine.target("aws:eks/nodeGroup:NodeGroup", "nodes", id="nodes")
    with pytest.raises(ProviderError, match=r"the form is: \{clusterName\}:\{nodeGroupName\}"):
        engine.provider.read(target, {}, {})


def test_a_resource_in_another_region_is_made_there(engine: Engine) -> None:
    made = engine.create(VPC, {"cidrBlock": "10.0.0.0/16", "region": "eu-west-1"})
    assert made.outputs["region"] == "eu-west-1"
    assert ":eu-west-1:" in made.outputs["arn"]
    assert made.read()[0] == made.id


def test_what_moto_accepts_and_drops_is_a_warning(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    class Listener(Host):
        def warn(self, urn: str, message: str) -> None:
            said.append(message)

    monkeypatch.setattr(engine.provider, "host", Listener())
    vpc = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    one, other, third = (
        engine.create(GROUP, {"vpcId": vpc.id}, name) for name in ("one", "other", "third")
    )
    inputs = {"securityGroupId": one.id, "ipProtocol": "tcp", "fromPort": 1, "toPort": 1}
    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    rule = engine.create(token, {**inputs, "referencedSecurityGroupId": other.id})
    assert said == []
    rule.update({**inputs, "referencedSecurityGroupId": third.id})
    assert said == ["the embedded cloud did not take referencedSecurityGroupId as it was asked for"]
