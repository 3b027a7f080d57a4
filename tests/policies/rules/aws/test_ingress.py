"""security-groups-not-open-to-world: every way to write a rule, every way to say everybody."""

from __future__ import annotations

from typing import Any

import pytest

from frame.facts import UNKNOWN
from frame.verdict import Kind
from rules.aws.ingress import NOT_OPEN
from tests.support.policy import Given, but, judge, paths

GROUP = {
    "description": "nodes",
    "ingress": [
        {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["10.0.0.0/8"]},
        {"protocol": "tcp", "fromPort": 443, "toPort": 443, "securityGroups": ["sg-1"]},
    ],
    "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
}
LEGACY = {
    "type": "ingress",
    "protocol": "tcp",
    "fromPort": 22,
    "toPort": 22,
    "cidrBlocks": ["10.0.0.0/8"],
    "securityGroupId": UNKNOWN,
}
MODERN = {
    "ipProtocol": "tcp",
    "fromPort": 22,
    "toPort": 22,
    "cidrIpv4": "10.0.0.0/8",
    "securityGroupId": UNKNOWN,
}


def group(changes: dict[str, Any] | None = None, name: str = "nodes") -> Given:
    token = "aws:ec2/securityGroup:SecurityGroup"
    return Given(token=token, props=but(GROUP, changes or {}), name=name)


def legacy(changes: dict[str, Any] | None = None) -> Given:
    token = "aws:ec2/securityGroupRule:SecurityGroupRule"
    return Given(token=token, props=but(LEGACY, changes or {}))


def modern(changes: dict[str, Any] | None = None, name: str = "ssh") -> Given:
    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    return Given(token=token, props=but(MODERN, changes or {}), name=name)


@pytest.mark.parametrize("given", [group(), legacy(), modern()], ids=lambda item: item.token)
def test_a_named_source_passes_however_the_rule_is_written(given: Given) -> None:
    assert judge(NOT_OPEN, given).kind is Kind.PASS


@pytest.mark.parametrize(
    "cidr",
    [
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "10.0.0.0/0",
        "2000::/3",
        "0::0/0",
        "8.0.0.0/7",
    ],
)
@pytest.mark.parametrize("kind", ["inline", "legacy", "modern"])
def test_the_whole_internet_is_found_in_every_spelling(cidr: str, kind: str) -> None:
    field = "ipv6CidrBlocks" if ":" in cidr else "cidrBlocks"
    given = {
        "inline": group({f"ingress[0].{field}": ["192.168.0.0/16", cidr]}),
        "legacy": legacy({field: ["192.168.0.0/16", cidr]}),
        "modern": modern({"cidrIpv6" if ":" in cidr else "cidrIpv4": cidr}),
    }[kind]
    (found,) = judge(NOT_OPEN, given).violations
    assert found.found == f"tcp port 22 is open to {cidr}"


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "203.0.113.7/32", "fc00::/7", "2001:db8::/32"])
def test_a_block_that_somebody_owns_passes(cidr: str) -> None:
    field = "ipv6CidrBlocks" if ":" in cidr else "cidrBlocks"
    assert judge(NOT_OPEN, group({f"ingress[0].{field}": [cidr]})).kind is Kind.PASS


def test_blocks_that_are_the_internet_only_together_are_found() -> None:
    halves = [f"{first}.0.0.0/8" for first in range(256)]
    (found,) = judge(NOT_OPEN, group({"ingress[0].cidrBlocks": halves})).violations
    assert found.path == "ingress[0].cidrBlocks[0]"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"protocol": "-1", "fromPort": 0, "toPort": 0}, "every protocol and port"),
        ({"protocol": "all"}, "every protocol and port"),
        ({"fromPort": 0, "toPort": 65535}, "tcp ports 0-65535"),
        ({"protocol": "icmp", "fromPort": -1, "toPort": -1}, "icmp port -1"),
    ],
)
def test_all_protocols_and_port_ranges_are_told_as_they_are(change: Any, said: str) -> None:
    given = legacy({**change, "cidrBlocks": ["0.0.0.0/0"]})
    (found,) = judge(NOT_OPEN, given).violations
    assert found.found.startswith(said)


@pytest.mark.parametrize(
    ("first", "last", "open_to_ssh"),
    [(22, 22, True), (20, 30, True), (0, 65535, True), (222, 222, False), (23, 79, False)],
)
def test_with_chosen_ports_only_ranges_that_contain_one_count(
    first: int, last: int, open_to_ssh: bool
) -> None:
    given = legacy({"fromPort": first, "toPort": last, "cidrBlocks": ["0.0.0.0/0"]})
    found = judge(NOT_OPEN, given, ports=[22]).kind is Kind.VIOLATION
    assert found is open_to_ssh


