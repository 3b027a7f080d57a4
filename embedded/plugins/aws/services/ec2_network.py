"""EC2: VPCs, subnets, gateways and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Resource, Step, Wait
from embedded.plugins.aws.tagging import ec2 as ec2_tags


def _vpc_attribute(name: str) -> Step:
    api = name[0].upper() + name[1:]
    params = {"VpcId": "{id}", api: {"Value": f"{{{name}}}"}}
    return Step((name,), Call("modify_vpc_attribute", params), send=False)


def _read_vpc(operation: Operation) -> Mapping[str, Any] | None:
    vpc = operation.call(Call("describe_vpcs", {"VpcIds": ["{id}"]}, "Vpcs[0]"))
    if not vpc:
        return None
    for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
        api = name[0].upper() + name[1:]
        params = {"VpcId": "{id}", "Attribute": name}
        vpc[name] = operation.call(Call("describe_vpc_attribute", params, f"{api}.Value"))
    here = {"Name": "vpc-id", "Values": ["{id}"]}
    vpc["defaultSecurityGroupId"] = operation.call(
        Call(
            "describe_security_groups",
            {"Filters": [here, {"Name": "group-name", "Values": ["default"]}]},
            "SecurityGroups[0].GroupId",
        )
    )
    vpc["mainRouteTableId"] = operation.call(
        Call(
            "describe_route_tables",
            {"Filters": [here, {"Name": "association.main", "Values": ["true"]}]},
            "RouteTables[0].RouteTableId",
        )
    )
    vpc["defaultNetworkAclId"] = operation.call(
        Call(
            "describe_network_acls",
            {"Filters": [here, {"Name": "default", "Values": ["true"]}]},
            "NetworkAcls[0].NetworkAclId",
        )
    )
    return vpc


def _has_ipv6(vpc: Mapping[str, Any]) -> bool:
    return bool(vpc.get("Ipv6CidrBlockAssociationSet"))


VPC = Resource(
    type="aws:ec2/vpc:Vpc",
    label="EC2 VPC",
    service="ec2",
    identity="{VpcId}",
    create=Call("create_vpc", result="Vpc"),
    read=_read_vpc,
    delete=Call("delete_vpc", {"VpcId": "{id}"}),
    sends=("cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock"),
    names={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"},
    reads={"assignGeneratedIpv6CidrBlock": _has_ipv6},
    steps=(
        _vpc_attribute("enableDnsSupport"),
        _vpc_attribute("enableDnsHostnames"),
        _vpc_attribute("enableNetworkAddressUsageMetrics"),
    ),
    replaces=("cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock"),
    computed=("enableDnsHostnames", "enableNetworkAddressUsageMetrics"),
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    outputs={
        "arn": "arn:{partition}:ec2:{region}:{OwnerId}:vpc/{id}",
        "ownerId": "OwnerId",
        "dhcpOptionsId": "DhcpOptionsId",
        "defaultSecurityGroupId": "defaultSecurityGroupId",
        "defaultRouteTableId": "mainRouteTableId",
        "mainRouteTableId": "mainRouteTableId",
        "defaultNetworkAclId": "defaultNetworkAclId",
        "ipv6AssociationId": "Ipv6CidrBlockAssociationSet[0].AssociationId",
        "ipv6CidrBlock": "Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock",
    },
    tags=ec2_tags("vpc"),
)


def _subnet_attribute(name: str) -> Step:
    api = name[0].upper() + name[1:]
    params = {"SubnetId": "{id}", api: {"Value": f"{{{name}}}"}}
    return Step((name,), Call("modify_subnet_attribute", params), send=False)


SUBNET = Resource(
    type="aws:ec2/subnet:Subnet",
    label="EC2 Subnet",
    service="ec2",
    identity="{SubnetId}",
    create=Call("create_subnet", result="Subnet"),
    read=Call("describe_subnets", {"SubnetIds": ["{id}"]}, "Subnets[0]"),
    delete=Call("delete_subnet", {"SubnetId": "{id}"}),
    sends=("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6CidrBlock"),
    reads={"ipv6CidrBlock": "Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock"},
    steps=(
        _subnet_attribute("mapPublicIpOnLaunch"),
        _subnet_attribute("assignIpv6AddressOnCreation"),
    ),
    replaces=("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6CidrBlock"),
    computed=("availabilityZone", "availabilityZoneId"),
    defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
    outputs={
        "arn": "SubnetArn",
        "ownerId": "OwnerId",
        "ipv6CidrBlockAssociationId": "Ipv6CidrBlockAssociationSet[0].AssociationId",
    },
    tags=ec2_tags("subnet"),
)


def _move_internet_gateway(operation: Operation) -> None:
    attached = operation.call(
        Call(
            "describe_internet_gateways",
            {"InternetGatewayIds": ["{id}"]},
            "InternetGateways[0].Attachments[0].VpcId",
        )
    )
    wanted = operation.inputs.get("vpcId")
    if attached and attached != wanted:
        _detach_internet_gateway(operation, attached)
    if wanted and attached != wanted:
        params = {"InternetGatewayId": "{id}", "VpcId": "{vpcId}"}
        operation.call(Call("attach_internet_gateway", params))


def _detach_internet_gateway(operation: Operation, vpc: str) -> None:
    params = {"InternetGatewayId": "{id}", "VpcId": vpc}
    operation.call(Call("detach_internet_gateway", params))


def _delete_internet_gateway(operation: Operation) -> None:
    _move_internet_gateway(operation.using(inputs={}))
    operation.call(Call("delete_internet_gateway", {"InternetGatewayId": "{id}"}))


INTERNET_GATEWAY = Resource(
    type="aws:ec2/internetGateway:InternetGateway",
    label="EC2 Internet Gateway",
    service="ec2",
    identity="{InternetGatewayId}",
    create=Call("create_internet_gateway", result="InternetGateway"),
    read=Call(
        "describe_internet_gateways", {"InternetGatewayIds": ["{id}"]}, "InternetGateways[0]"
    ),
    delete=_delete_internet_gateway,
    reads={"vpcId": "Attachments[0].VpcId"},
    steps=(Step(("vpcId",), _move_internet_gateway),),
    computed=("vpcId",),
    outputs={
        "arn": "arn:{partition}:ec2:{region}:{account}:internet-gateway/{id}",
        "ownerId": "OwnerId",
    },
    tags=ec2_tags("internet-gateway"),
)

EIP = Resource(
    type="aws:ec2/eip:Eip",
    label="EC2 EIP",
    service="ec2",
    identity="{AllocationId}",
    create=Call("allocate_address"),
    read=Call("describe_addresses", {"AllocationIds": ["{id}"]}, "Addresses[0]"),
    delete=Call("release_address", {"AllocationId": "{id}"}),
    sends=("domain", "address"),
    unread=("address",),
    replaces=("*",),
    computed=("domain",),
    defaults={"domain": "vpc"},
    outputs={
        "arn": "arn:{partition}:ec2:{region}:{account}:elastic-ip/{id}",
        "allocationId": "AllocationId",
        "associationId": "AssociationId",
        "publicIp": "PublicIp",
        "privateIp": "PrivateIpAddress",
        "instance": "InstanceId",
        "networkInterface": "NetworkInterfaceId",
    },
    tags=ec2_tags("elastic-ip"),
)

_ADDRESS = "NatGatewayAddresses[0]"

NAT_GATEWAY = Resource(
    type="aws:ec2/natGateway:NatGateway",
    label="EC2 NAT Gateway",
    service="ec2",
    identity="{NatGatewayId}",
    create=Call("create_nat_gateway", result="NatGateway"),
    read=Call("describe_nat_gateways", {"NatGatewayIds": ["{id}"]}, "NatGateways[0]"),
    delete=Call("delete_nat_gateway", {"NatGatewayId": "{id}"}),
    sends=("subnetId", "allocationId", "connectivityType"),
    reads={"allocationId": f"{_ADDRESS}.AllocationId"},
    replaces=("*",),
    defaults={"connectivityType": "public"},
    outputs={
        "associationId": f"{_ADDRESS}.AssociationId",
        "networkInterfaceId": f"{_ADDRESS}.NetworkInterfaceId",
        "privateIp": f"{_ADDRESS}.PrivateIp",
        "publicIp": f"{_ADDRESS}.PublicIp",
    },
    tags=ec2_tags("natgateway"),
    wait=Wait(
        "State",
        until=("available",),
        failed=("failed",),
        gone=("deleted",),
        reason="FailureMessage",
        seconds=600.0,
    ),
)

RESOURCES = (VPC, SUBNET, INTERNET_GATEWAY, EIP, NAT_GATEWAY)
