"""One managed node group with its launch template."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, tagging
from components.cluster import node_capacity, node_storage
from components.cluster.node_capacity import EKS_CAPACITY_TYPES, Capacity, Fabric
from components.cluster.node_storage import NodeStorage

TOKEN = naming.token("cluster", "NodeGroup")
Effect = Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]


@dataclass(frozen=True, kw_only=True)
class Taint:
    """What keeps pods away that do not tolerate it."""

    key: str
    value: str
    effect: Effect


@dataclass(frozen=True, kw_only=True)
class NodeGroupArgs:
    """What makes a node group."""

    cluster_name: Input[str]
    node_role_arn: Input[str]
    # Zone -> subnet. A change of zones makes a new group.
    subnet_ids: Mapping[str, Input[str]]
    security_group_ids: Sequence[Input[str]]
    instance_types: tuple[str, ...]
    # Such as BOTTLEROCKET_x86_64_NVIDIA.
    ami_type: str
    capacity: Capacity
    min_nodes: int
    desired_nodes: int
    max_nodes: int
    # Room for images and models, and how fast it is.
    storage: NodeStorage
    # Capacity that was reserved beforehand; None: what AWS has.
    reservation_id: str | None = None
    # None: ordinary interfaces, wherever AWS puts the machines.
    fabric: Fabric | None = None
    labels: Mapping[str, str]
    taints: tuple[Taint, ...] = ()
    # Tags of the group only: what the cluster autoscaler reads at zero nodes.
    group_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    # Tags of the machines only: what the interruption handler looks for.
    instance_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class NodeGroup(pulumi.ComponentResource):
    """Machines of one kind that join the cluster by themselves.

    What EKS cannot change in place gives the group a new name, so that the new
    group stands before the old one goes. Creates: launch template, node group.
    """

    name: Output[str]

    def __init__(self, name: str, args: NodeGroupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        template = self._build_template(name, args)
        group = self._build_group(name, args, template)
        self.name = group.node_group_name
        self.register_outputs({"name": self.name})

    def _build_template(self, name: str, args: NodeGroupArgs) -> aws.ec2.LaunchTemplate:
        child = naming.child(name, "template")
        tags = tagging.tags(args.tags, child)
        return aws.ec2.LaunchTemplate(
            child,
            aws.ec2.LaunchTemplateArgs(
                update_default_version=True,
                # Interfaces of its own carry the security groups themselves.
                vpc_security_group_ids=None if args.fabric else args.security_group_ids,
                network_interfaces=node_capacity.interfaces(
                    args.fabric, list(args.security_group_ids)
                ),
                placement=node_capacity.placement(args.fabric),
                instance_market_options=node_capacity.market(args.capacity),
                capacity_reservation_specification=node_capacity.reservation(args.reservation_id),
                user_data=node_storage.user_data(args.storage, args.ami_type),
                metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                    http_endpoint="enabled",
                    http_tokens="required",
                    # One hop: pods cannot take the node's role.
                    http_put_response_hop_limit=1,
                ),
                block_device_mappings=node_storage.volumes(args.storage, args.ami_type),
                tag_specifications=[
                    aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=launched)
                    for kind, launched in (
                        ("instance", {**tags, **args.instance_tags}),
                        ("volume", tags),
                    )
                ],
                tags=tags,
            ),
            self._child,
        )

    def _build_group(
        self, name: str, args: NodeGroupArgs, template: aws.ec2.LaunchTemplate
    ) -> aws.eks.NodeGroup:
        child = naming.child(name, "group")
        return aws.eks.NodeGroup(
            child,
            aws.eks.NodeGroupArgs(
                node_group_name=f"{name}-{generation(args)}",
                cluster_name=args.cluster_name,
                node_role_arn=args.node_role_arn,
                subnet_ids=list(args.subnet_ids.values()),
                capacity_type=EKS_CAPACITY_TYPES[args.capacity],
                instance_types=list(args.instance_types),
                ami_type=args.ami_type,
                scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                    min_size=args.min_nodes,
                    desired_size=args.desired_nodes,
                    max_size=args.max_nodes,
                ),
                update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable_percentage=33),
                node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
                launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                    id=template.id, version=template.latest_version.apply(str)
                ),
                labels=dict(args.labels),
                taints=[
                    aws.eks.NodeGroupTaintArgs(
                        key=taint.key, value=taint.value, effect=taint.effect
                    )
                    for taint in args.taints
                ],
                tags={**tagging.tags(args.tags, child), **args.group_tags},
            ),
            self._child,
        )


def generation(args: NodeGroupArgs) -> str:
    """Return a mark of everything that EKS cannot change in a group that exists."""
    fixed = [sorted(args.subnet_ids), args.instance_types, args.ami_type, args.capacity]
    return hashlib.sha256(json.dumps(fixed).encode()).hexdigest()[:6]
