"""Examples: endpoints, flow logs, ACLs, peering."""

from __future__ import annotations

from typing import Any

from tests.embedded.plugins.aws.ground import Example, policy


def _acl_rule(number: int, port: int) -> dict[str, Any]:
    return {
        "ruleNo": number,
        "protocol": "tcp",
        "action": "allow",
        "fromPort": port,
        "toPort": port,
        "cidrBlock": "10.0.0.0/8",
    }


NETWORK = (
    Example(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda world: {
            "vpcId": world.id("vpc"),
            "serviceName": "com.amazonaws.us-east-1.ecr.api",
            "vpcEndpointType": "Interface",
            "subnetIds": [world.id("subnet")],
            "securityGroupIds": [world.id("security-group")],
            "privateDnsEnabled": True,
        },
        lambda world: [
            {"subnetIds": [world.id("other-subnet")]},
            {"securityGroupIds": [world.id("other-security-group")]},
            {"policy": policy("ecr:GetAuthorizationToken")},
            {"privateDnsEnabled": False},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"serviceName": "com.amazonaws.us-east-1.ecr.dkr"},
    ),
    Example(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda world: {
            "vpcId": world.id("vpc"),
            "serviceName": "com.amazonaws.us-east-1.s3",
            "routeTableIds": [world.id("route-table")],
            "policy": policy("s3:GetObject"),
        },
        lambda world: [
            {"routeTableIds": [world.id("route-table"), world.id("other-route-table")]},
            {"routeTableIds": [world.id("other-route-table")]},
            {"policy": policy("s3:*")},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"serviceName": "com.amazonaws.us-east-1.dynamodb"},
        kind="gateway",
    ),
    Example(
        "aws:ec2/flowLog:FlowLog",
        lambda world: {
            "vpcId": world.id("vpc"),
            "trafficType": "REJECT",
            "logDestination": world.arn("log-group"),
            "iamRoleArn": world.arn("role"),
            "maxAggregationInterval": 60,
        },
        lambda _: [{"tags": {"Name": "x"}}],
        lambda _: {"trafficType": "ALL"},
        kind="log group",
    ),
    Example(
        "aws:ec2/flowLog:FlowLog",
        lambda world: {
            "vpcId": world.id("vpc"),
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": f"arn:aws:s3:::{world.id('bucket')}",
        },
        lambda _: [{"tags": {"Name": "x"}}],
        lambda _: {"trafficType": "REJECT"},
    ),
    Example(
        "aws:ec2/networkAcl:NetworkAcl",
        lambda world: {
            "vpcId": world.id("vpc"),
            "ingress": [_acl_rule(100, 443)],
            "egress": [_acl_rule(100, 80)],
            "subnetIds": [world.id("subnet")],
        },
        lambda world: [
            {"ingress": [_acl_rule(100, 444), _acl_rule(200, 22)]},
            {"egress": []},
            {"subnetIds": [world.id("other-subnet")]},
            {"tags": {"Name": "x"}},
        ],
        lambda world: {"vpcId": world.id("other-vpc")},
    ),
    Example(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        lambda world: {
            "defaultNetworkAclId": world.get("other-vpc").outputs["defaultNetworkAclId"],
            "ingress": [_acl_rule(100, 443)],
        },
        lambda _: [{"ingress": [_acl_rule(100, 444)]}, {"tags": {"Name": "x"}}],
        stays=True,
    ),
    Example(
        "aws:ec2/networkAclRule:NetworkAclRule",
        lambda world: {
            "networkAclId": world.id("acl"),
            "ruleNumber": 100,
            "protocol": "tcp",
            "ruleAction": "allow",
            "cidrBlock": "10.0.0.0/8",
            "fromPort": 443,
            "toPort": 443,
        },
        replaces=lambda _: {"ruleNumber": 200, "ruleAction": "deny"},
        import_id=lambda made: f"{made.inputs['networkAclId']}:100:tcp:false",
    ),
    Example(
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        lambda world: {
            "vpcId": world.id("vpc"),
            "peerVpcId": world.id("other-vpc"),
            "autoAccept": True,
            "accepter": {"allowRemoteVpcDnsResolution": True},
        },
        lambda _: [
            {"accepter": {"allowRemoteVpcDnsResolution": False}},
            {"tags": {"Name": "x"}},
        ],
        lambda world: {"peerVpcId": world.id("vpc")},
    ),
    Example(
        "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        lambda world: {"vpcPeeringConnectionId": world.id("peering"), "autoAccept": True},
        lambda _: [{"tags": {"Name": "x"}}],
        stays=True,
    ),
    Example(
        "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions",
        lambda world: {
            "vpcPeeringConnectionId": world.id("peering"),
            "requester": {"allowRemoteVpcDnsResolution": True},
        },
        lambda _: [{"requester": {"allowRemoteVpcDnsResolution": False}}],
        stays=True,
    ),
    Example(
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        lambda world: {"vpcId": world.id("other-vpc"), "cidrBlock": "10.31.0.0/16"},
        replaces=lambda _: {"cidrBlock": "10.32.0.0/16"},
    ),
)
