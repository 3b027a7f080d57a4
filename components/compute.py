"""The cluster and its machines, as the settings say: what the pipeline runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi import Input, Output, ResourceOptions

from components import ordering
from components.capacity import labels
from components.capacity.elasticity import Elasticity, ElasticityArgs
from components.capacity.gpu_pool import GpuPool, GpuPoolArgs
from components.capacity.interruption import InterruptionQueue, InterruptionQueueArgs
from components.capacity.labels import HANDLED_TAG
from components.cluster.access import RoleAccess, RoleAccessArgs
from components.cluster.addon_table import ADDONS
from components.cluster.addons import Addons, AddonsArgs
from components.cluster.eks import EksCluster, EksClusterArgs
from components.cluster.identity import NODE_POLICIES, ServiceRole, ServiceRoleArgs
from components.cluster.node_capacity import Capacity
from components.cluster.node_group import NodeGroup, NodeGroupArgs, Taint
from components.cluster.node_storage import NodeStorage
from stacks.sections import GpuPoolSettings, SystemNodesSettings
from stacks.settings import InferenceSettings

SYSTEM_AMI_TYPE: Final = "BOTTLEROCKET_x86_64"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the network the cluster and its machines are; subnets by zone."""

    subnet_ids: Mapping[str, Input[str]]
    # Of GPU nodes: a tier of their own, or the others'.
    serving_subnet_ids: Mapping[str, Input[str]]
    # Of pods, where they have a network of their own; empty otherwise.
    pod_subnet_ids: Mapping[str, Input[str]]
    control_plane_subnet_ids: Mapping[str, Input[str]]
    control_plane_group_id: Input[str]
    node_group_id: Input[str]
    serving_group_id: Input[str]


