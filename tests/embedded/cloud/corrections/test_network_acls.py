"""Entries of network ACLs, ICMP's among them."""

from __future__ import annotations

import pytest

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("verb", ["create_network_acl_entry", "replace_network_acl_entry"])
def test_an_entry_for_icmp_keeps_its_type_and_code(aws: Aws, verb: str) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.19.0.0/16")["Vpc"]["VpcId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 100, "Protocol": "1", "RuleAction": "allow"}
    entry |= {"Egress": False, "CidrBlock": "10.0.0.0/16"}
    if verb.startswith("replace"):
        ec2.create_network_acl_entry(**entry, IcmpTypeCode={"Type": 8, "Code": 0})
    getattr(ec2, verb)(**entry, IcmpTypeCode={"Type": 3, "Code": 4})
    (found,) = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    (kept,) = [one for one in found["Entries"] if one["RuleNumber"] == 100]
    assert kept["IcmpTypeCode"] == {"Type": 3, "Code": 4}
