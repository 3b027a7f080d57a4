"""What an example says, and what examples stand on."""

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

    def prefix_list(self, name: str) -> str:
        """Return the id of the addresses behind the endpoint called `name`."""
        return self.get(name).outputs["prefixListId"]

    def arn(self, name: str) -> str:
        """Return the ARN of the thing called `name`."""
        return self.get(name).outputs["arn"]


def _subnet(zone: str, third: int) -> tuple[str, Callable[[World], Inputs]]:
    def build(world: World) -> Inputs:
        cidr = f"10.20.{third}.0/24"
        return {"vpcId": world.id("vpc"), "cidrBlock": cidr, "availabilityZone": zone}

    return "aws:ec2/subnet:Subnet", build


def _endpoint(service: str) -> tuple[str, Callable[[World], Inputs]]:
    def build(world: World) -> Inputs:
        name = f"com.amazonaws.us-east-1.{service}"
        return {"vpcId": world.id("other-vpc"), "serviceName": name}

    return "aws:ec2/vpcEndpoint:VpcEndpoint", build


def _reservation(machines: int) -> tuple[str, Callable[[World], Inputs]]:
    inputs = {
        "availabilityZone": "us-east-1a",
        "instanceType": "p5.48xlarge",
        "instancePlatform": "Linux/UNIX",
        "instanceCount": machines,
    }
    return "aws:ec2/capacityReservation:CapacityReservation", lambda _: inputs


def _role(*services: str) -> tuple[str, Callable[[World], Inputs]]:
    return "aws:iam/role:Role", lambda _: {"assumeRolePolicy": trust(*services)}


_GROUND: dict[str, tuple[str, Callable[[World], Inputs]]] = {
    "vpc": (
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.20.0.0/16", "enableDnsHostnames": True},
    ),
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
    "s3-endpoint": _endpoint("s3"),
    "dynamodb-endpoint": _endpoint("dynamodb"),
    "route-table": (
        "aws:ec2/routeTable:RouteTable",
        lambda world: {"vpcId": world.id("vpc")},
    ),
    "other-route-table": (
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
    "placement-group": (
        "aws:ec2/placementGroup:PlacementGroup",
        lambda _: {"strategy": "cluster"},
    ),
    "reservation": _reservation(1),
    "other-reservation": _reservation(2),
    "role": _role("eks.amazonaws.com", "ec2.amazonaws.com"),
    "other-role": _role("pods.eks.amazonaws.com"),
    "third-role": _role("pods.eks.amazonaws.com"),
    "policy": ("aws:iam/policy:Policy", lambda _: {"policy": policy("s3:GetObject")}),
    "key": ("aws:kms/key:Key", lambda _: {}),
    "other-key": ("aws:kms/key:Key", lambda _: {}),
    "log-group": ("aws:cloudwatch/logGroup:LogGroup", lambda _: {}),
    "acl": ("aws:ec2/networkAcl:NetworkAcl", lambda world: {"vpcId": world.id("vpc")}),
    "peering": (
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        lambda world: {"vpcId": world.id("vpc"), "peerVpcId": world.id("other-vpc")},
    ),
    "queue": ("aws:sqs/queue:Queue", lambda _: {}),
    "other-queue": ("aws:sqs/queue:Queue", lambda _: {}),
    "event-rule": (
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"eventPattern": json.dumps({"source": ["aws.ec2"]})},
    ),
    "bucket": ("aws:s3/bucket:Bucket", lambda _: {}),
    "other-bucket": ("aws:s3/bucket:Bucket", lambda _: {}),
    "repository": ("aws:ecr/repository:Repository", lambda _: {"name": "ground"}),
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
    # Tells several examples of one type apart.
    kind: str = ""
