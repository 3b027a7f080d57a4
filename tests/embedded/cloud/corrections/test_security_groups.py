"""Rules of security groups: what they say, and how they change."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws.client("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    return ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]


def new_group(ec2: Any, vpc: str) -> str:
    name = f"group-{uuid.uuid4().hex[:8]}"
    return ec2.create_security_group(GroupName=name, Description="x", VpcId=vpc)["GroupId"]


def prefix_list(ec2: Any, service: str) -> str:
    named = {"Name": "prefix-list-name", "Values": [f"com.amazonaws.us-east-1.{service}"]}
    return ec2.describe_prefix_lists(Filters=[named])["PrefixLists"][0]["PrefixListId"]


def allow(ec2: Any, group: str, *sources: dict[str, Any]) -> list[Any]:
    permissions = [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **each} for each in sources
    ]
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    return answer["SecurityGroupRules"]


def change(ec2: Any, group: str, rule: str, **settings: Any) -> Any:
    wanted = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **settings}
    update = {"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[update])
    answer = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
    return answer["SecurityGroupRules"][0]


def test_every_rule_that_was_made_is_told_with_its_description(ec2: Any, vpc: str) -> None:
    group, other = new_group(ec2, vpc), new_group(ec2, vpc)
    made = allow(
        ec2,
        group,
        {"UserIdGroupPairs": [{"GroupId": other, "Description": "a group"}]},
        {"PrefixListIds": [{"PrefixListId": prefix_list(ec2, "s3"), "Description": "a list"}]},
        {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "a range"}]},
    )
    assert [rule["Description"] for rule in made] == ["a group", "a list", "a range"]


def test_a_rule_s_group_can_be_changed(ec2: Any, vpc: str) -> None:
    group, other, third = (new_group(ec2, vpc) for _ in range(3))
    rule = allow(ec2, group, {"UserIdGroupPairs": [{"GroupId": other}]})[0]
    changed = change(ec2, group, rule["SecurityGroupRuleId"], ReferencedGroupId=third)
    assert changed["ReferencedGroupInfo"]["GroupId"] == third


def test_a_rule_s_range_of_version_6_can_be_changed(ec2: Any, vpc: str) -> None:
    group = new_group(ec2, vpc)
    rule = allow(ec2, group, {"Ipv6Ranges": [{"CidrIpv6": "fd00::/8"}]})[0]
    changed = change(ec2, group, rule["SecurityGroupRuleId"], CidrIpv6="fd12::/16")
    assert changed["CidrIpv6"] == "fd12::/16"


def test_a_rule_s_prefix_list_can_be_changed(ec2: Any, vpc: str) -> None:
    group = new_group(ec2, vpc)
    first, second = prefix_list(ec2, "s3"), prefix_list(ec2, "dynamodb")
    rule = allow(ec2, group, {"PrefixListIds": [{"PrefixListId": first}]})[0]
    changed = change(ec2, group, rule["SecurityGroupRuleId"], PrefixListId=second)
    assert changed["PrefixListId"] == second


def test_a_change_without_a_description_takes_it_away(ec2: Any, vpc: str) -> None:
    group = new_group(ec2, vpc)
    rule = allow(ec2, group, {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "x"}]})[0]
    changed = change(ec2, group, rule["SecurityGroupRuleId"], CidrIpv4="10.0.0.0/8")
    assert "Description" not in changed


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"CidrIpv4": "10.0.0.0/8"}, "is about a security group; it cannot be changed to an IPv4"),
        ({"ReferencedGroupId": "sg-0123456789abcdef0"}, "InvalidGroup.NotFound"),
    ],
)
def test_a_source_of_another_kind_or_unknown_is_refused(
    ec2: Any, vpc: str, wrong: dict[str, str], reason: str
) -> None:
    group = new_group(ec2, vpc)
    rule = allow(ec2, group, {"UserIdGroupPairs": [{"GroupId": group}]})[0]
    with pytest.raises(ClientError, match=reason):
        change(ec2, group, rule["SecurityGroupRuleId"], **wrong)


def test_the_same_source_twice_is_a_duplicate_whatever_is_said_about_it(ec2: Any, vpc: str) -> None:
    group = new_group(ec2, vpc)
    allow(ec2, group, {"UserIdGroupPairs": [{"GroupId": group, "Description": "one"}]})
    with pytest.raises(ClientError, match="Duplicate"):
        allow(ec2, group, {"UserIdGroupPairs": [{"GroupId": group, "Description": "two"}]})
