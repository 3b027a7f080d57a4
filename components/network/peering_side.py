"""One side of a peering: its routes, its rules, and whose names it resolves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, tagging

TOKEN = naming.token("network", "PeeringSide")


@dataclass(frozen=True, kw_only=True)
class PeerTraffic:
    """What one group of this side sends to the peer, or lets in from it."""

    direction: Literal["in", "out"]
    # The group's name, such as nodes, and its id.
    group: str
    group_id: Input[str]
    port: int
    why: str


@dataclass(frozen=True, kw_only=True)
class PeeringSideArgs:
    """What makes one side."""

    connection_id: Input[str]
    role: Literal["requester", "accepter"]
    # Whether the other side may resolve names of this one to private addresses.
    resolves_names: bool
    # What tells a route table apart, such as private-us-east-1a -> its id.
    route_table_ids: Mapping[str, Input[str]]
    # Networks of the other side.
    networks: Sequence[str]
    traffic: Sequence[PeerTraffic]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class PeeringSide(pulumi.ComponentResource):
    """Routes to named networks, and rules for named ports.

    Rules name networks, for a group of another account is nothing that AWS lets one refer to
    while the peering is not accepted. Creates: peering options, routes, ingress and egress rules.
    """

    connection_id: Output[str]

    def __init__(
        self, name: str, args: PeeringSideArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        if args.resolves_names:
            self._build_options(name, args)
        for network in args.networks:
            for key, table_id in args.route_table_ids.items():
                self._build_route(name, args, network, key, table_id)
            for traffic in args.traffic:
                self._build_rule(name, args, network, traffic)
        self.connection_id = Output.from_input(args.connection_id)
        self.register_outputs({"connection_id": self.connection_id})

    def _build_options(self, name: str, args: PeeringSideArgs) -> aws.ec2.PeeringConnectionOptions:
        requester = aws.ec2.PeeringConnectionOptionsRequesterArgs(
            allow_remote_vpc_dns_resolution=True
        )
        accepter = aws.ec2.PeeringConnectionOptionsAccepterArgs(
            allow_remote_vpc_dns_resolution=True
        )
        return aws.ec2.PeeringConnectionOptions(
            naming.child(name, "options"),
            aws.ec2.PeeringConnectionOptionsArgs(
                vpc_peering_connection_id=args.connection_id,
                requester=requester if args.role == "requester" else None,
                accepter=accepter if args.role == "accepter" else None,
            ),
            self._child,
        )

    def _build_route(
        self, name: str, args: PeeringSideArgs, network: str, key: str, table_id: Input[str]
    ) -> aws.ec2.Route:
        return aws.ec2.Route(
            naming.child(name, f"route-{_plain(network)}", key),
            aws.ec2.RouteArgs(
                route_table_id=table_id,
                destination_cidr_block=network,
                vpc_peering_connection_id=args.connection_id,
            ),
            self._child,
        )

    def _build_rule(
        self, name: str, args: PeeringSideArgs, network: str, traffic: PeerTraffic
    ) -> None:
        child = naming.child(
            name, f"{traffic.group}-{traffic.direction}-{traffic.port}", _plain(network)
        )
        if traffic.direction == "in":
            aws.vpc.SecurityGroupIngressRule(
                child,
                aws.vpc.SecurityGroupIngressRuleArgs(
                    security_group_id=traffic.group_id,
                    description=traffic.why,
                    ip_protocol="tcp",
                    from_port=traffic.port,
                    to_port=traffic.port,
                    cidr_ipv4=network,
                    tags=tagging.tags(args.tags, child),
                ),
                self._child,
            )
        else:
            aws.vpc.SecurityGroupEgressRule(
                child,
                aws.vpc.SecurityGroupEgressRuleArgs(
                    security_group_id=traffic.group_id,
                    description=traffic.why,
                    ip_protocol="tcp",
                    from_port=traffic.port,
                    to_port=traffic.port,
                    cidr_ipv4=network,
                    tags=tagging.tags(args.tags, child),
                ),
                self._child,
            )


def _plain(network: str) -> str:
    """Return a network as part of a name."""
    return network.replace("/", "-")
