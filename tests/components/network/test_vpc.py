from collections import Counter
from ipaddress import IPv4Network

import pytest

from components.network.subnets import plan
from components.network.vpc import Nat, Vpc, VpcArgs
from tests.support.engine import Registered, deploy

ZONES = ("us-east-1a", "us-east-1b")
CIDR = IPv4Network("10.0.0.0/16")


def build(nat: Nat = "single") -> list[Registered]:
    args = VpcArgs(
        cidr=CIDR,
        subnets={tier: plan(CIDR, ZONES, tier) for tier in ("public", "private", "isolated")},
        nat=nat,
        cluster_name="test",
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
