"""The VPC with its tiers and its ways out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, ordering, tagging
from components.network import nat as ways
from components.network.acl import IsolatedAcl, IsolatedAclArgs
from components.network.flows import EVERYWHERE
from components.network.nat import Nat
from components.network.subnets import NODE_TIERS, Tier
from components.network.tier import SubnetTier, SubnetTierArgs

TOKEN = naming.token("network", "Vpc")


@dataclass(frozen=True, kw_only=True)
class PodNetwork:
    """Addresses of pods apart from those of nodes: a second block of the VPC."""

    block: IPv4Network
    # Zone -> where the pods' subnet lies.
    subnets: Mapping[str, IPv4Network]


@dataclass(frozen=True, kw_only=True)
class VpcArgs:
    """What makes the VPC."""

    cidr: IPv4Network
    # Tier -> zone -> where the subnet lies. Every tier has the same zones; serving may be absent.
    subnets: Mapping[Tier, Mapping[str, IPv4Network]]
    # Without it pods take their addresses where their node takes its own.
    pods: PodNetwork | None = None
    # Ways out of the tiers with nodes.
    nat: Nat = "none"
    # Networks of peers that call the Kubernetes API.
    api_callers: Sequence[str] = ()
    # The cluster that the subnets are tagged for, where there is one.
    cluster_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Vpc(pulumi.ComponentResource):
    """A VPC in tiers: public for load balancers, private and serving for nodes, isolated.

    The isolated tier has no way out; the cluster's interfaces lie there. The
    default security group is emptied, because whatever names no group lands
    in it. The default network ACL stays as AWS makes it, open: the tiers that
    use it are guarded by groups. Creates: VPC, internet gateway, tiers, network
    ACL, NAT gateways, routes.
    """

    vpc_id: Output[str]
    # Tier, or "pods" -> zone -> subnet.
    subnet_ids: dict[str, dict[str, Output[str]]]
    # Tier, or "pods" -> zone -> route table.
    route_table_ids: dict[str, dict[str, Output[str]]]

    def __init__(self, name: str, args: VpcArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        vpc = self._build_vpc(name, args)
        self._build_empty_default_group(name, args, vpc)
        gateway = self._build_internet_gateway(name, args, vpc)
        tiers: dict[str, SubnetTier] = {
            tier: self._build_tier(name, args, tier, vpc.id, places)
            for tier, places in args.subnets.items()
        }
        tiers |= self._build_pod_tier(name, args, vpc)
        internet = self._build_internet_routes(name, tiers["public"], gateway)
        nats = ways.gateways(name, args.nat, args.tags, tiers["public"], internet, self._child)
        self._build_acl(name, args, vpc, tiers["isolated"])
        self.vpc_id = vpc.id
        self.route_table_ids = {key: tier.route_table_ids for key, tier in tiers.items()}
        self.subnet_ids = {
            key: ways.ways_out(name, _NAT_ROUTES[key], tier, nats, self._child)
            if key in _NAT_ROUTES
            else tier.subnet_ids
            for key, tier in tiers.items()
        }
        self.register_outputs({"vpc_id": self.vpc_id, "subnet_ids": self.subnet_ids})

    @property
    def private_subnet_ids(self) -> dict[str, Output[str]]:
        """Where nodes lie, by zone."""
        return self.subnet_ids["private"]

    @property
    def serving_subnet_ids(self) -> dict[str, Output[str]]:
        """Where serving nodes lie, by zone: apart from other nodes, if there is a tier for it."""
        return self.subnet_ids.get("serving", self.subnet_ids["private"])

    @property
    def isolated_subnet_ids(self) -> dict[str, Output[str]]:
        """Where the cluster's interfaces lie, by zone."""
        return self.subnet_ids["isolated"]

    @property
    def pod_subnet_ids(self) -> dict[str, Output[str]]:
        """Where pods have a network of their own, by zone; empty without one."""
        return self.subnet_ids.get("pods", {})

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

    def _build_tier(
        self,
        name: str,
        args: VpcArgs,
        tier: str,
        vpc_id: Input[str],
        places: Mapping[str, IPv4Network],
    ) -> SubnetTier:
        return SubnetTier(
            naming.child(name, tier),
            SubnetTierArgs(
                vpc_id=vpc_id,
                subnets=places,
                subnet_tags=_subnet_tags(tier, args.cluster_name),
                tags=args.tags,
            ),
            self._child,
        )

    def _build_pod_tier(self, name: str, args: VpcArgs, vpc: aws.ec2.Vpc) -> dict[str, SubnetTier]:
        if args.pods is None:
            return {}
        block = aws.ec2.VpcIpv4CidrBlockAssociation(
            naming.child(name, "pod-block"),
            aws.ec2.VpcIpv4CidrBlockAssociationArgs(vpc_id=vpc.id, cidr_block=str(args.pods.block)),
            self._child,
        )
        # The subnets find no room in the VPC before its second block is there.
        widened = ordering.after(block, vpc.id)
        return {"pods": self._build_tier(name, args, "pods", widened, args.pods.subnets)}

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

    def _build_acl(
        self, name: str, args: VpcArgs, vpc: aws.ec2.Vpc, isolated: SubnetTier
    ) -> IsolatedAcl:
        blocks = [args.cidr, *([args.pods.block] if args.pods else [])]
        return IsolatedAcl(
            naming.child(name, "isolated"),
            IsolatedAclArgs(
                vpc_id=vpc.id,
                subnet_ids=list(isolated.subnet_ids.values()),
                inside=[str(block) for block in blocks],
                callers=args.api_callers,
                tags=args.tags,
            ),
            self._child,
        )


# Tier -> the role in the name of its routes to NAT gateways; other tiers have no way out.
_NAT_ROUTES: Mapping[str, str] = {
    "private": "nat-route",
    "serving": "nat-route-serving",
    "pods": "nat-route-pods",
}


def _subnet_tags(tier: str, cluster_name: str | None) -> dict[str, str]:
    """Return the tags by which controllers find their subnets, and bills their tier."""
    found = {"ballast:tier": tier}
    if cluster_name is None:
        return found
    if tier in NODE_TIERS:
        # Karpenter starts nodes where it discovers this; by tier it tells serving nodes apart.
        found["karpenter.sh/discovery"] = cluster_name
    roles = {
        "public": {"kubernetes.io/role/elb": "1"},
        "private": {"kubernetes.io/role/internal-elb": "1"},
    }
    return {**found, f"kubernetes.io/cluster/{cluster_name}": "shared", **roles.get(tier, {})}
