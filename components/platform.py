"""The platform: the only place that knows all the areas and their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Output, ResourceOptions

from components import naming
from components.compute import Compute, Place
from components.network.flows import CLUSTER, NODES
from components.networking import Networking, PeerAccess
from components.observability.observability import Observability, ObservabilityArgs
from components.observability.of_capacity import node_prices
from components.observability.of_pipeline import watched
from components.registry.repositories import Mirror, Registry, RegistryArgs
from components.serving.pipeline import Pipeline
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
    # A peering's name and settings -> the provider of the account on the other side.
    peer_access: PeerAccess


class Platform(pulumi.ComponentResource):
    """Network, cluster, GPU capacity and the request pipeline of one environment.

    Creates: everything, through the components of each area.
    """

    # How to reach the cluster, where there is one.
    kubeconfig: Output[str] | None
    # What another stack has to know to be joined with this one.
    network: dict[str, object]
    # What stands where, for people: stages, endpoints, node groups.
    summary: dict[str, object]

    def __init__(self, name: str, args: PlatformArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        settings = args.settings
        networking = Networking(settings, args.peer_access, self._child)
        self.network = networking.outputs
        self._build_registry(settings)
        self.kubeconfig = None
        self.summary = {"region": settings.region}
        if isinstance(settings, InferenceSettings):
            self._build_inference(args, settings, networking)
        self.register_outputs({"summary": self.summary, "network": self.network})

    def _build_registry(self, settings: Settings) -> None:
        registry = settings.registry
        if not (registry.repositories or registry.mirrors):
            return
        mirrors = [Mirror(**mirror.model_dump()) for mirror in registry.mirrors]
        Registry(
            "registry",
            RegistryArgs(
                repositories=registry.repositories,
                mirrors=mirrors,
                pulled_by=registry.pulled_by,
                untagged_days=registry.untagged_days,
                tags=settings.tags,
            ),
            self._child,
        )

    def _build_inference(
        self, args: PlatformArgs, settings: InferenceSettings, networking: Networking
    ) -> None:
        """Build what serves models: the cluster, its nodes, and the pipeline on them."""
        place = Place(
            subnet_ids=networking.vpc.private_subnet_ids,
            serving_subnet_ids=networking.vpc.serving_subnet_ids,
            pod_subnet_ids=networking.vpc.pod_subnet_ids,
            control_plane_subnet_ids=networking.vpc.isolated_subnet_ids,
            control_plane_group_id=networking.groups.ids[CLUSTER],
            node_group_id=networking.groups.ids[NODES],
            serving_group_id=networking.serving_group_id,
        )
        compute = Compute(settings, place, self._child)
        # After the nodes: pods without room would let the deployments wait for them.
        access = args.cluster_access(compute.cluster.kubeconfig, compute.nodes)
        inside = ResourceOptions.merge(self._child, ResourceOptions(providers=[access]))
        compute.build_elasticity(inside)
        serving = pipeline_args(settings)
        pipeline = Pipeline("serving", serving, inside)
        bought = [(pool.capacity, pool.types) for pool in settings.capacity.pools]
        seen = watched(serving, prices=node_prices(bought))
        Observability("observability", ObservabilityArgs(watched=seen, needs=(pipeline,)), inside)
        self.kubeconfig = compute.cluster.kubeconfig
        self.summary |= _summary(settings, compute, pipeline)


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
