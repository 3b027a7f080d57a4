"""One example a resource type: what it is made from, what changes in place, what replaces it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Inputs = dict[str, Any]


def policy(*actions: str) -> str:
    """Return a policy document that allows the actions."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(*services: str) -> str:
    """Return the document that lets the services assume a role."""
    principal = {"Service": list(services)}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class World:
    """What examples stand on; made when first asked for, so that one test pays only for its own."""

    make: Callable[[str, Inputs, str], Any]
    made: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Return the thing called `name`."""
        if name not in self.made:
            token, build = _GROUND[name]
            self.made[name] = self.make(token, build(self), name)
        return self.made[name]

    def id(self, name: str) -> str:
        """Return the id of the thing called `name`."""
        return self.get(name).id

    def arn(self, name: str) -> str:
        """Return the ARN of the thing called `name`."""
        return self.get(name).outputs["arn"]


def _subnet(zone: str, third: int) -> tuple[str, Callable[[World], Inputs]]:
    def build(world: World) -> Inputs:
        cidr = f"10.20.{third}.0/24"
        return {"vpcId": world.id("vpc"), "cidrBlock": cidr, "availabilityZone": zone}

    return "aws:ec2/subnet:Subnet", build


def _role(*services: str) -> tuple[str, Callable[[World], Inputs]]:
    return "aws:iam/role:Role", lambda _: {"assumeRolePolicy": trust(*services)}


_GROUND: dict[str, tuple[str, Callable[[World], Inputs]]] = {
    "vpc": ("aws:ec2/vpc:Vpc", lambda _: {"cidrBlock": "10.20.0.0/16"}),
    "other-vpc": ("aws:ec2/vpc:Vpc", lambda _: {"cidrBlock": "10.30.0.0/16"}),
    "subnet": _subnet("us-east-1a", 0),
    "other-subnet": _subnet("us-east-1b", 1),
    "gateway": (
        "aws:ec2/internetGateway:InternetGateway",
        lambda world: {"vpcId": world.id("vpc")},
    ),
    "address": ("aws:ec2/eip:Eip", lambda _: {"domain": "vpc"}),
    "nat": (
        "aws:ec2/natGateway:NatGateway",
        lambda world: {"subnetId": world.id("subnet"), "allocationId": world.id("address")},
    ),
    "route-table": (
        "aws:ec2/routeTable:RouteTable",
        lambda world: {"vpcId": world.id("vpc")},
    ),
    "security-group": (
        "aws:ec2/securityGroup:SecurityGroup",
        lambda world: {"vpcId": world.id("vpc")},
    ),
    "other-security-group": (
        "aws:ec2/securityGroup:SecurityGroup",
        lambda world: {"vpcId": world.id("vpc")},
    ),
    "role": _role("eks.amazonaws.com", "ec2.amazonaws.com"),
    "other-role": _role("pods.eks.amazonaws.com"),
    "third-role": _role("pods.eks.amazonaws.com"),
    "policy": ("aws:iam/policy:Policy", lambda _: {"policy": policy("s3:GetObject")}),
    "key": ("aws:kms/key:Key", lambda _: {}),
    "other-key": ("aws:kms/key:Key", lambda _: {}),
    "log-group": ("aws:cloudwatch/logGroup:LogGroup", lambda _: {}),
    "launch-template": ("aws:ec2/launchTemplate:LaunchTemplate", lambda _: {}),
    "cluster": (
        "aws:eks/cluster:Cluster",
        lambda world: {
            "roleArn": world.arn("role"),
            "vpcConfig": {"subnetIds": [world.id("subnet"), world.id("other-subnet")]},
            "accessConfig": {"authenticationMode": "API"},
        },
    ),
    "access-entry": (
        "aws:eks/accessEntry:AccessEntry",
        lambda world: {"clusterName": world.id("cluster"), "principalArn": world.arn("other-role")},
    ),
}


@dataclass(frozen=True)
class Example:
    """Inputs that a type is made from, changes in place, and changes that make it anew."""

    token: str
    inputs: Callable[[World], Inputs]
    # Laid over the inputs, one at a time.
    updates: Callable[[World], list[Inputs]] = lambda _: []
    # Path -> value laid over the inputs.
    replaces: Callable[[World], Inputs] = lambda _: {}
    # It is there before and after: only taken over.
    stays: bool = False
    # The id form of `pulumi import`, where it is not the id.
    import_id: Callable[[Any], str] = lambda made: made.id


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
        lambda _: [{"description": "all to the other"}, {"tags": {"Name": "x"}}],
        lambda world: {"securityGroupId": world.id("other-security-group")},
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

IAM = (
    Example(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": trust("ec2.amazonaws.com"), "description": "nodes"},
        lambda _: [
            {"assumeRolePolicy": trust("eks.amazonaws.com")},
            {"description": "more nodes"},
            {"maxSessionDuration": 7200},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"path": "/ballast/", "name": "another"},
    ),
    Example(
        "aws:iam/rolePolicy:RolePolicy",
        lambda world: {"role": world.id("role"), "policy": policy("s3:GetObject")},
        lambda _: [{"policy": policy("s3:PutObject")}],
        lambda world: {"role": world.id("other-role")},
    ),
    Example(
        "aws:iam/policy:Policy",
        lambda _: {"policy": policy("s3:GetObject")},
        lambda _: [{"policy": policy("s3:PutObject")}, {"tags": {"Name": "x"}}],
        lambda _: {"description": "another"},
    ),
    Example(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda world: {"role": world.id("role"), "policyArn": world.arn("policy")},
        replaces=lambda world: {"role": world.id("other-role")},
    ),
)

EKS = (
    Example(
        "aws:eks/cluster:Cluster",
        lambda world: {
            "roleArn": world.arn("role"),
            "version": "1.33",
            "vpcConfig": {
                "subnetIds": [world.id("other-subnet"), world.id("subnet")],
                "endpointPrivateAccess": True,
                "publicAccessCidrs": ["203.0.113.0/24"],
            },
            "accessConfig": {"authenticationMode": "API"},
            "enabledClusterLogTypes": ["audit", "api"],
            "encryptionConfig": {
                "provider": {"keyArn": world.arn("key")},
                "resources": ["secrets"],
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.21.0.0/16"},
            "upgradePolicy": {"supportType": "STANDARD"},
            "zonalShiftConfig": {"enabled": True},
            "bootstrapSelfManagedAddons": False,
        },
        lambda world: [
            {"version": "1.34"},
            {"enabledClusterLogTypes": ["audit"]},
            {"upgradePolicy": {"supportType": "EXTENDED"}},
            {"zonalShiftConfig": {"enabled": False}},
            {
                "vpcConfig": {
                    "subnetIds": [world.id("other-subnet"), world.id("subnet")],
                    "endpointPrivateAccess": True,
                    "endpointPublicAccess": False,
                }
            },
            {"tags": {"Name": "x"}},
        ],
        lambda world: {"roleArn": world.arn("other-role"), "bootstrapSelfManagedAddons": True},
    ),
    Example(
        "aws:eks/nodeGroup:NodeGroup",
        lambda world: {
            "clusterName": world.id("cluster"),
            "nodeRoleArn": world.arn("role"),
            "subnetIds": [world.id("subnet")],
            "scalingConfig": {"minSize": 0, "maxSize": 2, "desiredSize": 1},
            "capacityType": "SPOT",
            "amiType": "AL2023_x86_64_NVIDIA",
            "instanceTypes": ["g5.xlarge", "g6.xlarge"],
            "labels": {"pool": "gpu", "old": "yes"},
            "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailable": 1},
            "nodeRepairConfig": {"enabled": True},
            "launchTemplate": {"id": world.id("launch-template"), "version": "1"},
        },
        lambda _: [
            {"scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 3}},
            {"labels": {"pool": "gpus"}},
            {"taints": [{"key": "spot", "effect": "NO_EXECUTE"}]},
            {"updateConfig": {"maxUnavailablePercentage": 50}},
            {"tags": {"Name": "x"}},
        ],
        lambda world: {
            "capacityType": "ON_DEMAND",
            "instanceTypes": ["g5.xlarge"],
            "subnetIds": [world.id("other-subnet")],
        },
    ),
    Example(
        "aws:eks/addon:Addon",
        lambda world: {
            "clusterName": world.id("cluster"),
            "addonName": "vpc-cni",
            "configurationValues": '{"enableNetworkPolicy": "true"}',
            "resolveConflictsOnCreate": "OVERWRITE",
        },
        lambda _: [
            {"configurationValues": '{"enableNetworkPolicy": "false"}'},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"addonName": "coredns"},
    ),
    Example(
        "aws:eks/accessEntry:AccessEntry",
        lambda world: {
            "clusterName": world.id("cluster"),
            "principalArn": world.arn("third-role"),
            "kubernetesGroups": ["viewers", "admins"],
        },
        lambda _: [{"kubernetesGroups": ["viewers"]}, {"tags": {"Name": "x"}}],
        lambda _: {"type": "EC2_LINUX"},
    ),
    Example(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        lambda world: {
            "clusterName": world.id("cluster"),
            "principalArn": world.get("access-entry").inputs["principalArn"],
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["b", "a"]},
        },
        replaces=lambda _: {"accessScope": {"type": "cluster"}},
    ),
    Example(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda world: {
            "clusterName": world.id("cluster"),
            "namespace": "kube-system",
            "serviceAccount": "controller",
            "roleArn": world.arn("other-role"),
        },
        lambda world: [{"roleArn": world.arn("third-role")}, {"tags": {"Name": "x"}}],
        lambda _: {"namespace": "default"},
        import_id=lambda made: f"{made.inputs['clusterName']},{made.id}",
    ),
)

OTHERS = (
    Example(
        "aws:kms/key:Key",
        lambda _: {"description": "secrets", "enableKeyRotation": True},
        lambda _: [
            {"description": "more secrets"},
            {"enableKeyRotation": False},
            {"isEnabled": False},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"keyUsage": "SIGN_VERIFY"},
    ),
    Example(
        "aws:kms/alias:Alias",
        lambda world: {"targetKeyId": world.id("key")},
        lambda world: [{"targetKeyId": world.arn("other-key")}],
        lambda _: {"name": "alias/another"},
    ),
    Example(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda _: {"retentionInDays": 7},
        lambda _: [
            {"retentionInDays": 30},
            {"retentionInDays": 0},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"name": "/ballast/another"},
    ),
)

EXAMPLES = {example.token: example for example in (*EC2, *IAM, *EKS, *OTHERS)}
