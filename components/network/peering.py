"""Peerings: two networks joined by name, by route and by port, and by nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, ordering, tagging
from components.network.peering_side import PeeringSide, PeeringSideArgs, PeerTraffic

PEERING_TOKEN = naming.token("network", "Peering")
ACCEPTED_TOKEN = naming.token("network", "AcceptedPeering")


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one side gives to a peering."""

    # What tells a route table apart, such as private-us-east-1a -> its id.
    route_table_ids: Mapping[str, Input[str]]
    # Networks of the other side that routes lead to.
    networks: Sequence[str]
    traffic: Sequence[PeerTraffic]


@dataclass(frozen=True, kw_only=True)
class PeeringArgs:
    """What makes a peering that this side asks for."""

    vpc_id: Input[str]
    peer_vpc_id: Input[str]
    # The environment on the other side; on every tag, so that policies and people see it.
    peer: str
    # The other account, if it is another one.
    peer_account: str | None = None
    # "pending" leaves it to the other side to accept and to make its own routes.
    acceptance: Literal["auto", "pending"] = "auto"
    # Who acts in the other account; without it the peer is in this one.
    accepter: aws.Provider | None = None
    own: Side
    # What is made on the other side; none when it is not ours to make.
    theirs: Side | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Peering(pulumi.ComponentResource):
    """A peering asked for from here, with routes and rules on both sides where that is allowed.

    Creates: peering connection, its acceptance in another account, both sides.
    """

    connection_id: Output[str]

    def __init__(self, name: str, args: PeeringArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(PEERING_TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        self._there = ResourceOptions.merge(
            self._child, ResourceOptions(provider=args.accepter) if args.accepter else None
        )
        tags = {**args.tags, "PeerEnvironment": args.peer}
        connection = self._build_connection(name, args, tags)
        self.connection_id = self._build_acceptance(name, args, connection, tags)
        self._build_side(name, args, "requester", args.own, tags)
        if args.theirs is not None:
            self._build_side(name, args, "accepter", args.theirs, tags)
        self.register_outputs({"connection_id": self.connection_id})

    def _build_connection(
        self, name: str, args: PeeringArgs, tags: Mapping[str, str]
    ) -> aws.ec2.VpcPeeringConnection:
        child = naming.child(name, "connection")
        return aws.ec2.VpcPeeringConnection(
            child,
            aws.ec2.VpcPeeringConnectionArgs(
                vpc_id=args.vpc_id,
                peer_vpc_id=args.peer_vpc_id,
                peer_owner_id=args.peer_account,
                # AWS takes this within one account only.
                auto_accept=args.acceptance == "auto" and args.accepter is None,
                tags=tagging.tags(tags, child),
            ),
            self._child,
        )

    def _build_acceptance(
        self,
        name: str,
        args: PeeringArgs,
        connection: aws.ec2.VpcPeeringConnection,
        tags: Mapping[str, str],
    ) -> Output[str]:
        """Return the connection's id, known once it may carry traffic."""
        if args.accepter is None:
            return connection.id
        child = naming.child(name, "acceptance")
        acceptance = aws.ec2.VpcPeeringConnectionAccepter(
            child,
            aws.ec2.VpcPeeringConnectionAccepterInitArgs(
                vpc_peering_connection_id=connection.id,
                auto_accept=True,
                tags=tagging.tags(tags, child),
            ),
            self._there,
        )
        return ordering.after(acceptance, connection.id)

    def _build_side(
        self,
        name: str,
        args: PeeringArgs,
        role: Literal["requester", "accepter"],
        side: Side,
        tags: Mapping[str, str],
    ) -> PeeringSide:
        there = role == "accepter" and args.accepter is not None
        providers = ResourceOptions(providers=[args.accepter] if there and args.accepter else None)
        return PeeringSide(
            naming.child(name, role),
            PeeringSideArgs(
                connection_id=self.connection_id,
                role=role,
                # AWS sets options of a connection once it is accepted, and not before.
                resolves_names=args.acceptance == "auto",
                route_table_ids=side.route_table_ids,
                networks=side.networks,
                traffic=side.traffic,
                tags=tags,
            ),
            ResourceOptions.merge(self._child, providers),
        )


@dataclass(frozen=True, kw_only=True)
class AcceptedPeeringArgs:
    """What makes a peering that another side has asked for."""

    connection_id: Input[str]
    peer: str
    own: Side
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class AcceptedPeering(pulumi.ComponentResource):
    """A peering that another account has asked for and could not accept by itself.

    Creates: its acceptance, this side's routes and rules.
    """

    connection_id: Output[str]

    def __init__(
        self, name: str, args: AcceptedPeeringArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(ACCEPTED_TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        tags = {**args.tags, "PeerEnvironment": args.peer}
        acceptance = self._build_acceptance(name, args, tags)
        self.connection_id = acceptance.id
        self._build_side(name, args, tags)
        self.register_outputs({"connection_id": self.connection_id})

    def _build_acceptance(
        self, name: str, args: AcceptedPeeringArgs, tags: Mapping[str, str]
    ) -> aws.ec2.VpcPeeringConnectionAccepter:
        child = naming.child(name, "acceptance")
        return aws.ec2.VpcPeeringConnectionAccepter(
            child,
            aws.ec2.VpcPeeringConnectionAccepterInitArgs(
                vpc_peering_connection_id=args.connection_id,
                auto_accept=True,
                tags=tagging.tags(tags, child),
            ),
            self._child,
        )

    def _build_side(
        self, name: str, args: AcceptedPeeringArgs, tags: Mapping[str, str]
    ) -> PeeringSide:
        return PeeringSide(
            naming.child(name, "accepter"),
            PeeringSideArgs(
                connection_id=self.connection_id,
                role="accepter",
                resolves_names=True,
                route_table_ids=args.own.route_table_ids,
                networks=args.own.networks,
                traffic=args.own.traffic,
                tags=tags,
            ),
            self._child,
        )
