"""One pool of GPU nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from catalog import accelerators
from components import naming, tagging
from components.capacity import labels
from components.cluster.node_capacity import Capacity, Fabric
from components.cluster.node_group import NodeGroup, NodeGroupArgs
from components.cluster.node_storage import NodeStorage

TOKEN = naming.token("capacity", "GpuPool")
AMI_TYPE: Final = "BOTTLEROCKET_x86_64_NVIDIA"
_TEMPLATE: Final = "k8s.io/cluster-autoscaler/node-template"


@dataclass(frozen=True, kw_only=True)
class GpuPoolArgs:
    """What makes a pool."""

    # Pods and people know the pool by it.
    pool: str
    cluster_name: Input[str]
    node_role_arn: Input[str]
    # Zone -> subnet.
    subnet_ids: Mapping[str, Input[str]]
    security_group_ids: Sequence[Input[str]]
    # Types with the same GPUs, so that a pod may land on any of them.
    instance_types: tuple[str, ...]
    capacity: Capacity = "spot"
    min_nodes: int = 0
    desired_nodes: int = 0
    max_nodes: int
    storage: NodeStorage
    # Capacity that was reserved beforehand; None: what AWS has.
    reservation_id: str | None = None
    # Whether machines talk to each other past the kernel (EFA), close together.
    fabric: bool = False
    instance_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class GpuPool(pulumi.ComponentResource):
    """Nodes with GPUs, spot unless said otherwise, kept free for what asks for GPUs.

    Tainted, because a pod that needs no GPU would keep a dear machine from
    scaling down. Creates: node group with its launch template,
    placement group where asked for.
    """

    node_group_name: Output[str]

    def __init__(self, name: str, args: GpuPoolArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        group = self._build_group(name, args)
        self.node_group_name = group.name
        self.register_outputs({"node_group_name": self.node_group_name})

    def _build_group(self, name: str, args: GpuPoolArgs) -> NodeGroup:
        node_labels = pool_labels(args)
        return NodeGroup(
            naming.child(name, "nodes"),
            NodeGroupArgs(
                cluster_name=args.cluster_name,
                node_role_arn=args.node_role_arn,
                subnet_ids=args.subnet_ids,
                security_group_ids=args.security_group_ids,
                instance_types=args.instance_types,
                ami_type=AMI_TYPE,
                capacity=args.capacity,
                min_nodes=args.min_nodes,
                desired_nodes=args.desired_nodes,
                max_nodes=args.max_nodes,
                storage=args.storage,
                reservation_id=args.reservation_id,
                fabric=self._build_fabric(name, args),
                labels=node_labels,
                taints=(labels.GPU_TAINT,),
                group_tags=_from_zero(node_labels, accelerators.gpus(args.instance_types)),
                instance_tags=args.instance_tags,
                tags=args.tags,
            ),
            self._child,
        )

    def _build_fabric(self, name: str, args: GpuPoolArgs) -> Fabric | None:
        if not args.fabric:
            return None
        child = naming.child(name, "placement")
        group = aws.ec2.PlacementGroup(
            child,
            aws.ec2.PlacementGroupArgs(strategy="cluster", tags=tagging.tags(args.tags, child)),
            self._child,
        )
        return Fabric(
            interfaces=accelerators.efa_interfaces(args.instance_types), placement_group=group.name
        )


def pool_labels(args: GpuPoolArgs) -> dict[str, str]:
    """Return the labels of the pool's nodes."""
    return {
        labels.ACCELERATOR: labels.NVIDIA,
        labels.POOL: args.pool,
        labels.CAPACITY: args.capacity,
        labels.GPU_MEMORY: str(accelerators.promised_gib(args.instance_types)),
    }


def _from_zero(node_labels: Mapping[str, str], gpus: int) -> dict[str, str]:
    """Return what the cluster autoscaler has to know of a group that has no node to look at.

    It reads tags of managed node groups (eks:DescribeNodegroup); those of their
    Auto Scaling groups, which EKS makes, cannot be set here.
    """
    taint = labels.GPU_TAINT
    return {
        **{f"{_TEMPLATE}/label/{key}": value for key, value in node_labels.items()},
        f"{_TEMPLATE}/taint/{taint.key}": f"{taint.value}:NoSchedule",
        f"{_TEMPLATE}/resources/{labels.GPU_RESOURCE}": str(gpus),
    }
