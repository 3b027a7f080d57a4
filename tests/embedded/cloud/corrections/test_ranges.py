"""Further address ranges of a VPC."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded

PODS = "100.64.0.0/16"


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws.client("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    return ec2.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]


def associate(ec2: Any, vpc: str) -> str:
    made = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=PODS)
    return made["CidrBlockAssociation"]["AssociationId"]


def test_a_range_with_a_subnet_in_it_stays(ec2: Any, vpc: str) -> None:
    association = associate(ec2, vpc)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="100.64.0.0/18")["Subnet"]["SubnetId"]
    with pytest.raises(ClientError, match=rf"DependencyViolation.*{vpc}.*{PODS}"):
        ec2.disassociate_vpc_cidr_block(AssociationId=association)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.disassociate_vpc_cidr_block(AssociationId=association)


def test_a_range_that_went_takes_no_subnet_and_can_come_back(ec2: Any, vpc: str) -> None:
    ec2.disassociate_vpc_cidr_block(AssociationId=associate(ec2, vpc))
    with pytest.raises(ClientError, match=r"InvalidSubnet.Range"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="100.64.0.0/18")
    again = associate(ec2, vpc)
    told = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
    assert again in {item["AssociationId"] for item in told}


def test_the_first_range_cannot_go(ec2: Any, vpc: str) -> None:
    told = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.disassociate_vpc_cidr_block(AssociationId=told[0]["AssociationId"])


def test_an_unknown_association_is_not_found(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"NotFound"):
        ec2.disassociate_vpc_cidr_block(AssociationId="vpc-cidr-assoc-0123456789abcdef0")
