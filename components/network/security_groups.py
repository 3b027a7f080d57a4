"""Security groups, one per tier, that name each other instead of addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, tagging
from components.network import flows
from components.network.flows import Flow, Shape

TOKEN = naming.token("network", "SecurityGroups")
Groups = Mapping[str, aws.ec2.SecurityGroup]


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    """What the groups let through."""

    vpc_id: Input[str]
    # What the network has: the traffic follows from it.
    shape: Shape
    # The cluster whose controllers look for the nodes' groups, where there is one.
    cluster_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class SecurityGroups(pulumi.ComponentResource):
    """One group each for load balancers, nodes, the cluster's interfaces, and what else there is.

    Rules are resources of their own: a group that holds its rules inline fights
    every rule made elsewhere, and two groups could not name each other.
    Creates: security groups, ingress rules, egress rules.
    """

    # Group, such as nodes -> its id.
    ids: dict[str, Output[str]]

    def __init__(
        self, name: str, args: SecurityGroupsArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        groups = {
            key: self._build_group(name, args, key, purpose)
            for key, purpose in flows.groups(args.shape).items()
        }
        for flow in flows.flows(args.shape):
            if flow.target in groups:
                self._build_ingress(name, args, groups, flow)
            if flow.source in groups:
                self._build_egress(name, args, groups, flow)
        self.ids = {key: group.id for key, group in groups.items()}
        self.register_outputs({"ids": self.ids})

    def _build_group(
        self, name: str, args: SecurityGroupsArgs, key: str, purpose: str
    ) -> aws.ec2.SecurityGroup:
        child = naming.child(name, key)
        found_by = _cluster_tags(key, args.cluster_name)
        return aws.ec2.SecurityGroup(
            child,
            aws.ec2.SecurityGroupArgs(
                vpc_id=args.vpc_id,
                description=purpose,
                tags=tagging.tags(args.tags, child, **found_by),
            ),
            self._child,
        )

    def _build_ingress(
        self, name: str, args: SecurityGroupsArgs, groups: Groups, flow: Flow
    ) -> aws.vpc.SecurityGroupIngressRule:
        child = naming.child(name, flow.target, f"in-{flow.key or flow.source}")
        peer = groups.get(flow.source)
        first, last = _ports(flow)
        return aws.vpc.SecurityGroupIngressRule(
            child,
            aws.vpc.SecurityGroupIngressRuleArgs(
                security_group_id=groups[flow.target].id,
                description=flow.why,
                ip_protocol=flow.protocol,
                from_port=first,
                to_port=last,
                referenced_security_group_id=peer.id if peer else None,
                cidr_ipv4=None if peer else flow.source,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_egress(
        self, name: str, args: SecurityGroupsArgs, groups: Groups, flow: Flow
    ) -> aws.vpc.SecurityGroupEgressRule:
        child = naming.child(name, flow.source, f"out-{flow.key or flow.target}")
        peer = groups.get(flow.target)
        first, last = _ports(flow)
        return aws.vpc.SecurityGroupEgressRule(
            child,
            aws.vpc.SecurityGroupEgressRuleArgs(
                security_group_id=groups[flow.source].id,
                description=flow.why,
                ip_protocol=flow.protocol,
                from_port=first,
                to_port=last,
                referenced_security_group_id=peer.id if peer else None,
                cidr_ipv4=None if peer else flow.target,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )


def _ports(flow: Flow) -> tuple[int | None, int | None]:
    return (None, None) if flow.protocol == "-1" else flow.ports


def _cluster_tags(key: str, cluster_name: str | None) -> dict[str, str]:
    """Return the tags by which controllers find the nodes' groups.

    The load balancer controller opens the one group of a node that carries the
    cluster's tag; Karpenter starts nodes in those it discovers.
    """
    if cluster_name is None or key not in (flows.NODES, flows.SERVING):
        return {}
    return {
        f"kubernetes.io/cluster/{cluster_name}": "owned",
        "karpenter.sh/discovery": cluster_name,
        "ballast:tier": flows.TIER_OF[key],
    }
