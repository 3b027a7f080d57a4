"""From settings to what the pipeline is built of."""

from __future__ import annotations

from catalog import accelerators
from catalog.models import MODELS
from components.serving.entry import LoadBalancer
from components.serving.envoy import ClientLimit
from components.serving.inference_graph import GraphNode, Step
from components.serving.model_serving import CanaryOf, Limits, ServedModel
from components.serving.pipeline import PipelineArgs, StageSize, model_url
from components.serving.workload import Base, GpuPlacement, Resources
from stacks import scaling, sections
from stacks.scaling_sections import base_replicas
from stacks.settings import InferenceSettings


def pipeline_args(settings: InferenceSettings) -> PipelineArgs:
    """Return the pipeline that the settings describe."""
    serving = settings.serving
    models = tuple(_served(model, settings.capacity) for model in serving.models)
    urls = {model.name: model_url(serving.namespace, model) for model in models}
    internet = settings.network.public_https
    return PipelineArgs(
        namespace=serving.namespace,
        gateway=_gateway(serving.gateway),
        models=models,
        aggregator=_aggregator(serving.aggregator),
        graph={name: _node(node, urls) for name, node in serving.aggregator.graph.items()},
        client_networks=("0.0.0.0/0",) if internet else (str(settings.network.cidr),),
        client_limit=_client_limit(serving.gateway),
        connection_seconds=serving.gateway.connection_seconds,
        load_balancer=_load_balancer(serving.gateway),
    )


def _served(model: sections.ModelSettings, capacity: sections.CapacitySettings) -> ServedModel:
    language = model.language
    base = base_replicas(model.base, model.scaling)
    return ServedModel(
        name=model.name,
        model=MODELS[model.model],
        resources=_resources(model.resources, gpus=model.gpus),
        scaling=scaling.of_stage(model.scaling, MODELS[model.model], base=base),
        limits=Limits(**language.model_dump()) if language else None,
        placement=_placement(model, capacity),
        base=Base(replicas=base, pool=model.base.pool) if model.base else None,
        canary_of=CanaryOf(model=model.canary.of, percent=model.canary.percent)
        if model.canary
        else None,
    )


def _load_balancer(gateway: sections.GatewaySettings) -> LoadBalancer | None:
    balancer = gateway.load_balancer
    return LoadBalancer(**balancer.model_dump()) if balancer else None


def _client_limit(gateway: sections.GatewaySettings) -> ClientLimit | None:
    return ClientLimit(**gateway.client_limit.model_dump()) if gateway.client_limit else None


def _placement(
    model: sections.ModelSettings, capacity: sections.CapacitySettings
) -> GpuPlacement | None:
    pools = {pool.name: pool for pool in capacity.pools}
    if model.pool is None:
        return None
    promised = accelerators.promised_gib(pools[model.pool].types)
    return GpuPlacement(gpu_memory_class_gib=promised, pool=model.pool)


def _gateway(stage: sections.GatewaySettings) -> StageSize:
    return StageSize(
        resources=_resources(stage.resources),
        scaling=scaling.of_entry(stage.scaling),
        deadline_seconds=stage.deadline_seconds,
    )


def _aggregator(stage: sections.AggregatorSettings) -> StageSize:
    return StageSize(
        resources=_resources(stage.resources),
        scaling=scaling.of_stage(stage.scaling),
        deadline_seconds=stage.deadline_seconds,
    )


def _resources(resources: sections.Resources, gpus: int = 0) -> Resources:
    return Resources(**resources.model_dump(), gpus=gpus)


def _node(node: sections.GraphNodeSettings, urls: dict[str, str]) -> GraphNode:
    steps = tuple(
        Step(
            name=step.name,
            url=urls[step.model] if step.model else None,
            node=step.node,
            required=step.required,
            weight=step.weight,
            condition=step.condition,
            feed_response=step.feed == "response",
        )
        for step in node.steps
    )
    return GraphNode(kind=node.kind, steps=steps)
