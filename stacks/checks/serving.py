"""The pipeline: scaling that can work, memory that suffices, pools that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from catalog import accelerators, models
from catalog.models import Model
from components.serving import aggregator, gateway
from stacks.network_sections import NetworkSettings
from stacks.problems import Problem, nearest
from stacks.scaling_sections import CpuScaling
from stacks.sections import (
    CapacitySettings,
    GpuPoolSettings,
    ModelSettings,
    Resources,
    ServingSettings,
)


def limits_cover_requests(serving: ServingSettings) -> Iterator[Problem]:
    """Kubernetes refuses a limit below its request, but only when the pod is made."""
    stages = [("gateway", serving.gateway.resources), ("aggregator", serving.aggregator.resources)]
    for path, needs in [*stages, *((path, model.resources) for path, model in _models(serving))]:
        yield from _limits(f"ballast:serving.{path}.resources", needs)


def models_are_known(serving: ServingSettings) -> Iterator[Problem]:
    """Names tell models apart, and the catalogue knows their shape."""
    names: list[str] = [gateway.NAME, aggregator.NAME]
    for path, model in _models(serving):
        where = f"ballast:serving.{path}"
        if model.name in names:
            yield Problem(f"{where}.name", model.name, "a name of its own", "Another stage has it.")
        names.append(model.name)
        if model.model not in models.MODELS:
            known = list(models.MODELS)
            fix = f"{nearest(model.model, known)} A new one is added to catalog/models.py."
            yield Problem(f"{where}.model", model.model, ", ".join(known), fix)
        yield from _canary(where, model, serving)


def _canary(where: str, model: ModelSettings, serving: ServingSettings) -> Iterator[Problem]:
    if model.canary is None:
        return
    others = {other.name: other for other in serving.models if other.name != model.name}
    wanted = others.get(model.canary.of)
    if wanted is None or wanted.canary is not None:
        names = [name for name, other in others.items() if other.canary is None]
        fix = "A canary takes requests from a model that stands for itself. Name one."
        yield Problem(f"{where}.canary.of", model.canary.of, ", ".join(names) or "none", fix)
    rivals = [one.name for one in serving.models if one.canary and one.canary.of == model.canary.of]
    if len(rivals) > 1:
        fix = f"{' and '.join(rivals)} are. Keep one of them."
        yield Problem(f"{where}.canary.of", model.canary.of, "one canary of a model", fix)


def devices_agree(serving: ServingSettings, capacity: CapacitySettings) -> Iterator[Problem]:
    """A GPU engine gets GPUs of a pool, and a CPU engine keeps off them."""
    for path, model in _models(serving):
        shape = models.MODELS.get(model.model)
        if shape is not None and shape.engine.device == "gpu":
            yield from _gpu_model(f"ballast:serving.{path}", model, capacity)
        elif shape is not None:
            yield from _cpu_model(f"ballast:serving.{path}", model, shape)


def memory_suffices(serving: ServingSettings, capacity: CapacitySettings) -> Iterator[Problem]:
    """The model fits, in host memory while it loads and on the GPU while it serves."""
    for path, model in _models(serving):
        shape = models.MODELS.get(model.model)
        if shape is not None:
            yield from _host_memory(f"ballast:serving.{path}", model, shape)
            pool = _pool(model, capacity)
            if pool is not None and shape.engine.device == "gpu":
                yield from _gpu_memory(f"ballast:serving.{path}", model, shape, pool)


def _gpu_model(where: str, model: ModelSettings, capacity: CapacitySettings) -> Iterator[Problem]:
    pools = [pool.name for pool in capacity.pools]
    if model.pool not in pools:
        allowed = f"a pool of ballast:capacity ({', '.join(pools) or 'there is none'})"
        fix = "The model runs on GPUs, and without a pool no node has one. Name the pool."
        yield Problem(f"{where}.pool", model.pool, allowed, fix)
    if model.gpus < 1:
        fix = "Give every replica at least one."
        yield Problem(f"{where}.gpus", model.gpus, "1 or more for this model's engine", fix)
    if isinstance(model.scaling, CpuScaling):
        yield Problem(
            f"{where}.scaling.kind",
            "cpu",
            "queue, requests, gpu or fixed",
            "A GPU model's CPU is idle while its queue grows, so it would never scale. Write "
            "`kind: queue` with the requests for one replica.",
        )
    if model.language is None:
        fix = "Say how long its contexts are and how many requests it works on at once."
        yield Problem(f"{where}.language", None, "context_tokens and sequences", fix)


def _cpu_model(where: str, model: ModelSettings, shape: Model) -> Iterator[Problem]:
    reason = f"{shape.engine.name} serves {shape.name} on the CPU. Remove it."
    if model.pool is not None:
        yield Problem(f"{where}.pool", model.pool, "no pool for this model", reason)
    if model.gpus:
        yield Problem(f"{where}.gpus", model.gpus, "0 for this model", reason)
    if model.language is not None:
        got = model.language.model_dump()
        yield Problem(f"{where}.language", got, "nothing for this model", reason)


def _host_memory(where: str, model: ModelSettings, shape: Model) -> Iterator[Problem]:
    limit = model.resources.memory_limit_gib
    if limit < shape.host_limit_gib:
        margin = round((models.MARGIN - 1) * 100)
        yield Problem(
            f"{where}.resources.memory_limit_gib",
            limit,
            f"{shape.host_limit_gib} or more",
            f"{shape.name} peaks at {shape.host_peak_gib:.1f} GiB while it loads "
            f"({shape.weights_gib:.1f} of weights), and {margin} % are kept above that.",
        )


def _gpu_memory(
    where: str, model: ModelSettings, shape: Model, pool: GpuPoolSettings
) -> Iterator[Problem]:
    language = model.language
    known = all(name in accelerators.GPU_INSTANCES for name in pool.types)
    if language is None or not pool.types or not known or model.gpus < 1:
        return  # said already
    if language.context_tokens > shape.longest_context:
        allowed = f"at most {shape.longest_context}"
        fix = f"{shape.name} was made for no longer contexts."
        path = f"{where}.language.context_tokens"
        yield Problem(path, language.context_tokens, allowed, fix)
    tokens, sequences = language.context_tokens, language.sequences
    need = shape.gpu_need_gib(context_tokens=tokens, sequences=sequences)
    have = models.gpu_budget_gib(accelerators.usable_mib(pool.types)) * model.gpus
    if need > have:
        cache = shape.kv_cache_gib(context_tokens=tokens, sequences=sequences)
        yield Problem(
            f"{where}.language",
            language.model_dump(),
            f"what fits {have:.1f} GiB of GPU memory",
            f"{shape.weights_gib:.1f} of weights + {cache:.1f} of KV cache ({tokens} tokens x "
            f"{sequences} sequences) + {models.GPU_OVERHEAD_GIB} of overhead = {need:.1f} GiB; "
            f"pool {pool.name} gives {have:.1f}. Shorten contexts, take fewer sequences, or "
            f"{_that_fits(need, model.gpus)}.",
        )


def _that_fits(need_gib: float, gpus: int) -> str:
    """Return the smallest GPU that gives so much, and a machine that has it."""
    for mib, known_as in sorted(accelerators.MEMORY_CLASS_GIB.items()):
        if models.gpu_budget_gib(mib) * gpus >= need_gib:
            request = accelerators.GpuRequest(gpu_memory_gib=known_as, gpus=max(gpus, 1))
            machines = accelerators.matching(request)
            return f"use GPUs of {known_as} GiB" + (f", such as {machines[0]}" if machines else "")
    return "spread it over more GPUs: no single one is large enough"


def _limits(path: str, needs: Resources) -> Iterator[Problem]:
    if needs.memory_limit_gib < needs.memory_request_gib:
        allowed = f"memory_request_gib ({needs.memory_request_gib:g}) or more"
        fix = "A pod cannot be promised more than it may take. Raise the limit."
        yield Problem(f"{path}.memory_limit_gib", needs.memory_limit_gib, allowed, fix)
    if needs.cpu_limit is not None and needs.cpu_limit < needs.cpu_request:
        allowed = f"cpu_request ({needs.cpu_request:g}) or more"
        fix = "A pod cannot be promised more than it may take. Raise or remove the limit."
        yield Problem(f"{path}.cpu_limit", needs.cpu_limit, allowed, fix)


def _models(serving: ServingSettings) -> list[tuple[str, ModelSettings]]:
    return [(f"models[{index}]", model) for index, model in enumerate(serving.models)]


def _pool(model: ModelSettings, capacity: CapacitySettings) -> GpuPoolSettings | None:
    return next((pool for pool in capacity.pools if pool.name == model.pool), None)


def load_balancers_can_be_made(
    target: str, region: str, network: NetworkSettings, serving: ServingSettings
) -> Iterator[Problem]:
    """Nothing in the embedded cluster gives one an address; a certificate is of one region."""
    path, balancer = "ballast:serving.gateway.load_balancer", serving.gateway.load_balancer
    if balancer is None:
        return
    if target != "aws":
        fix = "Nothing makes load balancers there, and `up` would wait for ever. Remove it."
        yield Problem(path, balancer.model_dump(), "none in the embedded environment", fix)
    found = balancer.certificate_arn.split(":")[3]
    if found != region:
        fix = f"It lies in {found}, and the load balancer will be in {region}."
        allowed = f"a certificate of {region}"
        yield Problem(f"{path}.certificate_arn", balancer.certificate_arn, allowed, fix)
    if balancer.scheme == "internet-facing" and not network.public_https:
        fix = "ballast:network.public_https is false: nothing from outside would reach it."
        yield Problem(f"{path}.scheme", balancer.scheme, "internal", fix)


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("serving",), limits_cover_requests),
    (("serving",), models_are_known),
    (("target", "region", "network", "serving"), load_balancers_can_be_made),
    (("serving", "capacity"), devices_agree),
    (("serving", "capacity"), memory_suffices),
)
