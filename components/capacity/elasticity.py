"""What keeps the number of machines right, and empties those that AWS takes away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_kubernetes import core, meta, networking, scheduling

from components import naming
from components.capacity import headroom
from components.capacity.cluster_autoscaler import ClusterAutoscaler, ClusterAutoscalerArgs
from components.capacity.headroom import Headroom, HeadroomArgs
from components.capacity.interruption import InterruptionQueue
from components.capacity.termination_handler import TerminationHandler, TerminationHandlerArgs
from components.cluster.node_capacity import Capacity
from components.serving.pod import PART_OF

TOKEN = naming.token("capacity", "Elasticity")
NAMESPACE: Final = "ballast-capacity"
Autoscaler = Literal["none", "cluster-autoscaler"]
_POD_SECURITY: Final[Mapping[str, str]] = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}


@dataclass(frozen=True, kw_only=True)
class ElasticityArgs:
    """What decides how many machines there are."""

    autoscaler: Autoscaler
    cluster_name: str
    # Known once the cluster takes associations.
    association_cluster_name: Input[str]
    kubernetes_version: str
    region: str
    account: str
    queue: InterruptionQueue
    # Prefix of each node group's name -> how its machines are bought.
    groups: Mapping[str, Capacity]
    give_up_minutes: int
    idle_minutes: int
    # Pool -> GPUs that are kept warm in it.
    headroom_gpus: Mapping[str, int]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Elasticity(pulumi.ComponentResource):
    """Controllers of the cluster's size, in a namespace of their own.

    Creates: namespace, network policy, interruption handler, autoscaler, warm headroom.
    """

    def __init__(
        self, name: str, args: ElasticityArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        ground = self._build_ground(name)
        self._build_handler(name, args, ground)
        if args.autoscaler == "cluster-autoscaler":
            self._build_autoscaler(name, args, ground)
        self._build_headroom(name, args, ground)
        self.register_outputs({"namespace": NAMESPACE})

    def _build_ground(self, name: str) -> Sequence[pulumi.Resource]:
        namespace = core.v1.Namespace(
            naming.child(name, "namespace"),
            core.v1.NamespaceInitArgs(
                metadata=meta.v1.ObjectMetaArgs(name=NAMESPACE, labels={**_POD_SECURITY, **PART_OF})
            ),
            self._child,
        )
        deny = networking.v1.NetworkPolicy(
            naming.child(name, "deny-all"),
            networking.v1.NetworkPolicyInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    name="deny-all", namespace=NAMESPACE, labels=PART_OF
                ),
                spec=networking.v1.NetworkPolicySpecArgs(
                    pod_selector=meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
                ),
            ),
            ResourceOptions.merge(self._child, ResourceOptions(depends_on=[namespace])),
        )
        return [namespace, deny]

    def _build_handler(
        self, name: str, args: ElasticityArgs, ground: Sequence[pulumi.Resource]
    ) -> None:
        TerminationHandler(
            naming.child(name, "interruption"),
            TerminationHandlerArgs(
                association_cluster_name=args.association_cluster_name,
                queue=args.queue,
                region=args.region,
                namespace=NAMESPACE,
                needs=ground,
                tags=args.tags,
            ),
            self._child,
        )

    def _build_autoscaler(
        self, name: str, args: ElasticityArgs, ground: Sequence[pulumi.Resource]
    ) -> None:
        ClusterAutoscaler(
            naming.child(name, "autoscaler"),
            ClusterAutoscalerArgs(
                cluster_name=args.cluster_name,
                association_cluster_name=args.association_cluster_name,
                kubernetes_version=args.kubernetes_version,
                region=args.region,
                account=args.account,
                namespace=NAMESPACE,
                groups=args.groups,
                give_up_minutes=args.give_up_minutes,
                idle_minutes=args.idle_minutes,
                needs=ground,
                tags=args.tags,
            ),
            self._child,
        )

    def _build_headroom(
        self, name: str, args: ElasticityArgs, ground: Sequence[pulumi.Resource]
    ) -> None:
        wanted = {pool: gpus for pool, gpus in args.headroom_gpus.items() if gpus}
        if not wanted:
            return
        priority = scheduling.v1.PriorityClass(
            naming.child(name, "headroom-priority"),
            scheduling.v1.PriorityClassInitArgs(
                metadata=meta.v1.ObjectMetaArgs(name=headroom.PRIORITY_CLASS, labels=PART_OF),
                value=headroom.PRIORITY,
                global_default=False,
                description="Holds room and gives it to whoever asks",
            ),
            self._child,
        )
        for pool, gpus in wanted.items():
            Headroom(
                naming.child(name, "headroom", pool),
                HeadroomArgs(namespace=NAMESPACE, pool=pool, gpus=gpus, needs=[*ground, priority]),
                self._child,
            )
