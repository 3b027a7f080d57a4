"""One tier of the VPC: a subnet and a route table in every zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, ordering, tagging

TOKEN = naming.token("network", "SubnetTier")


@dataclass(frozen=True, kw_only=True)
class SubnetTierArgs:
    """What makes a tier."""

    vpc_id: Input[str]
    # Zone -> where its subnet lies.
    subnets: Mapping[str, IPv4Network]
    # Tags of the subnets only: what the load balancer controller looks for.
    subnet_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    # Tags of everything.
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class SubnetTier(pulumi.ComponentResource):
    """The subnets of one tier, each with a route table of its own.

    A table per zone, also where one would do: a change from a single NAT
    gateway to one per zone then changes routes and replaces nothing.
    Creates: subnets, route tables, their associations.
    """

    subnet_ids: dict[str, Output[str]]
    route_table_ids: dict[str, Output[str]]

    def __init__(
        self, name: str, args: SubnetTierArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        subnets = {zone: self._build_subnet(name, args, zone) for zone in args.subnets}
        tables = {zone: self._build_table(name, args, zone) for zone in args.subnets}
        associations = {
            zone: self._build_association(name, zone, subnets[zone], tables[zone])
            for zone in subnets
        }
        self.route_table_ids = {zone: table.id for zone, table in tables.items()}
        # Known once the routes are: who uses a subnet needs its way out as well.
        self.subnet_ids = {
            zone: ordering.after(associations[zone], subnets[zone].id) for zone in subnets
        }
        self.register_outputs(
            {"subnet_ids": self.subnet_ids, "route_table_ids": self.route_table_ids}
        )

    def _build_subnet(self, name: str, args: SubnetTierArgs, zone: str) -> aws.ec2.Subnet:
        child = naming.child(name, "subnet", zone)
        return aws.ec2.Subnet(
            child,
            aws.ec2.SubnetArgs(
                vpc_id=args.vpc_id,
                cidr_block=str(args.subnets[zone]),
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=tagging.tags(args.tags, child, **args.subnet_tags),
            ),
            self._child,
        )

    def _build_table(self, name: str, args: SubnetTierArgs, zone: str) -> aws.ec2.RouteTable:
        child = naming.child(name, "routes", zone)
        return aws.ec2.RouteTable(
            child,
            aws.ec2.RouteTableArgs(vpc_id=args.vpc_id, tags=tagging.tags(args.tags, child)),
            self._child,
        )

    def _build_association(
        self, name: str, zone: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable
    ) -> aws.ec2.RouteTableAssociation:
        return aws.ec2.RouteTableAssociation(
            naming.child(name, "association", zone),
            aws.ec2.RouteTableAssociationArgs(subnet_id=subnet.id, route_table_id=table.id),
            self._child,
        )
