"""What the embedded AWS itself says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import boto3

from embedded.layout import Layout


def service(layout: Layout, name: str) -> Any:
    """Return a boto3 client that speaks to moto."""
    return boto3.client(
        name,
        endpoint_url=layout.cloud_url,
        region_name="us-east-1",
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",
    )


def inventory(layout: Layout) -> Counter[str]:
    """Count what an account does not have by itself."""
    ec2, eks, iam = (service(layout, name) for name in ("ec2", "eks", "iam"))
    mine = [{"Name": "is-default", "Values": ["false"]}]
    vpcs = ec2.describe_vpcs(Filters=mine)["Vpcs"]
    in_mine = [{"Name": "vpc-id", "Values": [vpc["VpcId"] for vpc in vpcs] or ["none"]}]
    groups = ec2.describe_security_groups(Filters=in_mine)["SecurityGroups"]
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    clusters = eks.list_clusters()["clusters"]
    return Counter(
        {
            "vpc": len(vpcs),
            "subnet": len(ec2.describe_subnets(Filters=in_mine)["Subnets"]),
            "route table": len(ec2.describe_route_tables(Filters=in_mine)["RouteTables"]),
            "security group": sum(group["GroupName"] != "default" for group in groups),
            "NAT gateway": sum(gateway["State"] != "deleted" for gateway in gateways),
            "address": len(ec2.describe_addresses()["Addresses"]),
            "launch template": len(ec2.describe_launch_templates()["LaunchTemplates"]),
            "role": len(iam.list_roles()["Roles"]),
            "cluster": len(clusters),
            "node group": sum(
                len(eks.list_nodegroups(clusterName=name)["nodegroups"]) for name in clusters
            ),
        }
    )
