import pytest

from components.network.security_groups import EVERYWHERE, SecurityGroups, SecurityGroupsArgs
from tests.support.engine import Registered, deploy


def build(*, public_https: bool = False) -> list[Registered]:
    args = SecurityGroupsArgs(
        vpc_id="vpc", gateway_port=8080, public_https=public_https, internal_cidr="10.0.0.0/16"
    )
    _, resources = deploy(lambda: SecurityGroups("access", args))
    return resources


def rules(resources: list[Registered], direction: str) -> list[Registered]:
    return [one for one in resources if one.type.endswith(f":SecurityGroup{direction}Rule")]


def test_nothing_is_open_to_the_world_unless_https_is_asked_for() -> None:
    assert all(one.inputs.get("cidrIpv4") != EVERYWHERE for one in rules(build(), "Ingress"))


def test_asked_for_https_opens_the_load_balancer_and_nothing_else() -> None:
    (rule,) = [
        one
        for one in rules(build(public_https=True), "Ingress")
        if one.inputs.get("cidrIpv4") == EVERYWHERE
    ]
    assert rule.inputs["securityGroupId"] == "access-load-balancer-id"
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (443, 443)


def test_rules_between_tiers_name_groups_and_not_addresses() -> None:
    peers = {
        one.inputs["securityGroupId"]: one.inputs.get("referencedSecurityGroupId")
        for one in rules(build(), "Ingress")
        if "load-balancer" not in one.inputs["securityGroupId"]
    }
    assert all(peers.values())


@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
def test_every_rule_says_what_it_is_for(direction: str) -> None:
    assert all(one.inputs["description"] for one in rules(build(), direction))


def test_what_one_tier_sends_the_other_lets_in() -> None:
    resources = build()
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


def port(rule: Registered) -> tuple[str, object, object]:
    return rule.inputs["ipProtocol"], rule.inputs.get("fromPort"), rule.inputs.get("toPort")
