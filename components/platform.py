"""The platform: the only place that knows all the areas and their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Output, ResourceOptions

from catalog.engines import ENVOY
from components import naming
from components.capacity.gpu_pool import GpuPool, GpuPoolArgs
from components.cluster.eks import EksCluster, EksClusterArgs
from components.cluster.identity import NODE_POLICIES, ServiceRole, ServiceRoleArgs
from components.cluster.node_group import NodeGroup, NodeGroupArgs
from components.network.security_groups import SecurityGroups, SecurityGroupsArgs
from components.network.vpc import Vpc, VpcArgs
from components.serving.pipeline import Pipeline
from stacks.checks.network import TIERS, tier_layout
from stacks.sections import GpuPoolSettings
from stacks.settings import InferenceSettings, Settings
from stacks.translation import pipeline_args

TOKEN = naming.token("platform", "Platform")
SYSTEM_AMI_TYPE = "BOTTLEROCKET_x86_64"


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """What makes a platform."""

    settings: Settings
    # The cluster's kubeconfig, and what has to stand first -> the provider of what runs in
    # the cluster. Components build none.
    cluster_access: Callable[[Output[str], Sequence[pulumi.Resource]], kubernetes.Provider]


class Platform(pulumi.ComponentResource):
    """Network, cluster, GPU capacity and the request pipeline of one environment.

    Creates: everything, through the components of each area.
    """

    # How to reach the cluster, where there is one.
    kubeconfig: Output[str] | None
    # What stands where, for people: stages, endpoints, node groups.
    summary: dict[str, object]

    def __init__(self, name: str, args: PlatformArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        settings = args.settings
        vpc = self._build_vpc(settings)
        groups = self._build_security_groups(settings, vpc)
        self.kubeconfig = None
        self.summary = {"region": settings.region}
        if isinstance(settings, InferenceSettings):
            self._build_inference(args, settings, vpc, groups)
        self.register_outputs({"summary": self.summary})

    def _build_inference(
        self, args: PlatformArgs, settings: InferenceSettings, vpc: Vpc, groups: SecurityGroups
    ) -> None:
        """Build what serves models: the cluster, its nodes, and the pipeline on them."""
        cluster = self._build_cluster(settings, vpc, groups)
        node_role = self._build_node_role(settings)
        system = self._build_system_nodes(settings, vpc, groups, cluster, node_role)
        pools = {
            pool.name: self._build_pool(settings, pool, vpc, groups, cluster, node_role)
            for pool in settings.capacity.pools
        }
        pipeline = self._build_pipeline(args, settings, cluster, [system, *pools.values()])
        self.kubeconfig = cluster.kubeconfig
        self.summary |= _summary(settings, cluster, system, pools, pipeline)

    def _build_vpc(self, settings: Settings) -> Vpc:
        network = settings.network
        return Vpc(
            "network",
            VpcArgs(
                cidr=network.cidr,
                subnets={tier: tier_layout(network, tier) for tier in TIERS},
                nat=network.nat,
                cluster_name=_cluster_name(settings),
                tags=settings.tags,
            ),
            self._child,
        )

    def _build_security_groups(self, settings: Settings, vpc: Vpc) -> SecurityGroups:
        return SecurityGroups(
            "access",
            SecurityGroupsArgs(
                vpc_id=vpc.vpc_id,
                gateway_port=ENVOY.port,
                public_https=settings.network.public_https,
                internal_cidr=str(settings.network.cidr),
                tags=settings.tags,
            ),
            self._child,
        )

    def _build_cluster(
        self, settings: InferenceSettings, vpc: Vpc, groups: SecurityGroups
    ) -> EksCluster:
        cluster = settings.cluster
        return EksCluster(
            "cluster",
            EksClusterArgs(
                cluster_name=cluster.name,
                kubernetes_version=cluster.kubernetes_version,
                region=settings.region,
                subnet_ids=list(vpc.isolated_subnet_ids.values()),
                security_group_id=groups.cluster_id,
                public_access_cidrs=[str(cidr) for cidr in cluster.public_access_cidrs],
                service_cidr=str(cluster.service_cidr),
                admin_role_arn=cluster.admin_role_arn,
                log_retention_days=cluster.log_retention_days,
                deletion_protection=cluster.deletion_protection,
                tags=settings.tags,
            ),
            self._child,
        )

    def _build_node_role(self, settings: InferenceSettings) -> ServiceRole:
        return ServiceRole(
            "nodes",
            ServiceRoleArgs(
                service="ec2.amazonaws.com", policies=NODE_POLICIES, tags=settings.tags
            ),
            self._child,
        )

    def _build_system_nodes(
        self,
        settings: InferenceSettings,
        vpc: Vpc,
        groups: SecurityGroups,
        cluster: EksCluster,
        role: ServiceRole,
    ) -> NodeGroup:
        nodes = settings.cluster.system_nodes
        return NodeGroup(
            "system",
            NodeGroupArgs(
                cluster_name=cluster.name,
                node_role_arn=role.arn,
                subnet_ids=vpc.private_subnet_ids,
                security_group_ids=[groups.nodes_id],
                instance_types=nodes.instance_types,
                ami_type=SYSTEM_AMI_TYPE,
                spot=False,
                min_nodes=nodes.min_nodes,
                desired_nodes=nodes.desired_nodes,
                max_nodes=nodes.max_nodes,
                disk_gib=nodes.disk_gib,
                labels={"ballast/pool": "system", "ballast/capacity-type": "on-demand"},
                tags=settings.tags,
            ),
            self._child,
        )

    def _build_pool(
        self,
        settings: InferenceSettings,
        pool: GpuPoolSettings,
        vpc: Vpc,
        groups: SecurityGroups,
        cluster: EksCluster,
        role: ServiceRole,
    ) -> GpuPool:
        return GpuPool(
            pool.name,
            GpuPoolArgs(
                pool=pool.name,
                cluster_name=cluster.name,
                node_role_arn=role.arn,
                subnet_ids=vpc.private_subnet_ids,
                security_group_ids=[groups.nodes_id],
                instance_types=pool.instance_types,
                spot=pool.capacity == "spot",
                min_nodes=pool.min_nodes,
                desired_nodes=pool.desired_nodes,
                max_nodes=pool.max_nodes,
                disk_gib=pool.disk_gib,
                tags=settings.tags,
            ),
            self._child,
        )

    def _build_pipeline(
        self,
        args: PlatformArgs,
        settings: InferenceSettings,
        cluster: EksCluster,
        nodes: Sequence[pulumi.Resource],
    ) -> Pipeline:
        # After the nodes: pods without room would let the deployments wait for them.
        access = args.cluster_access(cluster.kubeconfig, nodes)
        return Pipeline(
            "serving",
            pipeline_args(settings),
            ResourceOptions.merge(self._child, ResourceOptions(providers=[access])),
        )


def _cluster_name(settings: Settings) -> str | None:
    return settings.cluster.name if isinstance(settings, InferenceSettings) else None


def _summary(
    settings: InferenceSettings,
    cluster: EksCluster,
    system: NodeGroup,
    pools: Mapping[str, GpuPool],
    pipeline: Pipeline,
) -> dict[str, object]:
    return {
        "cluster": cluster.name,
        "namespace": settings.serving.namespace,
        "gateway": pipeline.gateway_url,
        "stages": pipeline.deployments,
        "nodes": {
            "system": system.name,
            **{name: pool.node_group_name for name, pool in pools.items()},
        },
    }