@pytest.mark.parametrize("name", ["edge-load-balancer", "web-alb", "network-public"])
def test_https_on_a_load_balancers_group_is_the_front_door(name: str) -> None:
    change = {"ingress[1].cidrBlocks": ["0.0.0.0/0"]}
    assert judge(NOT_OPEN, group(change, name)).kind is Kind.PASS
    assert judge(NOT_OPEN, group(change)).kind is Kind.VIOLATION
    assert judge(NOT_OPEN, group(change, name), publicPorts=[]).kind is Kind.VIOLATION


@pytest.mark.parametrize("change", [{"fromPort": 80}, {"protocol": "-1"}, {"toPort": 8443}])
def test_a_load_balancers_group_may_open_nothing_but_the_public_ports(change: Any) -> None:
    rule = {
        "protocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrBlocks": ["0.0.0.0/0"],
        **change,
    }
    verdict = judge(NOT_OPEN, group({"ingress[1]": rule}, "web-alb"))
    assert paths(verdict) == ["ingress[1].cidrBlocks[0]"]


def test_what_leaves_is_no_concern_of_this_rule() -> None:
    given = legacy({"type": "egress", "cidrBlocks": ["0.0.0.0/0"]})
    assert judge(NOT_OPEN, given).kind is Kind.NOT_APPLICABLE


def test_the_default_group_is_judged_like_any_other() -> None:
    token = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    rule = {"protocol": "-1", "fromPort": 0, "toPort": 0, "ipv6CidrBlocks": ["::/0"]}
    given = Given(token=token, props={"ingress": [rule]})
    assert judge(NOT_OPEN, given).kind is Kind.VIOLATION
    assert judge(NOT_OPEN, Given(token=token, props={})).kind is Kind.PASS


def test_a_prefix_list_is_trusted_where_it_is_used_and_judged_where_it_is_made() -> None:
    used = group({"ingress[0].cidrBlocks": [], "ingress[0].prefixListIds": ["pl-1"]})
    assert judge(NOT_OPEN, used).kind is Kind.PASS
    token = "aws:ec2/managedPrefixList:ManagedPrefixList"
    made = Given(token=token, props={"entries": [{"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0"}]})
    assert paths(judge(NOT_OPEN, made)) == ["entries[1].cidr"]
    entry = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
    single = Given(token=entry, props={"cidr": "::/0", "prefixListId": UNKNOWN})
    assert paths(judge(NOT_OPEN, single)) == ["cidr"]


@pytest.mark.parametrize("cidrs", [[UNKNOWN, "0.0.0.0/0"], ["0.0.0.0/0", UNKNOWN]])
def test_an_open_address_beside_an_unknown_one_is_found_and_neither_is_lost(cidrs: Any) -> None:
    verdict = judge(NOT_OPEN, group({"ingress[0].cidrBlocks": cidrs}))
    assert len(verdict.violations) == 1
    assert len(verdict.undetermined) == 1


def test_an_open_rule_behind_an_unknown_rule_is_not_lost() -> None:
    open_rule = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}
    verdict = judge(NOT_OPEN, group({"ingress": [UNKNOWN, open_rule]}))
    assert paths(verdict) == ["ingress[1].cidrBlocks[0]"]
    assert [item.path for item in verdict.undetermined] == ["ingress[0]"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"ingress": UNKNOWN}, "ingress"),
        ({"ingress[0].cidrBlocks": UNKNOWN}, "ingress[0].cidrBlocks"),
        ({"ingress[0].ipv6CidrBlocks": [UNKNOWN]}, "ingress[0].ipv6CidrBlocks[0]"),
    ],
)
def test_unknown_addresses_are_undetermined(change: Any, path: str) -> None:
    verdict = judge(NOT_OPEN, group(change))
    assert verdict.kind is Kind.UNDETERMINED
    assert [item.path for item in verdict.undetermined] == [path]


def test_an_unknown_port_decides_only_where_a_port_can_excuse() -> None:
    rule = {"protocol": "tcp", "fromPort": UNKNOWN, "toPort": UNKNOWN, "cidrBlocks": ["0.0.0.0/0"]}
    assert judge(NOT_OPEN, group({"ingress[0]": rule})).kind is Kind.VIOLATION
    at_the_door = judge(NOT_OPEN, group({"ingress[0]": rule}, "web-alb"))
    assert [item.path for item in at_the_door.undetermined] == ["ingress[0].fromPort"]


def test_a_rule_whose_direction_is_unknown_is_undetermined() -> None:
    given = legacy({"type": UNKNOWN, "cidrBlocks": ["0.0.0.0/0"]})
    verdict = judge(NOT_OPEN, given)
    assert [item.path for item in verdict.undetermined] == ["type"]


def test_a_secret_address_is_not_shown() -> None:
    from tests.support.policy import Secret, analyze

    given = modern({"cidrIpv4": Secret("0.0.0.0/0")})
    (diagnostic,) = analyze([NOT_OPEN], given)
    assert "0.0.0.0/0" not in diagnostic.message.split("why:")[0]
    assert "[secret]" in diagnostic.message
