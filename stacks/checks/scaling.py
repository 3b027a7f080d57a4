"""Scaling that can work, said with the autoscaler's own arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from catalog import accelerators, metrics, models
from catalog import scaling as arithmetic
from catalog.models import Model
from components.serving.workload import SignalScaling
from stacks import scaling as translation
from stacks.problems import Problem
from stacks.scaling_sections import (
    CpuScaling,
    FixedScaling,
    GpuScaling,
    QueueScaling,
    RequestsScaling,
    Scaling,
    base_replicas,
    fewest,
)
from stacks.sections import CapacitySettings, ModelSettings, ServingSettings


def replicas_agree(serving: ServingSettings) -> Iterator[Problem]:
    """The fewest replicas are not more than the most."""
    for path, scaling in _scalings(serving):
        if not isinstance(scaling, FixedScaling) and scaling.min_replicas > scaling.max_replicas:
            low, high = scaling.min_replicas, scaling.max_replicas
            fix = f"min_replicas {low} > max_replicas {high}. Lower one or raise the other."
            yield Problem(f"{path}.min_replicas", low, f"at most max_replicas ({high})", fix)


def the_way_in_is_always_open(serving: ServingSettings) -> Iterator[Problem]:
    """Nobody wakes a gateway, and it counts what is in flight, not what comes a second."""
    path, scaling = "ballast:serving.gateway.scaling", serving.gateway.scaling
    if isinstance(scaling, RequestsScaling) and scaling.measure == "rate":
        fix = "The rate is known of each stage behind it. Write `measure: in-flight`."
        yield Problem(f"{path}.measure", "rate", "in-flight", fix)
    if fewest(scaling) < 1:
        where = f"{path}.{'replicas' if isinstance(scaling, FixedScaling) else 'min_replicas'}"
        fix = "Requests for what has no replica are counted there: without it nothing ever wakes."
        yield Problem(where, 0, "1 or more", fix)


def signals_can_work(serving: ServingSettings) -> Iterator[Problem]:
    """Everything that an autoscaler would accept and never act on."""
    for path, model in _models(serving):
        shape = models.MODELS.get(model.model)
        if shape is not None:
            yield from _engine_tells(path, model, shape)
            base = base_replicas(model.base, model.scaling)
            yield from _sound(path, model.scaling, shape, base)
    yield from _sound("ballast:serving.aggregator", serving.aggregator.scaling, None, 0)


def guards_act(serving: ServingSettings, capacity: CapacitySettings) -> Iterator[Problem]:
    """A guard on the KV cache that the other trigger always forestalls guards nothing."""
    for path, model in _models(serving):
        shape = models.MODELS.get(model.model)
        pool = next((pool for pool in capacity.pools if pool.name == model.pool), None)
        scaling = model.scaling
        known = pool and pool.types and all(n in accelerators.GPU_INSTANCES for n in pool.types)
        if not isinstance(scaling, QueueScaling) or shape is None or not known or pool is None:
            continue
        listed = translation.triggers(scaling, shape.engine)
        if len(listed) < 2 or model.language is None or model.gpus < 1:
            continue
        gpu_gib = models.gpu_budget_gib(accelerators.usable_mib(pool.types)) * model.gpus
        refusal = arithmetic.inert_cache_trigger(
            arithmetic.Trigger(signal=listed[0].signal, threshold=listed[0].threshold),
            listed[1],
            context_tokens=model.language.context_tokens,
            capacity_tokens=max(shape.cache_tokens(gpu_gib), 1),
        )
        if refusal is not None:
            got = scaling.kv_cache_percent
            yield Problem(
                f"{path}.scaling.kv_cache_percent",
                got,
                "a share that is reached before the other trigger acts, or none",
                f"{_sentence(refusal.why)} Lower it, or leave it out.",
            )


def bases_are_not_taken_back(
    serving: ServingSettings, capacity: CapacitySettings
) -> Iterator[Problem]:
    """The base of a critical model lies on on-demand GPUs of the same kind."""
    pools = {pool.name: pool for pool in capacity.pools}
    for path, model in _models(serving):
        if model.base is None:
            continue
        where = f"{path}.base.pool"
        own, other = pools.get(model.pool or ""), pools.get(model.base.pool)
        if own is None:
            fix = "Only GPU models are on spot. Remove it; the system nodes are on-demand."
            yield Problem(f"{path}.base", model.base.model_dump(), "nothing without a pool", fix)
        elif other is None or other.capacity == "spot":
            names = [name for name, pool in pools.items() if pool.capacity != "spot"]
            allowed = f"an on-demand pool ({', '.join(names) or 'there is none'})"
            fix = "What AWS takes back within two minutes is no base. Name another pool."
            yield Problem(where, model.base.pool, allowed, fix)
        elif _promised(own.types) != _promised(other.types):
            fix = f"Its GPUs are not those of {own.name}, which the model was sized for."
            yield Problem(where, model.base.pool, f"GPUs of {_promised(own.types)} GiB", fix)


def _promised(types: tuple[str, ...]) -> int | None:
    known = bool(types) and all(name in accelerators.GPU_INSTANCES for name in types)
    return accelerators.promised_gib(types) if known else None


def _engine_tells(path: str, model: ModelSettings, shape: Model) -> Iterator[Problem]:
    scaling, engine = model.scaling, shape.engine
    if isinstance(scaling, GpuScaling) and engine.device == "cpu":
        fix = f"{engine.name} runs on the CPU. Write `kind: cpu` or `kind: requests`."
        yield Problem(f"{path}.scaling.kind", "gpu", "cpu, requests or fixed", fix)
    if not isinstance(scaling, QueueScaling):
        return
    if metrics.of_engine(engine.name, "load") is None:
        fix = f"{engine.name} does not say how many requests it works on. Use `kind: requests`."
        yield Problem(f"{path}.scaling.kind", "queue", "requests, cpu or fixed", fix)
    language = model.language
    if language is not None and scaling.per_replica > 2 * language.sequences:
        yield Problem(
            f"{path}.scaling.per_replica",
            scaling.per_replica,
            f"at most {2 * language.sequences}",
            f"A replica works on {language.sequences} requests at once; with "
            f"{scaling.per_replica:g} each, {scaling.per_replica - language.sequences:g} would "
            "wait for a whole answer before a replica is added.",
        )


def _sound(path: str, scaling: Scaling, model: Model | None, base: int) -> Iterator[Problem]:
    if isinstance(scaling, CpuScaling | FixedScaling):
        return
    made = translation.of_stage(scaling, model, base=base)
    if not isinstance(made, SignalScaling) or not made.triggers:
        return  # said already
    for refusal in arithmetic.unsound(
        made.triggers,
        min_replicas=made.min_replicas,
        max_replicas=made.max_replicas,
        cooldown_seconds=made.calm_seconds,
        stabilization_seconds=made.calm_seconds,
    ):
        yield Problem(
            f"{path}.scaling",
            refusal.got,
            "what can work",
            f"{_sentence(refusal.why)} {refusal.fix}",
        )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def _scalings(serving: ServingSettings) -> list[tuple[str, Scaling]]:
    stages = [("gateway", serving.gateway.scaling), ("aggregator", serving.aggregator.scaling)]
    return [
        *((f"ballast:serving.{name}.scaling", scaling) for name, scaling in stages),
        *((f"{path}.scaling", model.scaling) for path, model in _models(serving)),
    ]


def _models(serving: ServingSettings) -> list[tuple[str, ModelSettings]]:
    return [
        (f"ballast:serving.models[{index}]", model) for index, model in enumerate(serving.models)
    ]


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("serving",), replicas_agree),
    (("serving",), the_way_in_is_always_open),
    (("serving",), signals_can_work),
    (("serving", "capacity"), guards_act),
    (("serving", "capacity"), bases_are_not_taken_back),
)
