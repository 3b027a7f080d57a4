"""The request pipeline: gateway, models, aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import ResourceOptions

from catalog.engines import KSERVE_ROUTER
from components import naming
from components.serving import aggregator, gateway, limits
from components.serving.aggregator import ResultAggregator, ResultAggregatorArgs
from components.serving.entry import LoadBalancer
from components.serving.envoy import STEPS_PORT, ClientLimit
from components.serving.envoy_routes import Backend, Canary
from components.serving.foundation import Foundation, FoundationArgs
from components.serving.gateway import InferenceGateway, InferenceGatewayArgs
from components.serving.inference_graph import GraphNode, answer_seconds
from components.serving.model_serving import ModelServing, ModelServingArgs, ServedModel
from components.serving.scaler import Watch
from components.serving.workload import Resources, Scaling

TOKEN = naming.token("serving", "Pipeline")


@dataclass(frozen=True, kw_only=True)
class StageSize:
    """What one pod of a stage needs, and how many there are."""

    resources: Resources
    scaling: Scaling
    deadline_seconds: int


@dataclass(frozen=True, kw_only=True)
class PipelineArgs:
    """What makes the pipeline."""

    namespace: str
    gateway: StageSize
    models: tuple[ServedModel, ...]
    aggregator: StageSize
    graph: Mapping[str, GraphNode]
    # Networks that clients come from.
    client_networks: tuple[str, ...]
    # The operator's own service, whatever its Prometheus is called.
    prometheus_url: str = "http://prometheus-operated.monitoring.svc.cluster.local:9090"
    # None: clients may ask as much as they like.
    client_limit: ClientLimit | None = None
    # Age at which a client's connection is closed, between two requests.
    connection_seconds: int = 60
    # None: the gateway answers inside the cluster alone.
    load_balancer: LoadBalancer | None = None


class Pipeline(pulumi.ComponentResource):
    """Three stages, each scaled on its own.

    Creates: the namespace and what closes it, the gateway, a deployment per model, the aggregator.
    """

    gateway_url: str
    # Stage -> names of its deployments.
    deployments: dict[str, list[str]]

    def __init__(self, name: str, args: PipelineArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        foundation = Foundation(
            "foundation",
            FoundationArgs(namespace=args.namespace, quota=limits.quota(_stages(args))),
            self._child,
        )
        models = [self._build_model(args, served, foundation) for served in args.models]
        combined = self._build_aggregator(args, foundation)
        entry = self._build_gateway(args, foundation)
        self.gateway_url = entry.url
        self.deployments = {
            "Inference Gateway": [entry.deployment_name],
            "Model Serving": [model.deployment_name for model in models],
            "Result Aggregator": [combined.deployment_name],
        }
        self.register_outputs({"gateway_url": self.gateway_url, "deployments": self.deployments})

    def _build_model(
        self, args: PipelineArgs, served: ServedModel, foundation: Foundation
    ) -> ModelServing:
        return ModelServing(
            served.name,
            ModelServingArgs(
                namespace=args.namespace,
                needs=(foundation,),
                watch=_watch(args),
                served=served,
                client_stages=(gateway.NAME,),
            ),
            self._child,
        )

    def _build_aggregator(self, args: PipelineArgs, foundation: Foundation) -> ResultAggregator:
        return ResultAggregator(
            "aggregator",
            ResultAggregatorArgs(
                namespace=args.namespace,
                needs=(foundation,),
                watch=_watch(args),
                graph=args.graph,
                gateway=gateway.NAME,
                steps_port=STEPS_PORT,
                resources=args.aggregator.resources,
                scaling=args.aggregator.scaling,
                deadline_seconds=args.aggregator.deadline_seconds,
            ),
            self._child,
        )

    def _build_gateway(self, args: PipelineArgs, foundation: Foundation) -> InferenceGateway:
        return InferenceGateway(
            "gateway",
            InferenceGatewayArgs(
                namespace=args.namespace,
                needs=(foundation,),
                watch=_watch(args),
                backends=backends(args),
                client_networks=args.client_networks,
                client_stages=(aggregator.NAME,),
                resources=args.gateway.resources,
                scaling=args.gateway.scaling,
                step_seconds=args.aggregator.deadline_seconds,
                connection_seconds=args.connection_seconds,
                client_limit=args.client_limit,
                load_balancer=args.load_balancer,
            ),
            self._child,
        )


def _stages(args: PipelineArgs) -> list[tuple[Resources, Scaling, int]]:
    fixed = [(size.resources, size.scaling, 0) for size in (args.gateway, args.aggregator)]
    models = [
        (served.resources, served.scaling, served.base.replicas if served.base else 0)
        for served in args.models
    ]
    return [*fixed, *models]


def _watch(args: PipelineArgs) -> Watch:
    return Watch(prometheus_url=args.prometheus_url, namespace=args.namespace)


def backends(args: PipelineArgs) -> tuple[Backend, ...]:
    """Return where the gateway sends requests: every model, and the aggregator."""
    canaries = {
        served.canary_of.model: Canary(backend=served.name, percent=served.canary_of.percent)
        for served in args.models
        if served.canary_of
    }
    models = [
        Backend(
            name=served.name,
            host=_host(served.name, args.namespace),
            port=served.model.engine.port,
            health_path=served.model.engine.health_path,
            prefix=f"/models/{served.name}",
            is_model=True,
            deadline_seconds=args.gateway.deadline_seconds,
            canary=canaries.get(served.name),
        )
        for served in args.models
    ]
    combined = Backend(
        name=aggregator.NAME,
        host=_host(aggregator.NAME, args.namespace),
        port=KSERVE_ROUTER.port,
        health_path=KSERVE_ROUTER.ready_path,
        prefix="/aggregate",
        is_model=False,
        deadline_seconds=_aggregate_seconds(args),
    )
    return (*models, combined)


def _aggregate_seconds(args: PipelineArgs) -> int:
    """Longer than the aggregator's own time, so that its answer comes first."""
    return answer_seconds(args.graph, step_seconds=args.aggregator.deadline_seconds) + 3


def model_url(namespace: str, served: ServedModel) -> str:
    """Return where the aggregator asks for a model: the gateway, its engine's API."""
    entry = f"http://{_host(gateway.NAME, namespace)}:{STEPS_PORT}"
    return f"{entry}/models/{served.name}{served.model.engine.api_path}"


def _host(name: str, namespace: str) -> str:
    return f"{name}.{namespace}.svc.cluster.local"
