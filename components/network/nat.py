"""NAT gateways of a VPC and the routes to them; the VPC's own children, made apart for length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, ordering, tagging
from components.network.flows import EVERYWHERE
from components.network.tier import SubnetTier

# "single" is cheap; a zone that fails takes the others' way out along.
Nat = Literal["none", "single", "per-zone"]


def gateways(
    name: str,
    nat: Nat,
    tags: Mapping[str, str],
    public: SubnetTier,
    internet: Sequence[aws.ec2.Route],
    child: ResourceOptions,
) -> dict[str, aws.ec2.NatGateway]:
    """Return the gateway that each zone uses; none where there is no way out."""
    zones = list(public.subnet_ids)
    homes = {"none": [], "single": zones[:1], "per-zone": zones}[nat]
    # AWS gives an address out once the VPC can be reached from the internet.
    reachable = ResourceOptions.merge(child, ResourceOptions(depends_on=list(internet)))
    made = {zone: _gateway(name, zone, tags, public.subnet_ids[zone], reachable) for zone in homes}
    return {zone: made.get(zone, made[homes[0]]) for zone in zones} if homes else {}


def ways_out(
    name: str,
    role: str,
    tier: SubnetTier,
    gateway_of: Mapping[str, aws.ec2.NatGateway],
    child: ResourceOptions,
) -> dict[str, Output[str]]:
    """Give each subnet of the tier its way out; return ids that are known once it has it.

    Nodes start by pulling images: one that is there before its route fails.
    """
    routes = {
        zone: _route(naming.child(name, role, zone), tier.route_table_ids[zone], gateway, child)
        for zone, gateway in gateway_of.items()
    }
    return {
        zone: ordering.after(routes[zone], subnet_id) if zone in routes else subnet_id
        for zone, subnet_id in tier.subnet_ids.items()
    }


def _gateway(
    name: str,
    zone: str,
    tags: Mapping[str, str],
    subnet_id: Input[str],
    reachable: ResourceOptions,
) -> aws.ec2.NatGateway:
    address_name = naming.child(name, "nat-address", zone)
    address = aws.ec2.Eip(
        address_name,
        aws.ec2.EipArgs(domain="vpc", tags=tagging.tags(tags, address_name)),
        reachable,
    )
    gateway_name = naming.child(name, "nat", zone)
    return aws.ec2.NatGateway(
        gateway_name,
        aws.ec2.NatGatewayArgs(
            allocation_id=address.id,
            subnet_id=subnet_id,
            tags=tagging.tags(tags, gateway_name),
        ),
        # An address belongs to one gateway at a time: the old one has to let go of it first.
        ResourceOptions.merge(reachable, ResourceOptions(delete_before_replace=True)),
    )


def _route(
    child_name: str, table_id: Input[str], gateway: aws.ec2.NatGateway, child: ResourceOptions
) -> aws.ec2.Route:
    return aws.ec2.Route(
        child_name,
        aws.ec2.RouteArgs(
            route_table_id=table_id,
            destination_cidr_block=EVERYWHERE,
            nat_gateway_id=gateway.id,
        ),
        child,
    )
