"""The VPC with its tiers and its ways out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, ordering, tagging
from components.network.subnets import Tier
from components.network.tier import SubnetTier, SubnetTierArgs

TOKEN = naming.token("network", "Vpc")
EVERYWHERE = "0.0.0.0/0"
Nat = Literal["none", "single", "per-zone"]


@dataclass(frozen=True, kw_only=True)
class VpcArgs:
    """What makes the VPC."""

    cidr: IPv4Network
    # Tier -> zone -> where the subnet lies. Every tier has the same zones.
    subnets: Mapping[Tier, Mapping[str, IPv4Network]]
    # Ways out of the private tier. "single" is cheap; a zone that fails takes it along.
    nat: Nat = "none"
    # The cluster that the subnets are tagged for, where there is one.
    cluster_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Vpc(pulumi.ComponentResource):
    """A VPC in tiers: public for load balancers only, private for nodes, isolated.

    The isolated tier has no way out; the cluster's interfaces lie there. The
    default security group is emptied, because whatever names no group lands
    in it. Creates: VPC, internet gateway, tiers, NAT gateways, routes.
    """

    vpc_id: Output[str]
    private_subnet_ids: dict[str, Output[str]]
    isolated_subnet_ids: dict[str, Output[str]]

    def __init__(self, name: str, args: VpcArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        vpc = self._build_vpc(name, args)
        self._build_empty_default_group(name, args, vpc)
        gateway = self._build_internet_gateway(name, args, vpc)
        public = self._build_tier(name, args, "public", vpc)
        private = self._build_tier(name, args, "private", vpc)
        isolated = self._build_tier(name, args, "isolated", vpc)
        internet = self._build_internet_routes(name, public, gateway)
        nats = self._build_nat_gateways(name, args, public, internet)
        ways_out = self._build_nat_routes(name, private, nats)
        self.vpc_id = vpc.id
        self.private_subnet_ids = _after(ways_out, private.subnet_ids)
        self.isolated_subnet_ids = isolated.subnet_ids
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "private_subnet_ids": self.private_subnet_ids,
                "isolated_subnet_ids": self.isolated_subnet_ids,
            }
        )

    def _build_vpc(self, name: str, args: VpcArgs) -> aws.ec2.Vpc:
        child = naming.child(name, "vpc")
        return aws.ec2.Vpc(
            child,
            aws.ec2.VpcArgs(
                cidr_block=str(args.cidr),
                enable_dns_support=True,
                # Interface endpoints and the cluster's private endpoint need names.
                enable_dns_hostnames=True,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_empty_default_group(
        self, name: str, args: VpcArgs, vpc: aws.ec2.Vpc
    ) -> aws.ec2.DefaultSecurityGroup:
        child = naming.child(name, "default-group")
        return aws.ec2.DefaultSecurityGroup(
            child,
            aws.ec2.DefaultSecurityGroupArgs(
                vpc_id=vpc.id, ingress=[], egress=[], tags=tagging.tags(args.tags, child)
            ),
            self._child,
        )

    def _build_internet_gateway(
        self, name: str, args: VpcArgs, vpc: aws.ec2.Vpc
    ) -> aws.ec2.InternetGateway:
        child = naming.child(name, "internet-gateway")
        return aws.ec2.InternetGateway(
            child,
            aws.ec2.InternetGatewayArgs(vpc_id=vpc.id, tags=tagging.tags(args.tags, child)),
            self._child,
        )

    def _build_tier(self, name: str, args: VpcArgs, tier: Tier, vpc: aws.ec2.Vpc) -> SubnetTier:
        return SubnetTier(
            naming.child(name, tier),
            SubnetTierArgs(
                vpc_id=vpc.id,
                subnets=args.subnets[tier],
                subnet_tags=_subnet_tags(tier, args.cluster_name),
                tags=args.tags,
            ),
            self._child,
        )

    def _build_internet_routes(
        self, name: str, public: SubnetTier, gateway: aws.ec2.InternetGateway
    ) -> list[aws.ec2.Route]:
        return [
            aws.ec2.Route(
                naming.child(name, "internet-route", zone),
                aws.ec2.RouteArgs(
                    route_table_id=table_id,
                    destination_cidr_block=EVERYWHERE,
                    gateway_id=gateway.id,
                ),
                self._child,
            )
            for zone, table_id in public.route_table_ids.items()
        ]

    def _build_nat_gateways(
        self, name: str, args: VpcArgs, public: SubnetTier, internet: Sequence[aws.ec2.Route]
    ) -> dict[str, aws.ec2.NatGateway]:
        """Return the gateway that each zone uses."""
        zones = list(public.subnet_ids)
        homes = {"none": [], "single": zones[:1], "per-zone": zones}[args.nat]
        gateways = {
            zone: self._build_nat(name, args, zone, public.subnet_ids[zone], internet)
            for zone in homes
        }
        return {zone: gateways.get(zone, gateways[homes[0]]) for zone in zones} if homes else {}

    def _build_nat(
        self,
        name: str,
        args: VpcArgs,
        zone: str,
        subnet_id: Input[str],
        internet: Sequence[aws.ec2.Route],
    ) -> aws.ec2.NatGateway:
        address_name = naming.child(name, "nat-address", zone)
        # AWS gives an address out once the VPC can be reached from the internet.
        reachable = ResourceOptions.merge(self._child, ResourceOptions(depends_on=list(internet)))
        address = aws.ec2.Eip(
            address_name,
            aws.ec2.EipArgs(domain="vpc", tags=tagging.tags(args.tags, address_name)),
            reachable,
        )
        gateway_name = naming.child(name, "nat", zone)
        return aws.ec2.NatGateway(
            gateway_name,
            aws.ec2.NatGatewayArgs(
                allocation_id=address.id,
                subnet_id=subnet_id,
                tags=tagging.tags(args.tags, gateway_name),
            ),
            reachable,
        )

    def _build_nat_routes(
        self, name: str, private: SubnetTier, nats: Mapping[str, aws.ec2.NatGateway]
    ) -> dict[str, aws.ec2.Route]:
        return {
            zone: aws.ec2.Route(
                naming.child(name, "nat-route", zone),
                aws.ec2.RouteArgs(
                    route_table_id=private.route_table_ids[zone],
                    destination_cidr_block=EVERYWHERE,
                    nat_gateway_id=gateway.id,
                ),
                self._child,
            )
            for zone, gateway in nats.items()
        }


def _subnet_tags(tier: Tier, cluster_name: str | None) -> dict[str, str]:
    """Return the tags by which controllers find their subnets, and bills their tier."""
    found = {"ballast:tier": tier}
    if cluster_name is None:
        return found
    roles = {
        "public": {"kubernetes.io/role/elb": "1"},
        "private": {"kubernetes.io/role/internal-elb": "1"},
    }
    return {
        **found,
        f"kubernetes.io/cluster/{cluster_name}": "shared",
        **roles.get(tier, {}),
    }


def _after(
    routes: Mapping[str, aws.ec2.Route], subnet_ids: Mapping[str, Output[str]]
) -> dict[str, Output[str]]:
    """Return subnet ids that are known once their way out is: nodes start by pulling images."""
    return {
        zone: ordering.after(routes[zone], subnet_id) if zone in routes else subnet_id
        for zone, subnet_id in subnet_ids.items()
    }
