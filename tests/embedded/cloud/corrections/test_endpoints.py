"""VPC endpoints: defaults, changes, and what goes with them."""

from __future__ import annotations

import json
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
    identity = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=identity, EnableDnsHostnames={"Value": True})
    return identity


def new_subnet(ec2: Any, vpc: str, third: int) -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{third}.0/24")
    return made["Subnet"]["SubnetId"]


def new_table(ec2: Any, vpc: str) -> str:
    return ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]


def new_endpoint(ec2: Any, vpc: str, service: str, **settings: Any) -> str:
    name = f"com.amazonaws.us-east-1.{service}"
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name, **settings)
    return made["VpcEndpoint"]["VpcEndpointId"]


def describe(ec2: Any, identity: str) -> Any:
    return ec2.describe_vpc_endpoints(VpcEndpointIds=[identity])["VpcEndpoints"][0]


def gateways(ec2: Any, table: str) -> set[str]:
    found = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return {route["GatewayId"] for route in found if "DestinationPrefixListId" in route}


def test_a_gateway_s_routes_follow_its_tables(ec2: Any, vpc: str) -> None:
    first, second = new_table(ec2, vpc), new_table(ec2, vpc)
    identity = new_endpoint(ec2, vpc, "s3", RouteTableIds=[first])
    assert describe(ec2, identity)["VpcEndpointType"] == "Gateway"
    assert describe(ec2, identity)["PrivateDnsEnabled"] is False
    ec2.modify_vpc_endpoint(
        VpcEndpointId=identity, AddRouteTableIds=[second], RemoveRouteTableIds=[first]
    )
    assert (gateways(ec2, first), gateways(ec2, second)) == (set(), {identity})
    ec2.delete_vpc_endpoints(VpcEndpointIds=[identity])
    assert gateways(ec2, second) == set()


def test_a_gateway_whose_table_is_gone_can_be_deleted(ec2: Any, vpc: str) -> None:
    table = new_table(ec2, vpc)
    identity = new_endpoint(ec2, vpc, "s3", RouteTableIds=[table])
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[identity])
    assert describe(ec2, identity)["State"] == "deleted"


def test_interfaces_follow_the_subnets(ec2: Any, vpc: str) -> None:
    first, second = new_subnet(ec2, vpc, 1), new_subnet(ec2, vpc, 2)
    identity = new_endpoint(ec2, vpc, "sts", VpcEndpointType="Interface", SubnetIds=[first])
    ec2.modify_vpc_endpoint(VpcEndpointId=identity, AddSubnetIds=[second], RemoveSubnetIds=[first])
    endpoint = describe(ec2, identity)
    interfaces = ec2.describe_network_interfaces(
        NetworkInterfaceIds=endpoint["NetworkInterfaceIds"]
    )["NetworkInterfaces"]
    assert [item["SubnetId"] for item in interfaces] == endpoint["SubnetIds"] == [second]


def test_an_interface_endpoint_without_groups_has_the_default_one(ec2: Any, vpc: str) -> None:
    identity = new_endpoint(ec2, vpc, "sts", VpcEndpointType="Interface")
    endpoint = describe(ec2, identity)
    assert [group["GroupName"] for group in endpoint["Groups"]] == ["default"]
    assert endpoint["PrivateDnsEnabled"] is True


def test_private_names_and_policy_can_be_changed_and_taken_back(ec2: Any, vpc: str) -> None:
    identity = new_endpoint(ec2, vpc, "sts", VpcEndpointType="Interface")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ec2.modify_vpc_endpoint(
        VpcEndpointId=identity, PrivateDnsEnabled=False, PolicyDocument=document
    )
    endpoint = describe(ec2, identity)
    assert (endpoint["PrivateDnsEnabled"], endpoint["PolicyDocument"]) == (False, document)
    ec2.modify_vpc_endpoint(VpcEndpointId=identity, ResetPolicy=True)
    reset = json.loads(describe(ec2, identity)["PolicyDocument"])
    assert reset["Statement"][0]["Effect"] == "Allow"


def test_private_names_need_the_dns_of_the_vpc(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(ClientError, match=rf"enableDnsHostnames.*{vpc}"):
        new_endpoint(ec2, vpc, "sts", VpcEndpointType="Interface")
    assert new_endpoint(ec2, vpc, "sts", VpcEndpointType="Interface", PrivateDnsEnabled=False)


def test_groups_that_do_not_exist_are_refused(ec2: Any, vpc: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidGroup.NotFound"):
        new_endpoint(
            ec2, vpc, "sts", VpcEndpointType="Interface", SecurityGroupIds=["sg-0123456789abcdef0"]
        )


def test_an_unknown_endpoint_is_not_found(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"InvalidVpcEndpointId.NotFound"):
        ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"])
