"""Security groups, one per tier, that name each other instead of addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, tagging

TOKEN = naming.token("network", "SecurityGroups")
EVERYWHERE = "0.0.0.0/0"
HTTPS = 443
KUBELET = 10250
# Webhooks and metrics listen here, and so do pods behind a load balancer.
UNPRIVILEGED = (1025, 65535)


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    """What the groups let through."""

    vpc_id: Input[str]
    # The port of the gateway's pods, the only one that load balancers reach.
    gateway_port: int
    # Whether the load balancer takes HTTPS from the internet; if not, from `internal_cidr`.
    public_https: bool = False
    internal_cidr: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Traffic that one group lets in or out; `peer` is a group's key or a CIDR."""

    key: str
    peer: str
    ports: tuple[int, int]
    why: str
    protocol: str = "tcp"


class SecurityGroups(pulumi.ComponentResource):
    """One group each for load balancers, nodes and the cluster's interfaces.

    Rules are resources of their own: a group that holds its rules inline fights
    every rule made elsewhere, and two groups could not name each other.
    Creates: security groups, ingress rules, egress rules.
    """

    load_balancer_id: Output[str]
    nodes_id: Output[str]
    cluster_id: Output[str]

    def __init__(
        self, name: str, args: SecurityGroupsArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        groups = {
            key: self._build_group(name, args, key, purpose)
            for key, purpose in {
                "load-balancer": "Load balancers in the public tier",
                "nodes": "Nodes in the private tier and the pods on them",
                "cluster": "The control plane's interfaces in the isolated tier",
            }.items()
        }
        for owner, flows in _inward(args).items():
            for flow in flows:
                self._build_ingress(name, args, groups, owner, flow)
        for owner, flows in _outward(args).items():
            for flow in flows:
                self._build_egress(name, args, groups, owner, flow)
        self.load_balancer_id = groups["load-balancer"].id
        self.nodes_id = groups["nodes"].id
        self.cluster_id = groups["cluster"].id
        self.register_outputs(
            {
                "load_balancer_id": self.load_balancer_id,
                "nodes_id": self.nodes_id,
                "cluster_id": self.cluster_id,
            }
        )

    def _build_group(
        self, name: str, args: SecurityGroupsArgs, key: str, purpose: str
    ) -> aws.ec2.SecurityGroup:
        child = naming.child(name, key)
        return aws.ec2.SecurityGroup(
            child,
            aws.ec2.SecurityGroupArgs(
                vpc_id=args.vpc_id, description=purpose, tags=tagging.tags(args.tags, child)
            ),
            self._child,
        )

    def _build_ingress(
        self,
        name: str,
        args: SecurityGroupsArgs,
        groups: Mapping[str, aws.ec2.SecurityGroup],
        owner: str,
        flow: Flow,
    ) -> aws.vpc.SecurityGroupIngressRule:
        child = naming.child(name, owner, f"in-{flow.key}")
        peer = groups.get(flow.peer)
        return aws.vpc.SecurityGroupIngressRule(
            child,
            aws.vpc.SecurityGroupIngressRuleArgs(
                security_group_id=groups[owner].id,
                description=flow.why,
                ip_protocol=flow.protocol,
                from_port=None if flow.protocol == "-1" else flow.ports[0],
                to_port=None if flow.protocol == "-1" else flow.ports[1],
                referenced_security_group_id=peer.id if peer else None,
                cidr_ipv4=None if peer else flow.peer,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_egress(
        self,
        name: str,
        args: SecurityGroupsArgs,
        groups: Mapping[str, aws.ec2.SecurityGroup],
        owner: str,
        flow: Flow,
    ) -> aws.vpc.SecurityGroupEgressRule:
        child = naming.child(name, owner, f"out-{flow.key}")
        peer = groups.get(flow.peer)
        return aws.vpc.SecurityGroupEgressRule(
            child,
            aws.vpc.SecurityGroupEgressRuleArgs(
                security_group_id=groups[owner].id,
                description=flow.why,
                ip_protocol=flow.protocol,
                from_port=None if flow.protocol == "-1" else flow.ports[0],
                to_port=None if flow.protocol == "-1" else flow.ports[1],
                referenced_security_group_id=peer.id if peer else None,
                cidr_ipv4=None if peer else flow.peer,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )


def _inward(args: SecurityGroupsArgs) -> dict[str, list[Flow]]:
    gateway = (args.gateway_port, args.gateway_port)
    clients = EVERYWHERE if args.public_https else args.internal_cidr
    return {
        "load-balancer": [
            Flow(key="clients", peer=clients, ports=(HTTPS, HTTPS), why="Clients"),
        ],
        "nodes": [
            Flow(key="gateway", peer="load-balancer", ports=gateway, why="Requests to the gateway"),
            Flow(key="nodes", peer="nodes", ports=(0, 0), protocol="-1", why="Pods of other nodes"),
            Flow(key="kubelet", peer="cluster", ports=(KUBELET, KUBELET), why="Logs and exec"),
            Flow(key="webhooks", peer="cluster", ports=UNPRIVILEGED, why="Webhooks and metrics"),
        ],
        "cluster": [
            Flow(key="nodes", peer="nodes", ports=(HTTPS, HTTPS), why="Kubernetes API"),
        ],
    }


def _outward(args: SecurityGroupsArgs) -> dict[str, list[Flow]]:
    gateway = (args.gateway_port, args.gateway_port)
    return {
        "load-balancer": [
            Flow(key="gateway", peer="nodes", ports=gateway, why="Requests to the gateway"),
        ],
        "nodes": [
            Flow(key="nodes", peer="nodes", ports=(0, 0), protocol="-1", why="Pods of other nodes"),
            Flow(key="cluster", peer="cluster", ports=(HTTPS, HTTPS), why="Kubernetes API"),
            Flow(
                key="https", peer=EVERYWHERE, ports=(HTTPS, HTTPS), why="Images, models, AWS APIs"
            ),
        ],
        "cluster": [
            Flow(key="kubelet", peer="nodes", ports=(KUBELET, KUBELET), why="Logs and exec"),
            Flow(key="webhooks", peer="nodes", ports=UNPRIVILEGED, why="Webhooks and metrics"),
        ],
    }
