"""Examples: VPCs, subnets, gateways, routes, security groups."""

from __future__ import annotations

from tests.embedded.plugins.aws.ground import Example

EC2 = (
    Example(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True, "tags": {"a": "b"}},
        lambda _: [
            {"enableDnsHostnames": False},
            {"enableDnsSupport": False},
            {"tags": {"a": "c", "kubernetes.io/cluster": "x"}},
        ],
        lambda _: {"cidrBlock": "10.1.0.0/16", "instanceTenancy": "dedicated"},
    ),
    Example(
        "aws:ec2/subnet:Subnet",
        lambda world: {
            "vpcId": world.id("vpc"),
            "cidrBlock": "10.20.9.0/24",
            "availabilityZone": "us-east-1a",
            "mapPublicIpOnLaunch": True,
        },
        lambda _: [{"mapPublicIpOnLaunch": False}, {"tags": {"Name": "x"}}],
        lambda world: {"cidrBlock": "10.20.8.0/24", "vpcId": world.id("other-vpc")},
    ),
    Example(
        "aws:ec2/internetGateway:InternetGateway",
        lambda world: {"vpcId": world.id("other-vpc")},
        lambda _: [{"tags": {"Name": "x"}}],
    ),
    Example(
        "aws:ec2/eip:Eip",
        lambda _: {"domain": "vpc", "tags": {"Name": "x"}},
        lambda _: [{"tags": {"Name": "y"}}],
    ),
    Example(
        "aws:ec2/natGateway:NatGateway",
        lambda world: {
            "subnetId": world.id("subnet"),
            "allocationId": world.make("aws:ec2/eip:Eip", {}, "another").id,
        },
        lambda _: [{"tags": {"Name": "y"}}],
        lambda world: {"subnetId": world.id("other-subnet")},
    ),
    Example(
        "aws:ec2/routeTable:RouteTable",
        lambda world: {
            "vpcId": world.id("vpc"),
            "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": world.id("gateway")}],
        },
        lambda world: [
            {"routes": [{"cidrBlock": "0.0.0.0/0", "natGatewayId": world.id("nat")}]},
            {"routes": [{"cidrBlock": "10.99.0.0/16", "gatewayId": world.id("gateway")}]},
        ],
        lambda world: {"vpcId": world.id("other-vpc")},
    ),
    Example(
        "aws:ec2/route:Route",
        lambda world: {
            "routeTableId": world.id("route-table"),
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": world.id("nat"),
        },
        lambda world: [{"natGatewayId": None, "gatewayId": world.id("gateway")}],
        lambda _: {"destinationCidrBlock": "10.98.0.0/16"},
        import_id=lambda made: f"{made.inputs['routeTableId']}_0.0.0.0/0",
    ),
    Example(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda world: {
            "routeTableId": world.id("route-table"),
            "subnetId": world.id("subnet"),
        },
        replaces=lambda world: {"subnetId": world.id("other-subnet")},
        import_id=lambda made: f"{made.inputs['subnetId']}/{made.inputs['routeTableId']}",
    ),
    Example(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda world: {
            "vpcId": world.id("vpc"),
            "ingress": [
                {
                    "protocol": "tcp",
                    "fromPort": 443,
                    "toPort": 443,
                    "cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"],
                    "description": "web",
                },
                {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True},
            ],
            "egress": [
                {
                    "protocol": "-1",
                    "fromPort": 0,
                    "toPort": 0,
                    "cidrBlocks": ["0.0.0.0/0"],
                    "ipv6CidrBlocks": ["::/0"],
                }
            ],
        },
        lambda world: [
            {
                "ingress": [
                    {
                        "protocol": "tcp",
                        "fromPort": 80,
                        "toPort": 81,
                        "securityGroups": [world.id("security-group")],
                        "description": "from a group",
                    }
                ]
            },
            {"egress": [], "ingress": []},
        ],
        lambda _: {"description": "another"},
    ),
    Example(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda world: {"vpcId": world.id("vpc"), "tags": {"Name": "empty"}},
        lambda _: [{"tags": {"Name": "x"}}],
        stays=True,
    ),
    Example(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda world: {
            "securityGroupId": world.id("security-group"),
            "ipProtocol": "tcp",
            "fromPort": 80,
            "toPort": 80,
            "cidrIpv4": "10.0.0.0/8",
            "description": "web",
        },
        lambda _: [
            {"cidrIpv4": "10.1.0.0/16"},
            {"fromPort": 81, "toPort": 82},
            {"tags": {"Name": "x"}},
        ],
        lambda world: {"securityGroupId": world.id("other-security-group")},
    ),
    Example(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda world: {
            "securityGroupId": world.id("security-group"),
            "ipProtocol": "-1",
            "referencedSecurityGroupId": world.id("other-security-group"),
            "description": "everything to the other",
        },
        lambda world: [
            {"description": "all to the other"},
            {"referencedSecurityGroupId": world.id("security-group")},
            {"tags": {"Name": "x"}},
        ],
        lambda world: {"securityGroupId": world.id("other-security-group")},
    ),
    Example(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda world: {
            "securityGroupId": world.id("security-group"),
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv6": "fd00::/8",
            "description": "web",
        },
        lambda _: [{"cidrIpv6": "fd12::/16"}, {"description": "web of ours"}],
        kind="of version 6",
    ),
    Example(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda world: {
            "securityGroupId": world.id("security-group"),
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "prefixListId": world.prefix_list("s3-endpoint"),
            "description": "images",
        },
        lambda world: [
            {"prefixListId": world.prefix_list("dynamodb-endpoint")},
            {"description": "layers"},
        ],
        kind="to a prefix list",
    ),
    Example(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda world: {
            "metadataOptions": {
                "httpEndpoint": "enabled",
                "httpTokens": "required",
                "httpPutResponseHopLimit": 1,
            },
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {
                        "volumeSize": 100,
                        "volumeType": "gp3",
                        "encrypted": "true",
                        "deleteOnTermination": "true",
                    },
                }
            ],
            "monitoring": {"enabled": True},
            "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "x"}}],
            "vpcSecurityGroupIds": [world.id("security-group")],
            "userData": "aGVsbG8=",
            "updateDefaultVersion": True,
        },
        lambda _: [
            {"userData": "d29ybGQ="},
            {"metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "optional"}},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"name": "another"},
    ),
)
