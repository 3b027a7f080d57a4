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

    clients = engine.provider._clients
    whole = clients.call

    def forgetful(service: str, operation: str, params: dict[str, Any], region: str = "") -> Any:
        if operation == "modify_subnet_attribute":
            return {}
        return whole(service, operation, params, region)

    monkeypatch.setattr(engine.provider, "host", Listener())
    vpc = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    inputs = {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24"}
    subnet = engine.create("aws:ec2/subnet:Subnet", inputs)
    assert said == []
    monkeypatch.setattr(clients, "call", forgetful)
    subnet.update({**inputs, "mapPublicIpOnLaunch": True})
    assert said == ["the embedded cloud did not take mapPublicIpOnLaunch as it was asked for"]


def test_a_nat_gateway_is_replaced_with_the_same_address(engine: Engine) -> None:
    vpc = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    subnet = "aws:ec2/subnet:Subnet"
    first = engine.create(subnet, {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24"}, "first")
    second = engine.create(subnet, {"vpcId": vpc.id, "cidrBlock": "10.0.2.0/24"}, "second")
    address = engine.create("aws:ec2/eip:Eip", {"domain": "vpc"})
    token = "aws:ec2/natGateway:NatGateway"
    inputs = {"subnetId": first.id, "allocationId": address.id}
    old = engine.create(token, inputs)
    moved = {**inputs, "subnetId": second.id}
    assert old.diff(moved).replaces == {"subnetId"}
    with pytest.raises(ProviderError, match=r"Resource\.AlreadyAssociated"):
        engine.create(token, moved, "new")
    old.delete()
    new = engine.create(token, moved)
    assert new.outputs["publicIp"] == old.outputs["publicIp"]


def test_a_rule_s_source_of_another_kind_is_another_rule(engine: Engine) -> None:
    vpc = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    group = engine.create(GROUP, {"vpcId": vpc.id})
    rule = {"securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 1, "toPort": 1}
    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    made = engine.create(token, {**rule, "cidrIpv4": "10.0.0.0/8"})
    assert made.diff({**rule, "cidrIpv4": "11.0.0.0/8"}).replaces == set()
    other = made.diff({**rule, "referencedSecurityGroupId": group.id})
    assert other.replaces == {"cidrIpv4", "referencedSecurityGroupId"}


def test_a_subnet_can_lie_in_a_second_range_of_its_vpc(engine: Engine) -> None:
    vpc = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    table = engine.create("aws:ec2/routeTable:RouteTable", {"vpcId": vpc.id})
    token = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
    second = engine.create(token, {"vpcId": vpc.id, "cidrBlock": "100.64.0.0/16"})
    inside = {"vpcId": vpc.id, "cidrBlock": "100.64.0.0/18"}
    subnet = engine.create("aws:ec2/subnet:Subnet", inside)
    assert table.diff({"vpcId": vpc.id}).changes == {}
    subnet.delete()
    second.delete()
    assert second.gone
    assert not table.gone
    with pytest.raises(ProviderError, match=r"InvalidSubnet\.Range"):
        engine.create("aws:ec2/subnet:Subnet", inside, "outside")


def test_a_peering_is_accepted_and_routed_from_both_sides(engine: Engine) -> None:
    ours = engine.create(VPC, {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True}, "ours")
    theirs = engine.create(VPC, {"cidrBlock": "10.2.0.0/16", "enableDnsHostnames": True}, "theirs")
    asked = {"vpcId": ours.id, "peerVpcId": theirs.id, "peerOwnerId": "123456789012"}
    peering = engine.create("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", asked)
    assert peering.outputs["acceptStatus"] == "pending-acceptance"
    named = {"vpcPeeringConnectionId": peering.id}
    accepter = engine.create(
        "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        {**named, "autoAccept": True, "accepter": {"allowRemoteVpcDnsResolution": True}},
    )
    assert accepter.outputs["acceptStatus"] == "active"
    options = engine.create(
        "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions",
        {**named, "requester": {"allowRemoteVpcDnsResolution": True}},
    )
    peering.refresh()
    for made in (peering, accepter, options):
        made.refresh()
        assert made.outputs["requester"] == {"allowRemoteVpcDnsResolution": True}
        assert made.outputs["accepter"] == {"allowRemoteVpcDnsResolution": True}
    for vpc, there in ((ours, "10.2.0.0/16"), (theirs, "10.1.0.0/16")):
        table = engine.create("aws:ec2/routeTable:RouteTable", {"vpcId": vpc.id}, vpc.name)
        route = {"routeTableId": table.id, "destinationCidrBlock": there, **named}
        made = engine.create("aws:ec2/route:Route", route, vpc.name)
        assert made.outputs["state"] == "active"
        made.delete()
    peering.delete()
    assert peering.gone
