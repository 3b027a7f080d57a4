"""The request pipeline: gateway, models, aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import ResourceOptions

from catalog.engines import ENVOY, KSERVE_ROUTER
from components import naming
from components.serving import aggregator, gateway
from components.serving.aggregator import ResultAggregator, ResultAggregatorArgs
from components.serving.envoy import Backend
from components.serving.foundation import Foundation, FoundationArgs
from components.serving.gateway import InferenceGateway, InferenceGatewayArgs
from components.serving.inference_graph import GraphNode
from components.serving.model_serving import ModelServing, ModelServingArgs, ServedModel
from components.serving.workload import CpuScaling, Resources

TOKEN = naming.token("serving", "Pipeline")


@dataclass(frozen=True, kw_only=True)
class StageSize:
    """What one pod of a stage needs, and how many there are."""

    resources: Resources
    scaling: CpuScaling
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
        foundation = Foundation("foundation", FoundationArgs(namespace=args.namespace), self._child)
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
                graph=args.graph,
                gateway=gateway.NAME,
                gateway_port=ENVOY.port,
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
                backends=backends(args),
                client_networks=args.client_networks,
                client_stages=(aggregator.NAME,),
                resources=args.gateway.resources,
                scaling=args.gateway.scaling,
                deadline_seconds=args.gateway.deadline_seconds,
            ),
            self._child,
        )


def backends(args: PipelineArgs) -> tuple[Backend, ...]:
    """Return where the gateway sends requests: every model, and the aggregator."""
    models = [
        Backend(
            name=served.name,
            host=_host(served.name, args.namespace),
            port=served.model.engine.port,
            health_path=served.model.engine.health_path,
            prefix=f"/models/{served.name}",
            by_header=True,
        )
        for served in args.models
    ]
    combined = Backend(
        name=aggregator.NAME,
        host=_host(aggregator.NAME, args.namespace),
        port=KSERVE_ROUTER.port,
        health_path=KSERVE_ROUTER.ready_path,
        prefix="/aggregate",
        by_header=False,
    )
    return (*models, combined)


def model_url(namespace: str, served: ServedModel) -> str:
    """Return where the gateway answers for a model, with the path of its engine's API."""
    entry = f"http://{_host(gateway.NAME, namespace)}:{ENVOY.port}"
    return f"{entry}/models/{served.name}{served.model.engine.api_path}"


def _host(name: str, namespace: str) -> str:
    return f"{name}.{namespace}.svc.cluster.local"
