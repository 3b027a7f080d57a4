"""The platform: the only place that knows all the areas and their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Output, ResourceOptions

from catalog.engines import ENVOY
from components import naming
from components.compute import Compute, Place
from components.network.security_groups import SecurityGroups, SecurityGroupsArgs
from components.network.vpc import Vpc, VpcArgs
from components.serving.pipeline import Pipeline
from stacks.checks.network import TIERS, tier_layout
from stacks.settings import InferenceSettings, Settings
from stacks.translation import pipeline_args

TOKEN = naming.token("platform", "Platform")


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
        place = Place(
            subnet_ids=vpc.private_subnet_ids,
            control_plane_subnet_ids=vpc.isolated_subnet_ids,
            control_plane_group_id=groups.cluster_id,
            node_group_id=groups.nodes_id,
        )
        compute = Compute(settings, place, self._child)
        pipeline = self._build_pipeline(args, settings, compute)
        self.kubeconfig = compute.cluster.kubeconfig
        self.summary |= _summary(settings, compute, pipeline)

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

    def _build_pipeline(
        self,
        args: PlatformArgs,
        settings: InferenceSettings,
        compute: Compute,
    ) -> Pipeline:
        # After the nodes: pods without room would let the deployments wait for them.
        access = args.cluster_access(compute.cluster.kubeconfig, compute.nodes)
        return Pipeline(
            "serving",
            pipeline_args(settings),
            ResourceOptions.merge(self._child, ResourceOptions(providers=[access])),
        )


def _cluster_name(settings: Settings) -> str | None:
    return settings.cluster.name if isinstance(settings, InferenceSettings) else None


def _summary(
    settings: InferenceSettings, compute: Compute, pipeline: Pipeline
) -> dict[str, object]:
    return {
        "cluster": compute.cluster.name,
        "namespace": settings.serving.namespace,
        "gateway": pipeline.gateway_url,
        "stages": pipeline.deployments,
        "nodes": compute.node_groups,
    }
