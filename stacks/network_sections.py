"""The network's section of the settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stacks.domain import (
    AccountId,
    DnsLabel,
    NarrowNetwork,
    Network,
    PeeringId,
    PodNetwork,
    Port,
    RoleArn,
    StackName,
    VpcId,
    VpcNetwork,
)
from stacks.section import RetentionDays, Section

Tier = Literal["public", "private", "serving", "isolated"]
# AWS services that have an interface endpoint here. S3 has a gateway, which is free.
EndpointService = Literal[
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "logs",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
]


class FlowLogSettings(Section):
    """Who talked to whom, kept."""

    retention_days: RetentionDays = Field(default=90, description="how long flow logs are kept")
    traffic: Literal["ALL", "REJECT"] = Field(
        default="ALL", description="what is recorded; REJECT cannot say where data went"
    )


class PeerFlowSettings(Section):
    """Traffic between one security group of this network and a peer."""

    group: Literal["nodes", "serving", "cluster", "services"] = Field(
        description="the group on this side"
    )
    ports: tuple[Port, ...] = Field(min_length=1, description="TCP ports")
    why: str = Field(min_length=1, max_length=255, description="what it is for; on the rules")


class PeerSideSettings(Section):
    """What a peering joins: networks on both sides by name, and traffic by port."""

    networks: tuple[NarrowNetwork, ...] = Field(
        min_length=1, description="networks of the peer that this side has routes to"
    )
    own_networks: tuple[NarrowNetwork, ...] = Field(
        min_length=1, description="networks of this side that the peer knows"
    )
    reaches: tuple[PeerFlowSettings, ...] = Field(
        default=(), description="what this side reaches over there"
    )
    lets_in: tuple[PeerFlowSettings, ...] = Field(
        default=(), description="what the peer reaches over here"
    )


class PeeringSettings(PeerSideSettings):
    """A peering that this side asks for."""

    stack: StackName | None = Field(
        default=None,
        description="stack of the peer, such as organization/ballast/shared; its outputs name the "
        "VPC, its route tables and its group",
    )
    vpc_id: VpcId | None = Field(
        default=None, description="VPC of a peer that is no stack; its side is made over there"
    )
    account: AccountId | None = Field(
        default=None, description="account of the peer; none: this one"
    )
    acceptance: Literal["auto", "pending"] = Field(
        default="auto",
        description="whether this side accepts for the peer, or the peer does it by itself",
    )
    accepter_role_arn: RoleArn | None = Field(
        default=None, description="role in the peer's account that accepts and sets its routes"
    )
    zones: tuple[str, ...] = Field(
        default=(), description="zones of the peer whose private subnets get the way back"
    )


class AcceptedPeeringSettings(PeerSideSettings):
    """A peering that another side has asked for, and that is accepted here."""

    connection: PeeringId = Field(description="id of the connection, from the side that asked")


class NetworkSettings(Section):
    """The VPC, its zones, tiers and ways out."""

    cidr: VpcNetwork = Field(description="addresses of the VPC; changing them replaces it")
    zones: tuple[str, ...] = Field(
        min_length=2, max_length=4, description="availability zones, at least two of the region"
    )
    nat: Literal["none", "single", "per-zone"] = Field(
        default="single", description="ways out of the tiers with nodes"
    )
    public_https: bool = Field(
        default=False, description="whether load balancers take HTTPS from the internet"
    )
    dedicated_serving: bool = Field(
        default=False, description="whether GPU nodes have a tier and a group of their own"
    )
    subnets: dict[Tier, dict[str, Network]] = Field(
        default_factory=dict[Tier, dict[str, Network]],
        description="subnets that lie elsewhere than the plan puts them, by tier and zone",
    )
    pod_cidr: PodNetwork | None = Field(
        default=None,
        description="addresses of pods apart from the VPC's, in 100.64.0.0/10; none: the nodes'",
    )
    endpoints: tuple[EndpointService, ...] = Field(
        default=(), description="AWS services reached by an interface in the isolated tier"
    )
    flow_logs: FlowLogSettings | None = Field(
        default=None, description="who talked to whom, kept; none: not kept"
    )
    isolated: bool = Field(
        default=False, description="whether the network may never be joined with another"
    )
    peerings: dict[DnsLabel, PeeringSettings] = Field(
        default_factory=dict[DnsLabel, PeeringSettings],
        description="peerings this side asks for, by the environment on the other side",
    )
    accepts: dict[DnsLabel, AcceptedPeeringSettings] = Field(
        default_factory=dict[DnsLabel, AcceptedPeeringSettings],
        description="peerings others asked for, by the environment on the other side",
    )
