from collections import Counter
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.network.nat import Nat
from components.network.subnets import Tier, place_pods, plan
from components.network.vpc import PodNetwork, Vpc, VpcArgs
from tests.support.engine import Registered, deploy

ZONES = ("us-east-1a", "us-east-1b")
CIDR = IPv4Network("10.0.0.0/16")


TIERS: tuple[Tier, ...] = ("public", "private", "serving", "isolated")
BLOCK = IPv4Network("100.64.0.0/16")


def build(
    nat: Nat = "single",
    *,
    tiers: tuple[Tier, ...] = ("public", "private", "isolated"),
    pods: bool = False,
    api_callers: tuple[str, ...] = (),
    cluster_name: str | None = "test",
) -> list[Registered]:
    places = {zone: place_pods(BLOCK, zone) for zone in ZONES}
    args = VpcArgs(
        cidr=CIDR,
        subnets={tier: plan(CIDR, ZONES, tier) for tier in tiers},
        pods=PodNetwork(block=BLOCK, subnets=places) if pods else None,
        nat=nat,
        api_callers=api_callers,
        cluster_name=cluster_name,
        tags={"Owner": "tests"},
    )
    _, resources = deploy(lambda: Vpc("network", args))
    return resources


def of(resources: list[Registered], kind: str) -> list[Registered]:
    return [one for one in resources if one.type.endswith(f":{kind}")]


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("per-zone", 2)])
def test_there_are_as_many_nat_gateways_as_asked_for(nat: Nat, gateways: int) -> None:
    resources = build(nat)
    assert len(of(resources, "NatGateway")) == gateways
    assert len(of(resources, "Eip")) == gateways


def test_only_public_subnets_have_a_route_to_the_internet_gateway() -> None:
    routes = [one for one in of(build(), "Route") if "gatewayId" in one.inputs]
    assert sorted(one.inputs["routeTableId"] for one in routes) == [
        f"network-public-routes-{zone}-id" for zone in ZONES
    ]


def test_isolated_subnets_have_no_route_at_all() -> None:
    tables = [one.inputs["routeTableId"] for one in of(build("per-zone"), "Route")]
    assert not any("isolated" in table for table in tables)


def test_with_one_nat_gateway_every_private_subnet_uses_it() -> None:
    routes = [one for one in of(build("single"), "Route") if "natGatewayId" in one.inputs]
    assert Counter(one.inputs["natGatewayId"] for one in routes) == {"network-nat-us-east-1a-id": 2}


def test_no_subnet_hands_out_public_addresses() -> None:
    assert {one.inputs["mapPublicIpOnLaunch"] for one in of(build(), "Subnet")} == {False}


def test_the_default_security_group_lets_nothing_through() -> None:
    (group,) = of(build(), "DefaultSecurityGroup")
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])


def test_the_load_balancer_controller_finds_its_subnets() -> None:
    tags = {one.name: one.inputs["tags"] for one in of(build(), "Subnet")}
    assert tags["network-public-subnet-us-east-1a"]["kubernetes.io/role/elb"] == "1"
    assert tags["network-private-subnet-us-east-1a"]["kubernetes.io/role/internal-elb"] == "1"
    assert "kubernetes.io/role/elb" not in tags["network-isolated-subnet-us-east-1a"]
    assert all(one["kubernetes.io/cluster/test"] == "shared" for one in tags.values())


def test_serving_nodes_and_pods_get_ways_out_of_their_own() -> None:
    resources = build("per-zone", tiers=TIERS, pods=True)
    tables = {one.inputs["routeTableId"] for one in of(resources, "Route")}
    for tier in ("private", "serving", "pods"):
        assert {f"network-{tier}-routes-{zone}-id" for zone in ZONES} <= tables


def test_karpenter_discovers_the_tiers_with_nodes_and_can_tell_them_apart() -> None:
    resources = build(tiers=TIERS, pods=True)
    tiers = {
        one.inputs["tags"]["ballast:tier"]
        for one in of(resources, "Subnet")
        if one.inputs["tags"].get("karpenter.sh/discovery") == "test"
    }
    assert tiers == {"private", "serving"}


def test_without_a_cluster_no_tag_speaks_of_one() -> None:
    keys = {key for one in of(build(cluster_name=None), "Subnet") for key in one.inputs["tags"]}
    assert not [key for key in keys if "kubernetes" in key or "karpenter" in key]


def test_pods_of_their_own_network_lie_in_the_second_block() -> None:
    resources = build(pods=True)
    (block,) = of(resources, "VpcIpv4CidrBlockAssociation")
    assert block.inputs["cidrBlock"] == str(BLOCK)
    places = [
        IPv4Network(one.inputs["cidrBlock"])
        for one in of(resources, "Subnet")
        if one.inputs["tags"]["ballast:tier"] == "pods"
    ]
    assert len(places) == len(ZONES)
    assert all(place.subnet_of(BLOCK) for place in places)


def acl(**options: Any) -> Registered:
    (found,) = of(build(**options), "NetworkAcl")
    return found


def test_only_named_networks_get_into_the_isolated_tier() -> None:
    found = acl(pods=True, api_callers=("10.64.0.0/17",))
    assert {rule["cidrBlock"] for rule in found.inputs["ingress"]} == {
        "10.0.0.0/16",
        "100.64.0.0/16",
        "10.64.0.0/17",
    }
    assert sorted(found.inputs["subnetIds"]) == [f"network-isolated-subnet-{z}-id" for z in ZONES]


def test_a_peer_reaches_the_api_and_gets_replies_and_no_more() -> None:
    found = acl(api_callers=("10.64.0.0/17",))
    into, out = (
        [
            (rule["fromPort"], rule["toPort"])
            for rule in found.inputs[direction]
            if rule["cidrBlock"] == "10.64.0.0/17"
        ]
        for direction in ("ingress", "egress")
    )
    assert into == [(443, 443)]
    assert out == [(1024, 65535)]


def test_every_rule_of_the_isolated_tier_has_a_number_of_its_own() -> None:
    found = acl(api_callers=("10.64.0.0/17", "10.80.0.0/17"))
    for direction in ("ingress", "egress"):
        numbers = [rule["ruleNo"] for rule in found.inputs[direction]]
        assert len(numbers) == len(set(numbers))
        assert all(1 <= number < 32767 for number in numbers)


def test_the_default_network_acl_is_left_as_it_is() -> None:
    assert not of(build(), "DefaultNetworkAcl")
