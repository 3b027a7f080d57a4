"""Models: their shape, and what that shape needs of memory.

Weights: parameters x bytes of the number type.
KV cache of one token: 2 (key and value) x layers x KV heads x head size x bytes; see
"Efficient Memory Management for LLM Serving with PagedAttention" (arXiv:2309.06180), section 3.
Shapes: each model's config.json on the Hugging Face hub, parameters from its safetensors index.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from catalog.engines import TEXT_EMBEDDINGS_INFERENCE, VLLM, Engine

GIB: Final = 1024**3

# What a pod gets out of the hub, and then off its volume, on the smallest of our machines:
# gp3 as it comes gives 125 MB/s.
LOAD_GIB_PER_SECOND: Final = 0.1

# vLLM gives itself this share of the GPU (--gpu-memory-utilization).
GPU_SHARE: Final = 0.9
# Activations, CUDA context and graphs of a 7-8 B model at batches of a few dozen, GiB.
GPU_OVERHEAD_GIB: Final = 1.5
# NCCL and the engine's own processes; counted in the container's limit.
SHARED_MEMORY_GIB: Final = 2
# The limit lies this far above the peak that is foreseen.
MARGIN: Final = 1.15


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model as its config.json describes it."""

    name: str
    # Where the engine loads it from.
    repository: str
    engine: Engine
    parameters: int
    layers: int
    kv_heads: int
    head_size: int
    bytes_per_number: int
    longest_context: int
    # Flags that the engine needs for this model.
    engine_args: tuple[str, ...] = ()

    @property
    def weights_gib(self) -> float:
        """Memory of the weights alone."""
        return self.parameters * self.bytes_per_number / GIB

    @property
    def kv_bytes_per_token(self) -> int:
        """KV cache that one token of one sequence takes."""
        return 2 * self.layers * self.kv_heads * self.head_size * self.bytes_per_number

    def kv_cache_gib(self, *, context_tokens: int, sequences: int) -> float:
        """KV cache when every sequence is as long as it may be."""
        return self.kv_bytes_per_token * context_tokens * sequences / GIB

    def cache_tokens(self, gpu_gib: float) -> int:
        """Tokens that the KV cache holds when the engine is given so much GPU memory."""
        left = gpu_gib - self.weights_gib - GPU_OVERHEAD_GIB
        return max(int(left * GIB / self.kv_bytes_per_token), 0)

    def gpu_need_gib(self, *, context_tokens: int, sequences: int) -> float:
        """GPU memory that the engine must be given."""
        cache = self.kv_cache_gib(context_tokens=context_tokens, sequences=sequences)
        return self.weights_gib + cache + GPU_OVERHEAD_GIB

    @property
    def host_peak_gib(self) -> float:
        """Host memory while loading: the file's pages and the process beside them."""
        shared = SHARED_MEMORY_GIB if self.engine.device == "gpu" else 0
        return self.weights_gib + self.engine.runtime_gib + shared

    @property
    def host_limit_gib(self) -> int:
        """The smallest memory limit that leaves the margin above the peak."""
        return math.ceil(self.host_peak_gib * MARGIN)

    @property
    def startup_seconds(self) -> int:
        """From an empty volume to the first answer: download, read, start."""
        return math.ceil(2 * self.weights_gib / LOAD_GIB_PER_SECOND) + self.engine.start_seconds

    @property
    def cache_gib(self) -> int:
        """The folder that the engine downloads to: the weights, and what it compiles."""
        return math.ceil(self.weights_gib * MARGIN) + 4


# https://huggingface.co/google-bert/bert-base-uncased (Apache-2.0)
BERT_BASE_UNCASED: Final = Model(
    name="bert-base-uncased",
    repository="google-bert/bert-base-uncased",
    engine=TEXT_EMBEDDINGS_INFERENCE,
    parameters=110_106_428,
    layers=12,
    kv_heads=12,
    head_size=64,
    bytes_per_number=4,
    longest_context=512,
    # The repository says nothing of pooling: it was trained to fill gaps.
    engine_args=("--pooling", "mean"),
)

# https://huggingface.co/Qwen/Qwen2.5-7B-Instruct (Apache-2.0, no token needed)
QWEN2_5_7B_INSTRUCT: Final = Model(
    name="qwen2.5-7b-instruct",
    repository="Qwen/Qwen2.5-7B-Instruct",
    engine=VLLM,
    parameters=7_615_616_512,
    layers=28,
    kv_heads=4,
    head_size=128,
    bytes_per_number=2,
    longest_context=32_768,
)

MODELS: Final = {model.name: model for model in (BERT_BASE_UNCASED, QWEN2_5_7B_INSTRUCT)}


def gpu_budget_gib(gpu_memory_mib: int) -> float:
    """Return what the engine takes of one GPU."""
    return gpu_memory_mib / 1024 * GPU_SHARE
