"""An embedded AWS of their own for these tests."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from embedded.cloud.service import Cloud
from tests.support.environment import ScratchLayout


def client(layout: ScratchLayout, service: str, **config: Any) -> Any:
    """Return a boto3 client of the embedded AWS."""
    return boto3.client(
        service,
        endpoint_url=layout.cloud_url,
        region_name="us-east-1",
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",
        config=Config(**{"retries": {"max_attempts": 0}, "read_timeout": 60, **config}),
    )


@dataclass(frozen=True)
class Aws:
    """A started embedded AWS, and short ways to what most tests begin with."""

    layout: ScratchLayout

    def client(self, service: str) -> Any:
        return client(self.layout, service)

    def subnets(self, cidr: str = "10.0.0.0/16") -> list[str]:
        """Make a VPC with a subnet in each of two zones."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        prefix = cidr.rsplit(".", 2)[0]
        return [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"{prefix}.{16 * index}.0/20", AvailabilityZone=zone
            )["Subnet"]["SubnetId"]
            for index, zone in enumerate(["us-east-1a", "us-east-1b"])
        ]

    def role(self, service: str) -> str:
        """Make a role that the service may assume."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        name = f"role-{uuid.uuid4()}"
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        return role["Role"]["Arn"]

    def cluster(self, **settings: Any) -> dict[str, Any]:
        """Make a cluster and return its description."""
        name = f"cluster-{uuid.uuid4().hex[:8]}"
        asked = {
            "name": name,
            "roleArn": self.role("eks.amazonaws.com"),
            "resourcesVpcConfig": {"subnetIds": self.subnets()},
            "accessConfig": {"authenticationMode": "API"},
            **settings,
        }
        eks = self.client("eks")
        eks.create_cluster(**asked)
        return eks.describe_cluster(name=asked["name"])["cluster"]

    def nodegroup(self, cluster: dict[str, Any], name: str = "gpu", **settings: Any) -> Any:
        """Make a node group in the cluster's subnets and return the first answer."""
        asked = {
            "clusterName": cluster["name"],
            "nodegroupName": name,
            "nodeRole": self.role("ec2.amazonaws.com"),
            "subnets": cluster["resourcesVpcConfig"]["subnetIds"],
            **settings,
        }
        return self.client("eks").create_nodegroup(**asked)["nodegroup"]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """One embedded AWS for all tests that make their own clusters; no control plane."""
    layout = ScratchLayout(folder=tmp_path_factory.mktemp("cloud"))
    cloud = Cloud(layout)
    try:
        cloud.start()
        yield Aws(layout)
    finally:
        cloud.stop()


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[Cloud]:
    """An embedded AWS to be killed."""
    cloud = Cloud(ScratchLayout(folder=tmp_path))
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.stop()