class Compute:
    """Builds cluster, add-ons and node groups in their order, as children of the platform.

    Add-ons that make a node ready come before the nodes, those that run on nodes after.
    """

    def __init__(self, settings: InferenceSettings, place: Place, child: ResourceOptions) -> None:
        self._settings, self._place, self._child = settings, place, child
        self.cluster = self._build_cluster()
        self._build_access()
        before = self._build_addons("before-nodes", self.cluster.name)
        # Known once the add-ons are there that a node needs.
        self._ready_cluster = _after_all(before, self.cluster.name)
        self._node_role = self._build_node_role()
        self.system = self._build_system_nodes()
        nodes = settings.cluster.cpu_nodes
        self.cpu = [self._build_cpu_nodes(nodes)] if nodes else []
        self.pools = {pool.name: self._build_pool(pool) for pool in settings.capacity.pools}
        after = self._build_addons(
            "after-nodes", Output.all(self.cluster.name, self.system.name).apply(_first)
        )
        self._queue = InterruptionQueue(
            "interruption",
            InterruptionQueueArgs(
                queue_name=f"{settings.cluster.name}-interruption",
                region=settings.region,
                account=settings.account,
                tags=settings.tags,
            ),
            child,
        )
        # What whoever deploys to the cluster has to wait for.
        self.nodes: Sequence[pulumi.Resource] = [
            self.system,
            *self.cpu,
            *self.pools.values(),
            after,
        ]

    @property
    def node_groups(self) -> dict[str, Output[str]]:
        """The names of the node groups in AWS, by pool."""
        pools = {name: pool.node_group_name for name, pool in self.pools.items()}
        cpu = {"cpu": self.cpu[0].name} if self.cpu else {}
        return {"system": self.system.name, **cpu, **pools}

    def build_elasticity(self, in_cluster: ResourceOptions) -> Elasticity:
        """Build what keeps the number of nodes right; it runs on the nodes themselves."""
        capacity = self._settings.capacity
        cpu: dict[str, Capacity] = {"cpu": "on-demand"} if self.cpu else {}
        groups: dict[str, Capacity] = {
            f"{pool.name}-nodes": pool.capacity for pool in capacity.pools
        }
        return Elasticity(
            "elasticity",
            ElasticityArgs(
                autoscaler=capacity.autoscaler,
                cluster_name=self._settings.cluster.name,
                association_cluster_name=self._ready_cluster,
                kubernetes_version=self._settings.cluster.kubernetes_version,
                region=self._settings.region,
                account=self._settings.account,
                queue=self._queue,
                groups={"system": "on-demand", **cpu, **groups},
                give_up_minutes=capacity.give_up_minutes,
                idle_minutes=capacity.idle_minutes,
                headroom_gpus={pool.name: pool.headroom_gpus for pool in capacity.pools},
                tags=self._settings.tags,
            ),
            in_cluster,
        )

    def _build_cluster(self) -> EksCluster:
        cluster = self._settings.cluster
        return EksCluster(
            "cluster",
            EksClusterArgs(
                cluster_name=cluster.name,
                kubernetes_version=cluster.kubernetes_version,
                region=self._settings.region,
                account=self._settings.account,
                subnet_ids=list(self._place.control_plane_subnet_ids.values()),
                security_group_id=self._place.control_plane_group_id,
                public_access_cidrs=[str(cidr) for cidr in cluster.public_access_cidrs],
                service_cidr=str(cluster.service_cidr),
                admin_role_arn=cluster.admin_role_arn,
                log_retention_days=cluster.log_retention_days,
                deletion_protection=cluster.deletion_protection,
                zonal_shift=cluster.zonal_shift,
                oidc_provider=cluster.oidc_provider,
                tags=self._settings.tags,
            ),
            self._child,
        )

    def _build_access(self) -> None:
        for access in self._settings.cluster.access:
            role = access.role_arn.rpartition("/")[2]
            RoleAccess(
                f"access-{role}",
                RoleAccessArgs(
                    cluster_name=self.cluster.name,
                    role_arn=access.role_arn,
                    rights=access.rights,
                    namespaces=access.namespaces,
                    tags=self._settings.tags,
                ),
                self._child,
            )

    def _build_addons(self, stage: str, cluster_name: Output[str]) -> Addons:
        return Addons(
            "addons" if stage == "before-nodes" else "cluster-services",
            AddonsArgs(
                cluster_name=cluster_name,
                kubernetes_version=self._settings.cluster.kubernetes_version,
                addons=[addon for addon in ADDONS if addon.stage == stage],
                pod_subnet_ids=self._place.pod_subnet_ids,
                region=self._settings.region,
                tags=self._settings.tags,
            ),
            self._child,
        )

    def _build_node_role(self) -> ServiceRole:
        return ServiceRole(
            "nodes",
            ServiceRoleArgs(
                service="ec2.amazonaws.com", policies=NODE_POLICIES, tags=self._settings.tags
            ),
            self._child,
        )

    def _build_system_nodes(self) -> NodeGroup:
        cluster = self._settings.cluster
        # With nodes for the pipeline's pods beside them, these are the system's alone.
        taints = (labels.SYSTEM_TAINT,) if cluster.cpu_nodes else ()
        return self._build_plain_nodes(
            "system", labels.SYSTEM_POOL, cluster.system_nodes, self._system_place(), taints
        )

    def _build_cpu_nodes(self, nodes: SystemNodesSettings) -> NodeGroup:
        place = (self._place.serving_subnet_ids, self._place.serving_group_id)
        return self._build_plain_nodes("cpu", labels.CPU_POOL, nodes, place, ())

    def _system_place(self) -> tuple[Mapping[str, Input[str]], Input[str]]:
        return self._place.subnet_ids, self._place.node_group_id

    def _build_plain_nodes(
        self,
        name: str,
        pool: str,
        nodes: SystemNodesSettings,
        place: tuple[Mapping[str, Input[str]], Input[str]],
        taints: tuple[Taint, ...],
    ) -> NodeGroup:
        """Build nodes without GPUs, on demand."""
        subnet_ids, security_group_id = place
        return NodeGroup(
            name,
            NodeGroupArgs(
                cluster_name=self._ready_cluster,
                node_role_arn=self._node_role.arn,
                subnet_ids=subnet_ids,
                security_group_ids=[security_group_id],
                instance_types=nodes.instance_types,
                ami_type=SYSTEM_AMI_TYPE,
                capacity="on-demand",
                min_nodes=nodes.min_nodes,
                desired_nodes=nodes.desired_nodes,
                max_nodes=nodes.max_nodes,
                storage=NodeStorage(disk_gib=nodes.disk_gib),
                labels={labels.POOL: pool, labels.CAPACITY: "on-demand"},
                taints=taints,
                instance_tags={HANDLED_TAG: "true"},
                tags=self._settings.tags,
            ),
            self._child,
        )

    def _build_pool(self, pool: GpuPoolSettings) -> GpuPool:
        return GpuPool(
            pool.name,
            GpuPoolArgs(
                pool=pool.name,
                cluster_name=self._ready_cluster,
                node_role_arn=self._node_role.arn,
                subnet_ids={
                    zone: subnet
                    for zone, subnet in self._place.serving_subnet_ids.items()
                    if not pool.zones or zone in pool.zones
                },
                security_group_ids=[self._place.serving_group_id],
                instance_types=pool.types,
                capacity=pool.capacity,
                min_nodes=pool.min_nodes,
                desired_nodes=pool.desired_nodes,
                max_nodes=pool.max_nodes,
                storage=NodeStorage(
                    disk_gib=pool.disk_gib,
                    iops=pool.disk_iops,
                    throughput_mib=pool.disk_throughput_mib,
                    fast_pull=pool.fast_pull,
                    local_drives=pool.local_drives,
                ),
                reservation_id=pool.reservation_id,
                instance_tags={HANDLED_TAG: "true"},
                fabric=pool.fabric,
                tags=self._settings.tags,
            ),
            self._child,
        )


def _after_all(addons: Addons, value: Output[str]) -> Output[str]:
    for addon in addons.addons:
        value = ordering.after(addon, value)
    return value


def _first(values: Sequence[str]) -> str:
    return values[0]
