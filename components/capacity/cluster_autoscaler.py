"""The cluster autoscaler: node groups follow the pods that find no place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_kubernetes import core, meta

from catalog.controllers import CLUSTER_AUTOSCALER
from components import naming
from components.capacity.controller import Controller
from components.capacity.controller_pod import ControllerArgs, Rule
from components.cluster.node_capacity import Capacity
from components.cluster.permissions import Allow
from components.cluster.pod_identity import PodIdentity, PodIdentityArgs
from components.serving.pod import NAME_LABEL, PART_OF

TOKEN = naming.token("capacity", "ClusterAutoscaler")
NAME: Final = "cluster-autoscaler"
_OWNED: Final = "k8s.io/cluster-autoscaler"
# Paid for already, then cheap, then always to be had; the expander takes the highest.
_PRIORITY: Final[Mapping[Capacity, int]] = {"capacity-block": 90, "spot": 50, "on-demand": 10}
_READ: Final = ("get", "list", "watch")


@dataclass(frozen=True, kw_only=True)
class ClusterAutoscalerArgs:
    """What it scales, and how."""

    cluster_name: str
    # Known once the cluster takes associations.
    association_cluster_name: Input[str]
    kubernetes_version: str
    region: str
    account: str
    namespace: str
    # Prefix of each node group's name -> how its machines are bought.
    groups: Mapping[str, Capacity]
    # How long a group may fail to bring a machine before another is asked.
    give_up_minutes: int
    # How long a machine is empty before it goes.
    idle_minutes: int
    # What has to stand first: the namespace.
    needs: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class ClusterAutoscaler(pulumi.ComponentResource):
    """Scales node groups, spot first, and on demand where spot has nothing to give.

    Creates: role with Pod Identity association, priorities, controller.
    """

    def __init__(
        self, name: str, args: ClusterAutoscalerArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        identity = self._build_identity(name, args)
        priorities = self._build_priorities(name, args)
        self._build_controller(name, args, [identity, priorities, *args.needs])
        self.register_outputs({})

    def _build_identity(self, name: str, args: ClusterAutoscalerArgs) -> PodIdentity:
        return PodIdentity(
            naming.child(name, "identity"),
            PodIdentityArgs(
                cluster_name=args.association_cluster_name,
                namespace=args.namespace,
                service_account=NAME,
                allow=permissions(args),
                tags=args.tags,
            ),
            self._child,
        )

    def _build_priorities(self, name: str, args: ClusterAutoscalerArgs) -> core.v1.ConfigMap:
        # The name is the autoscaler's: it looks for no other.
        return core.v1.ConfigMap(
            naming.child(name, "priorities"),
            core.v1.ConfigMapInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    name="cluster-autoscaler-priority-expander",
                    namespace=args.namespace,
                    labels={NAME_LABEL: NAME, **PART_OF},
                    # A replacement of the same name takes over what the one before it set.
                    annotations={"pulumi.com/patchForce": "true"},
                ),
                data={"priorities": priorities(args.groups)},
            ),
            ResourceOptions.merge(self._child, ResourceOptions(depends_on=list(args.needs))),
        )

    def _build_controller(
        self, name: str, args: ClusterAutoscalerArgs, needs: Sequence[pulumi.Resource]
    ) -> Controller:
        return Controller(
            naming.child(name, "controller"),
            ControllerArgs(
                name=NAME,
                namespace=args.namespace,
                image=CLUSTER_AUTOSCALER[args.kubernetes_version],
                args=_flags(args),
                env={"AWS_REGION": args.region},
                health_path="/health-check",
                port=8085,
                cpu="100m",
                memory="600Mi",
                cluster_rules=_CLUSTER_RULES,
                own_rules=_OWN_RULES,
                needs=needs,
            ),
            self._child,
        )


def priorities(groups: Mapping[str, Capacity]) -> str:
    """Return the expander's priorities: number -> expressions of Auto Scaling groups' names.

    EKS calls the Auto Scaling group of a node group eks-<node group>-<uuid>.
    """
    by_number: dict[int, list[str]] = {}
    for prefix, capacity in sorted(groups.items()):
        by_number.setdefault(_PRIORITY[capacity], []).append(f"^eks-{prefix}-[0-9a-f]{{6}}-")
    lines = [
        f"{number}:\n" + "".join(f"  - '{expression}'\n" for expression in by_number[number])
        for number in sorted(by_number, reverse=True)
    ]
    return "".join(lines)


def permissions(args: ClusterAutoscalerArgs) -> list[Allow]:
    """Return the least it can do with: it reads everything, and scales its own groups only."""
    of_cluster = {
        f"aws:ResourceTag/{_OWNED}/enabled": ["true"],
        f"aws:ResourceTag/{_OWNED}/{args.cluster_name}": ["owned"],
    }
    where = f"{args.region}:{args.account}"
    return [
        Allow(
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
            ]
        ),
        Allow(
            actions=["eks:DescribeNodegroup"],
            resources=[f"arn:aws:eks:{where}:nodegroup/{args.cluster_name}/*/*"],
        ),
        Allow(
            actions=[
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ],
            resources=[
                f"arn:aws:autoscaling:{where}:autoScalingGroup:*:autoScalingGroupName/eks-*"
            ],
            when={"StringEquals": of_cluster},
        ),
    ]


def _flags(args: ClusterAutoscalerArgs) -> list[str]:
    tags = f"{_OWNED}/enabled,{_OWNED}/{args.cluster_name}"
    return [
        "--cloud-provider=aws",
        f"--namespace={args.namespace}",
        f"--node-group-auto-discovery=asg:tag={tags}",
        "--expander=priority,least-waste",
        # Then it backs off from the group, and the expander's next one is asked.
        f"--max-node-provision-time={args.give_up_minutes}m",
        f"--scale-down-unneeded-time={args.idle_minutes}m",
        f"--scale-down-delay-after-add={args.idle_minutes}m",
        # Pods of the serving tier keep caches on the node: it may go all the same, once empty.
        "--skip-nodes-with-local-storage=false",
        "--skip-nodes-with-system-pods=false",
    ]


_CLUSTER_RULES: Final = (
    Rule(groups=[""], resources=["events"], verbs=["create", "patch"]),
    Rule(groups=[""], resources=["pods/eviction"], verbs=["create"]),
    Rule(groups=[""], resources=["pods/status"], verbs=["update"]),
    Rule(groups=[""], resources=["nodes"], verbs=[*_READ, "update", "delete"]),
    Rule(
        groups=[""],
        resources=[
            "namespaces",
            "pods",
            "services",
            "replicationcontrollers",
            "persistentvolumeclaims",
            "persistentvolumes",
        ],
        verbs=_READ,
    ),
    Rule(groups=["apps"], resources=["daemonsets", "replicasets", "statefulsets"], verbs=_READ),
    Rule(groups=["batch"], resources=["jobs", "cronjobs"], verbs=_READ),
    Rule(groups=["policy"], resources=["poddisruptionbudgets"], verbs=_READ),
    Rule(
        groups=["storage.k8s.io"],
        resources=[
            "storageclasses",
            "csinodes",
            "csidrivers",
            "csistoragecapacities",
            "volumeattachments",
        ],
        verbs=_READ,
    ),
    Rule(
        groups=["resource.k8s.io"],
        resources=["deviceclasses", "resourceclaims", "resourceslices"],
        verbs=_READ,
    ),
)
_OWN_RULES: Final = (
    Rule(groups=[""], resources=["configmaps"], verbs=["create", "list", "watch"]),
    Rule(
        groups=[""],
        resources=["configmaps"],
        verbs=["get", "update", "delete"],
        names=["cluster-autoscaler-status", "cluster-autoscaler-priority-expander"],
    ),
    Rule(groups=["coordination.k8s.io"], resources=["leases"], verbs=["create"]),
    Rule(
        groups=["coordination.k8s.io"],
        resources=["leases"],
        verbs=["get", "update"],
        names=["cluster-autoscaler"],
    ),
)
