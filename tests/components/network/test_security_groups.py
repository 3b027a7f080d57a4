from collections import Counter

import pytest

from components.network import flows
from components.network.flows import EVERYWHERE, Shape
from components.network.security_groups import SecurityGroups, SecurityGroupsArgs
from tests.support.engine import Registered, deploy

INSIDE = "10.0.0.0/16"


def shape(
    *,
    clients: str = INSIDE,
    cluster: bool = True,
    dedicated_serving: bool = False,
    endpoints: bool = False,
) -> Shape:
    return Shape(
        cluster=cluster,
        dedicated_serving=dedicated_serving,
        endpoints=endpoints,
        gateway_port=8080,
        clients=clients,
    )


FULL = shape(dedicated_serving=True, endpoints=True)
SHARED = shape(cluster=False, endpoints=True)
SHAPES = pytest.mark.parametrize("found", [shape(), FULL, SHARED], ids=["lean", "full", "shared"])


def build(found: Shape) -> list[Registered]:
    cluster = "test" if found.cluster else None
    args = SecurityGroupsArgs(vpc_id="vpc", shape=found, cluster_name=cluster)
    _, resources = deploy(lambda: SecurityGroups("access", args))
    return resources


def rules(resources: list[Registered], direction: str) -> list[Registered]:
    return [one for one in resources if one.type.endswith(f":SecurityGroup{direction}Rule")]


@SHAPES
def test_nothing_is_open_to_the_world_unless_https_is_asked_for(found: Shape) -> None:
    assert all(one.inputs.get("cidrIpv4") != EVERYWHERE for one in rules(build(found), "Ingress"))


def test_asked_for_https_opens_the_load_balancer_and_nothing_else() -> None:
    (rule,) = [
        one
        for one in rules(build(shape(clients=EVERYWHERE)), "Ingress")
        if one.inputs.get("cidrIpv4") == EVERYWHERE
    ]
    assert rule.inputs["securityGroupId"] == "access-load-balancer-id"
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (443, 443)


@SHAPES
def test_rules_between_tiers_name_groups_and_not_addresses(found: Shape) -> None:
    peers = {
        one.inputs["securityGroupId"]: one.inputs.get("referencedSecurityGroupId")
        for one in rules(build(found), "Ingress")
        if "load-balancer" not in one.inputs["securityGroupId"]
    }
    assert all(peers.values())


@SHAPES
@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
def test_every_rule_says_what_it_is_for(found: Shape, direction: str) -> None:
    assert all(one.inputs["description"] for one in rules(build(found), direction))


@SHAPES
def test_what_one_tier_sends_the_other_lets_in(found: Shape) -> None:
    resources = build(found)
    let_in = {
        (one.inputs["referencedSecurityGroupId"], one.inputs["securityGroupId"], port(one))
        for one in rules(resources, "Ingress")
        if "referencedSecurityGroupId" in one.inputs
    }
    sent = {
        (one.inputs["securityGroupId"], one.inputs["referencedSecurityGroupId"], port(one))
        for one in rules(resources, "Egress")
        if "referencedSecurityGroupId" in one.inputs
    }
    assert sent == let_in


@SHAPES
def test_what_leaves_for_everywhere_is_https_alone(found: Shape) -> None:
    leaving = [
        one for one in rules(build(found), "Egress") if one.inputs.get("cidrIpv4") == EVERYWHERE
    ]
    assert {port(one) for one in leaving} == {("tcp", 443, 443)}


def test_all_ports_are_open_within_a_group_only() -> None:
    wide = [one for one in flows.flows(FULL) if one.protocol == "-1"]
    assert {(one.source, one.target) for one in wide} == {
        ("nodes", "nodes"),
        ("serving", "serving"),
    }


def test_serving_nodes_are_reached_from_within_the_network_only() -> None:
    sources = {one.source for one in flows.flows(FULL) if one.target == "serving"}
    assert sources == {"nodes", "cluster", "serving", "load-balancer"}


def test_load_balancers_reach_the_gateway_s_port_alone() -> None:
    reached = {one.ports for one in flows.flows(FULL) if one.source == "load-balancer"}
    assert reached == {(8080, 8080)}


def test_endpoints_call_nobody() -> None:
    assert not [one for one in flows.flows(FULL) if one.source == "endpoints"]


def test_a_network_without_a_cluster_has_groups_of_shared_services_only() -> None:
    assert list(flows.groups(SHARED)) == ["services", "endpoints"]


@SHAPES
def test_every_side_of_a_flow_is_a_group_or_a_network(found: Shape) -> None:
    known = flows.groups(found)
    for flow in flows.flows(found):
        assert all(side in known or "/" in side for side in (flow.source, flow.target))


@SHAPES
def test_no_two_rules_have_one_name(found: Shape) -> None:
    counted = Counter((one.type, one.name) for one in build(found))
    assert [name for name, count in counted.items() if count > 1] == []


def test_controllers_find_the_groups_of_nodes_and_no_others() -> None:
    tags = {
        one.name: one.inputs["tags"] for one in build(FULL) if one.type.endswith(":SecurityGroup")
    }
    found = {name for name, one in tags.items() if one.get("kubernetes.io/cluster/test") == "owned"}
    assert found == {"access-nodes", "access-serving"}
    assert tags["access-serving"]["karpenter.sh/discovery"] == "test"


def port(rule: Registered) -> tuple[str, object, object]:
    return rule.inputs["ipProtocol"], rule.inputs.get("fromPort"), rule.inputs.get("toPort")
