"""Serving engines and proxies: image, port, paths, how they start and how they stop.

Images are pinned by version. No digest is given: none could be checked from here,
and one copied from a page is worse than none. A registry mirror pins by digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Device = Literal["cpu", "gpu"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What is true of one engine at one version, whatever model it serves."""

    name: str
    image: str
    device: Device
    port: int
    # Answers 200 once requests can be served.
    health_path: str
    # Where it answers with an embedding or a completion, in OpenAI's form.
    api_path: str
    # Metrics in Prometheus' form, on the same port unless said otherwise.
    metrics_path: str = "/metrics"
    metrics_port: int | None = None
    # Where it keeps what it downloads.
    cache_path: str
    # Resident memory of the process besides the model, GiB.
    runtime_gib: float
    # How long it finishes requests after SIGTERM, seconds; a flag of the engine sets it.
    drain_seconds: int
    # From a start with everything downloaded to the first answer, without reading weights.
    start_seconds: int


# Flags: https://huggingface.co/docs/text-embeddings-inference/cli_arguments
TEXT_EMBEDDINGS_INFERENCE: Final = Engine(
    name="text-embeddings-inference",
    image="ghcr.io/huggingface/text-embeddings-inference:cpu-1.8.2",
    device="cpu",
    port=8080,
    health_path="/health",
    api_path="/v1/embeddings",
    metrics_port=9000,
    cache_path="/data",
    runtime_gib=1.0,
    drain_seconds=30,
    start_seconds=30,
)

# Flags: https://docs.vllm.ai/en/stable/cli/serve ; --shutdown-timeout came with 0.18.
VLLM: Final = Engine(
    name="vllm",
    image="docker.io/vllm/vllm-openai:v0.18.0",
    device="gpu",
    port=8000,
    health_path="/health",
    api_path="/v1/chat/completions",
    cache_path="/cache",
    # Python, CUDA contexts and graphs, the tokenizer.
    runtime_gib=6.0,
    drain_seconds=45,
    # Profiling the memory, compiling, capturing CUDA graphs.
    start_seconds=180,
)

ENGINES: Final = {engine.name: engine for engine in (TEXT_EMBEDDINGS_INFERENCE, VLLM)}


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A part of the pipeline that serves no model itself."""

    image: str
    port: int
    ready_path: str
    # How long it waits after SIGTERM by itself, seconds.
    drain_seconds: int


# Distroless: no shell, runs as a user of its own.
ENVOY: Final = Proxy(
    image="docker.io/envoyproxy/envoy:distroless-v1.40.0",
    port=8080,
    ready_path="/ready",
    drain_seconds=0,
)

# cmd/router: port, path and the 30 s sleep after SIGTERM are constants there.
KSERVE_ROUTER: Final = Proxy(
    image="docker.io/kserve/router:v0.16.0",
    port=8080,
    ready_path="/readyz",
    drain_seconds=30,
)
