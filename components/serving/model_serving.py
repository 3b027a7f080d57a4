"""Model Serving: one model on one engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi import ResourceOptions

from catalog.engines import TEXT_EMBEDDINGS_INFERENCE, VLLM
from catalog.models import GPU_SHARE, SHARED_MEMORY_GIB, Model
from components import naming
from components.serving.access import PRIVATE_NETWORKS, Edge
from components.serving.scaler import Watch
from components.serving.stage import Plan, Stage, service_url
from components.serving.workload import (
    Base,
    GpuPlacement,
    Resources,
    Scaling,
    Scratch,
    Shutdown,
    Workload,
)

TOKEN = naming.token("serving", "ModelServing")
_TMP: Final = "/tmp"  # noqa: S108 - the pod's own, a volume
HTTPS: Final = 443


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a language model may hold at once."""

    context_tokens: int
    sequences: int


@dataclass(frozen=True, kw_only=True)
class CanaryOf:
    """The model whose other version this is, and how much of its requests it gets."""

    model: str
    percent: int


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """One model and how it is served."""

    # Name of the service; clients ask for it.
    name: str
    model: Model
    resources: Resources
    scaling: Scaling
    # None: a model without generation.
    limits: Limits | None = None
    # None: the system nodes.
    placement: GpuPlacement | None = None
    # None: all replicas come and go with the load, and may be on spot.
    base: Base | None = None
    # None: it stands for itself.
    canary_of: CanaryOf | None = None


@dataclass(frozen=True, kw_only=True)
class ModelServingArgs:
    """What makes one model's deployment."""

    namespace: str
    # What has to stand before anything of the stage: the namespace, and what closes it.
    needs: tuple[pulumi.Resource, ...]
    # Where scalers find signals.
    watch: Watch
    served: ServedModel
    # Stages that may ask the model.
    client_stages: tuple[str, ...]


class ModelServing(Stage):
    """One model, with an engine that fits it, behind a headless service.

    Creates: what every stage is made of.
    """

    def __init__(
        self, name: str, args: ModelServingArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, args.needs, opts)
        workload = model_workload(args.served)
        self._build_stage(name, _plan(args, workload))
        self.url = service_url(workload, args.namespace)
        self.deployment_name = workload.name
        self.register_outputs({"url": self.url, "deployment_name": self.deployment_name})


def model_workload(served: ServedModel) -> Workload:
    """Return what the model runs."""
    engine = served.model.engine
    return Workload(
        name=served.name,
        stage="model",
        image=engine.image,
        command=_COMMANDS[engine.name],
        args=_ARGUMENTS[engine.name](served),
        env={"MODEL_NAME": served.model.name, **_environment(served.model)},
        port=engine.port,
        metrics_port=engine.metrics_port,
        ready_path=engine.health_path,
        startup_seconds=served.model.startup_seconds,
        shutdown=Shutdown(pre_stop_seconds=15, drain_seconds=engine.drain_seconds),
        resources=served.resources,
        scaling=served.scaling,
        scratch=_scratch(served.model),
        placement=served.placement,
        base=served.base,
        headless=True,
    )


def _plan(args: ModelServingArgs, workload: Workload) -> Plan:
    return Plan(
        namespace=args.namespace,
        watch=args.watch,
        workload=workload,
        ingress=(Edge(port=workload.port, stages=args.client_stages),),
        # The hub that the weights come from, and nothing inside.
        egress=(Edge(port=HTTPS, networks=("0.0.0.0/0",), excluded=PRIVATE_NETWORKS),),
    )


def _text_embeddings_inference(served: ServedModel) -> tuple[str, ...]:
    engine = served.model.engine
    return (
        *("--model-id", served.model.repository),
        *("--hostname", "0.0.0.0"),  # noqa: S104 - the pod's own network
        *("--port", str(engine.port)),
        "--auto-truncate",
        *served.model.engine_args,
    )


def _vllm(served: ServedModel) -> tuple[str, ...]:
    engine = served.model.engine
    limits = served.limits
    bounds = (
        (
            *("--max-model-len", str(limits.context_tokens)),
            *("--max-num-seqs", str(limits.sequences)),
        )
        if limits
        else ()
    )
    return (
        served.model.repository,
        *("--served-model-name", *_served_names(served)),
        *("--host", "0.0.0.0"),  # noqa: S104 - the pod's own network
        *("--port", str(engine.port)),
        *bounds,
        *("--gpu-memory-utilization", str(GPU_SHARE)),
        *("--tensor-parallel-size", str(served.resources.gpus)),
        *("--shutdown-timeout", str(engine.drain_seconds)),
        *served.model.engine_args,
    )


def _served_names(served: ServedModel) -> tuple[str, ...]:
    """A canary answers to the name that clients ask for, too."""
    return (served.canary_of.model, served.name) if served.canary_of else (served.name,)


_ARGUMENTS: Final = {
    TEXT_EMBEDDINGS_INFERENCE.name: _text_embeddings_inference,
    VLLM.name: _vllm,
}
_COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    # The image's own entry point.
    TEXT_EMBEDDINGS_INFERENCE.name: (),
    VLLM.name: ("vllm", "serve"),
}


def _environment(model: Model) -> dict[str, str]:
    """Return where the engine writes: everything else is read-only."""
    cache = model.engine.cache_path
    if model.engine is TEXT_EMBEDDINGS_INFERENCE:
        return {"HUGGINGFACE_HUB_CACHE": cache}
    return {
        "HF_HOME": f"{cache}/huggingface",
        "HOME": _TMP,
        # The user has no entry in the image's list of users, which PyTorch asks.
        "USER": "vllm",
        "TORCHINDUCTOR_CACHE_DIR": f"{cache}/inductor",
        "TRITON_CACHE_DIR": f"{cache}/triton",
        "VLLM_CACHE_ROOT": f"{cache}/vllm",
        "VLLM_NO_USAGE_STATS": "1",
    }


def _scratch(model: Model) -> dict[str, Scratch]:
    folders = {
        "cache": Scratch(path=model.engine.cache_path, size_gib=model.cache_gib),
        "tmp": Scratch(path=_TMP, size_gib=1),
    }
    if model.engine.device == "cpu":
        return folders
    shared = Scratch(path="/dev/shm", size_gib=SHARED_MEMORY_GIB, in_memory=True)  # noqa: S108
    return {**folders, "shm": shared}
