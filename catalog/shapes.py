"""Shapes of models that people serve, found by the name of their repository.

Parameters from the safetensors index, the rest from config.json, on the Hugging Face hub. A
model that is not listed is read by its name: 7B, 8x7B, AWQ, FP8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

GIB: Final = 1024**3


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What decides how much memory a model needs; None where only the name is known."""

    parameters: int
    layers: int | None = None
    kv_heads: int | None = None
    head_size: int | None = None
    longest_context: int | None = None
    bytes_per_number: float = 2.0

    @property
    def weights_gib(self) -> float:
        """Memory of the weights alone."""
        return self.parameters * self.bytes_per_number / GIB

    def kv_gib(self, tokens: int, bytes_per_number: float = 2.0) -> float | None:
        """KV cache of so many tokens; see arXiv:2309.06180, section 3."""
        if self.layers is None or self.kv_heads is None or self.head_size is None:
            return None
        numbers = 2 * self.layers * self.kv_heads * self.head_size * tokens
        return numbers * bytes_per_number / GIB


def _decoder(parameters: int, layers: int, kv_heads: int, head_size: int, context: int) -> Shape:
    return Shape(
        parameters=parameters,
        layers=layers,
        kv_heads=kv_heads,
        head_size=head_size,
        longest_context=context,
    )


# Name of the repository without its owner, in lower case, up to what tells versions of it apart.
_SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "llama-3.1-8b": _decoder(8_030_261_248, 32, 8, 128, 131_072),
        "meta-llama-3-8b": _decoder(8_030_261_248, 32, 8, 128, 8_192),
        "llama-3.1-70b": _decoder(70_553_706_496, 80, 8, 128, 131_072),
        "llama-3.3-70b": _decoder(70_553_706_496, 80, 8, 128, 131_072),
        "llama-3.2-1b": _decoder(1_235_814_400, 16, 8, 64, 131_072),
        "llama-3.2-3b": _decoder(3_212_749_824, 28, 8, 128, 131_072),
        "mistral-7b": _decoder(7_248_023_552, 32, 8, 128, 32_768),
        "mixtral-8x7b": _decoder(46_702_792_704, 32, 8, 128, 32_768),
        "qwen2.5-0.5b": _decoder(494_032_768, 24, 2, 64, 32_768),
        "qwen2.5-1.5b": _decoder(1_543_714_304, 28, 2, 128, 32_768),
        "qwen2.5-3b": _decoder(3_085_938_688, 36, 2, 128, 32_768),
        "qwen2.5-7b": _decoder(7_615_616_512, 28, 4, 128, 32_768),
        "qwen2.5-14b": _decoder(14_770_033_664, 48, 8, 128, 32_768),
        "qwen2.5-32b": _decoder(32_763_876_352, 64, 8, 128, 32_768),
        "qwen2.5-72b": _decoder(72_706_203_648, 80, 8, 128, 32_768),
        "qwen3-8b": _decoder(8_190_735_360, 36, 8, 128, 40_960),
        "qwen3-32b": _decoder(32_762_123_264, 64, 8, 128, 40_960),
        "gemma-2-9b": _decoder(9_241_705_984, 42, 8, 256, 8_192),
        "phi-3-mini-4k": _decoder(3_821_079_552, 32, 32, 96, 4_096),
        "deepseek-r1-distill-qwen-7b": _decoder(7_615_616_512, 28, 4, 128, 131_072),
        "deepseek-r1-distill-qwen-32b": _decoder(32_763_876_352, 64, 8, 128, 131_072),
        "deepseek-r1-distill-llama-8b": _decoder(8_030_261_248, 32, 8, 128, 131_072),
        "deepseek-r1-distill-llama-70b": _decoder(70_553_706_496, 80, 8, 128, 131_072),
        "bert-base-uncased": Shape(
            parameters=110_106_428, longest_context=512, bytes_per_number=4.0
        ),
    }
)
_SIZE: Final = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)(b|m)(?![a-z0-9])")
# What quantizing takes of a number: four bits and their scales, or eight.
_FOUR_BITS, _EIGHT_BITS, _FULL = 0.56, 1.0, 4.0
_QUANTIZED: Final = (
    (re.compile(r"awq|gptq|int4|4bit|w4a16|nf4|bnb-4|mxfp4|nvfp4"), _FOUR_BITS),
    (re.compile(r"fp8|int8|8bit|w8a8|w8a16"), _EIGHT_BITS),
    (re.compile(r"float32|fp32"), _FULL),
)


def find(repository: str) -> Shape | None:
    """Return the shape of the model in the repository; None when its name says nothing."""
    name = repository.rpartition("/")[2].lower()
    listed = [key for key in _SHAPES if name == key or name.startswith(f"{key}-")]
    shape = _SHAPES[max(listed, key=len)] if listed else _by_name(name)
    return shape and quantized(shape, name)


def quantized(shape: Shape, wording: str) -> Shape:
    """Return the shape with numbers of the type that the wording names, if it names one."""
    for pattern, size in _QUANTIZED:
        if pattern.search(wording.lower()):
            return replace(shape, bytes_per_number=size)
    return shape


def _by_name(name: str) -> Shape | None:
    match = _SIZE.search(name)
    if match is None:
        return None
    experts, number, unit = match.groups()
    # Experts share their attention: 8x7B has 46.7 billion parameters and not 56.
    factor = int(experts) * 0.83 if experts else 1.0
    scale = 1_000_000_000 if unit == "b" else 1_000_000
    return Shape(parameters=int(float(number) * factor * scale))
