"""The stages that are watched are those that are deployed."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.engines import ENGINES
from catalog.metrics import signal
from catalog.models import MODELS
from catalog.scaling import Trigger
from components.observability.of_pipeline import triggers, watched
from components.observability.watched import LatencyObjective, Watched
from components.serving.model_serving import ServedModel
from components.serving.pipeline import PipelineArgs, StageSize
from components.serving.workload import CpuScaling, FixedScaling, Resources

SCALING = CpuScaling(target_percent=65, min_replicas=2, max_replicas=6)
SIZE = StageSize(
    resources=Resources(cpu_request=1, memory_request_gib=1, memory_limit_gib=1),
    scaling=SCALING,
    deadline_seconds=60,
)


def served(name: str, model: str, **changes: Any) -> ServedModel:
    resources = Resources(
        cpu_request=1, memory_request_gib=1, memory_limit_gib=1, gpus=changes.pop("gpus", 0)
    )
    return ServedModel(
        name=name, model=MODELS[model], resources=resources, scaling=changes.pop("scaling", SCALING)
    )


def made(*models: ServedModel, **changes: Any) -> Watched:
    args = PipelineArgs(
        namespace="inference",
        gateway=SIZE,
        models=models,
        aggregator=SIZE,
        graph={},
        client_networks=(),
    )
    return watched(args, **changes)


def test_every_stage_is_watched_in_the_order_of_the_pipeline() -> None:
    found = made(
        served("embed", "bert-base-uncased"), served("chat", "qwen2.5-7b-instruct", gpus=1)
    )
    assert [(stage.name, stage.kind) for stage in found.stages] == [
        ("inference-gateway", "gateway"),
        ("embed", "model"),
        ("chat", "model"),
        ("result-aggregator", "aggregator"),
    ]
    assert [stage.gpu for stage in found.stages] == [False, False, True, False]
    assert found.gpu_nodes


def test_a_pipeline_on_cpus_watches_no_gpus() -> None:
    assert not made(served("embed", "bert-base-uncased")).gpu_nodes


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())
def test_each_engine_is_scraped_where_it_exposes_its_metrics(engine: Any) -> None:
    model = next((one for one in MODELS.values() if one.engine is engine), None)
    if model is None:
        pytest.skip(f"no model in the catalogue is served by {engine.name}")
    stage = made(served("m", model.name)).stages[1]
    assert stage.metrics is not None
    assert stage.metrics.port == (engine.metrics_port or engine.port)
    assert stage.metrics.path == engine.metrics_path


def test_what_scales_is_what_is_drawn() -> None:
    assert triggers(SCALING) == (Trigger(signal=signal("cpu"), threshold=0.65),)
    fixed = made(served("chat", "qwen2.5-7b-instruct", scaling=FixedScaling(replicas=3))).stages[1]
    assert fixed.triggers == ()
    assert (fixed.min_replicas, fixed.max_replicas) == (3, 3)


def test_objectives_go_to_the_stage_of_their_name() -> None:
    objective = LatencyObjective(share=0.99, within_seconds=1)
    found = made(served("embed", "bert-base-uncased"), objectives={"embed": objective})
    assert {stage.name: stage.objective for stage in found.stages if stage.objective} == {
        "embed": objective
    }
