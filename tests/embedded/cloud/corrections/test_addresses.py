"""Elastic IPs, when the NAT gateway that had them goes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws.client("ec2")


def association(ec2: Any, address: str) -> str | None:
    found = ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]
    return found.get("AssociationId")


def test_the_next_gateway_can_have_the_address_of_the_last(aws: Aws, ec2: Any) -> None:
    subnet, other = aws.subnets("10.9.0.0/16")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    first = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    assert association(ec2, address)
    ec2.delete_nat_gateway(NatGatewayId=first["NatGatewayId"])
    assert not association(ec2, address)
    second = ec2.create_nat_gateway(SubnetId=other, AllocationId=address)["NatGateway"]
    assert second["NatGatewayAddresses"][0]["AllocationId"] == address


def test_a_late_delete_leaves_the_address_with_its_new_gateway(aws: Aws, ec2: Any) -> None:
    subnet, other = aws.subnets("10.9.0.0/16")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    first = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    ec2.delete_nat_gateway(NatGatewayId=first["NatGatewayId"])
    ec2.create_nat_gateway(SubnetId=other, AllocationId=address)
    before = association(ec2, address)
    ec2.delete_nat_gateway(NatGatewayId=first["NatGatewayId"])
    assert association(ec2, address) == before


def test_its_network_interface_goes_too(aws: Aws, ec2: Any) -> None:
    subnet, _ = aws.subnets("10.9.0.0/16")
    made = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]
    interface = made["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    with pytest.raises(ClientError, match=r"InvalidNetworkInterfaceID.NotFound"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])


def test_an_unknown_gateway_is_not_found(ec2: Any) -> None:
    with pytest.raises(ClientError, match="NatGatewayNotFound"):
        ec2.delete_nat_gateway(NatGatewayId="nat-0123456789abcdef0")
