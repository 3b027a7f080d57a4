"""What a container serves: the engine, its version, its flags, and the model behind them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from catalog import shapes
from catalog.shapes import Shape
from frame import quantity
from frame.facts import Node
from frame.resource import Index, Resource
from rules.inference.facts import fact, number
from rules.kubernetes import gpu
from rules.kubernetes.workloads import Container, Pod, Role, pods

_ENGINES: Final = (
    ("vllm", re.compile(r"vllm")),
    ("text-embeddings-inference", re.compile(r"text-embeddings-inference|\btei\b")),
    ("text-generation-inference", re.compile(r"text-generation-inference|\btgi\b")),
    ("triton", re.compile(r"tritonserver|triton-")),
    ("sglang", re.compile(r"sglang")),
    ("ollama", re.compile(r"ollama")),
    ("nim", re.compile(r"nvcr\.io/nim/")),
)
_VERSION: Final = re.compile(r"v?(\d+(?:\.\d+){1,3})")
_MODEL_FLAGS: Final = ("--model", "--model-id", "--model-path", "--model_id")
_MODEL_VARIABLES: Final = ("MODEL_ID", "HF_MODEL_ID", "MODEL", "MODEL_NAME")
# Resident memory of the engine itself beside the model, GiB: CUDA contexts, Python, tokenizer.
_RUNTIME_GIB: Final = {"vllm": 6.0, "sglang": 6.0, "text-generation-inference": 4.0, "triton": 4.0}
_CPU_RUNTIME_GIB: Final = 1.0


@dataclass(frozen=True, slots=True)
class Serving:
    """One container that serves a model."""

    workload: Resource
    pod: Pod
    container: Container
    engine: str
    version: tuple[int, ...] | None
    flags: Mapping[str, str]
    # Arguments that are not known yet.
    unknown: Sequence[Node]
    shape: Shape | None
    gpus: float

    def flag(self, *names: str) -> str:
        """Return the value of the first flag that is given."""
        return next((self.flags[name] for name in names if name in self.flags), "")

    def flag_number(self, *names: str) -> float | None:
        """Return the value of a flag as a number."""
        return Node(self.flag(*names)).number() if self.flag(*names) else None

    @property
    def runtime_gib(self) -> float:
        """Memory of the engine itself."""
        return _RUNTIME_GIB.get(self.engine, 4.0) if self.gpus else _CPU_RUNTIME_GIB

    @property
    def tensor_parallel(self) -> int:
        """Number of GPUs that the engine splits a model over."""
        stated = self.flag_number("--tensor-parallel-size", "-tp", "--tp-size", "--num-shard")
        return int(stated) if stated else 1


def servings(index: Index) -> Iterator[Serving]:
    """Go through the containers of a stack that serve a model."""
    yield from index.once("servings", lambda: list(_all(index)))


def _all(index: Index) -> Iterator[Serving]:
    for workload in index.resources:
        if workload.is_kubernetes:
            yield from of_workload(index, workload)


def of_workload(index: Index, workload: Resource) -> Iterator[Serving]:
    """Go through the containers of a workload that serve a model."""
    for pod in pods(workload):
        for container in pod.containers(Role.MAIN, Role.SIDECAR):
            engine = engine_of(container)
            if engine:
                yield _serving(index, workload, pod, container, engine)


def engine_of(container: Container) -> str:
    """Return the engine that the image brings; empty for any other image."""
    image = container.at("image").text().partition("@")[0].lower()
    return next((name for name, pattern in _ENGINES if pattern.search(image)), "")


def _serving(
    index: Index, workload: Resource, pod: Pod, container: Container, engine: str
) -> Serving:
    flags, positional, unknown = arguments(container)
    repository = _repository(index, workload, container, flags, positional)
    amounts = (
        quantity.of(amount) or 0
        for name, amount in gpu.gpu_quantities(container)
        if not amount.unknown and name.startswith("nvidia.com/")
    )
    return Serving(
        workload=workload,
        pod=pod,
        container=container,
        engine=engine,
        version=version_of(container),
        flags=flags,
        unknown=unknown,
        shape=_shape(index, workload, repository, flags),
        gpus=max(amounts, default=0),
    )


def version_of(container: Container) -> tuple[int, ...] | None:
    """Return the version in the image's tag."""
    tag = container.at("image").text().partition("@")[0].rpartition("/")[2].partition(":")[2]
    match = _VERSION.search(tag)
    return tuple(int(part) for part in match.group(1).split(".")) if match else None


def arguments(container: Container) -> tuple[dict[str, str], list[str], list[Node]]:
    """Return flags with their values, words that belong to no flag, and what is not known yet."""
    unknown: list[Node] = []
    words: list[str] = []
    for field in ("command", "args"):
        for item in container.at(field).each():
            if item.unknown:
                unknown.append(item)
                words.append("")
            else:
                words += _words(item.text())
    flags: dict[str, str] = {}
    positional: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        following = words[position + 1] if position + 1 < len(words) else "-"
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            positional.append(word)
        elif equals:
            flags[name] = value
        elif following.startswith("-") and not following[1:2].isdigit():
            flags[name] = ""
        else:
            flags[name] = following
            position += 1
        position += 1
    return flags, positional, unknown


def _words(text: str) -> list[str]:
    """Return the words of one argument: a whole shell line is often one of them."""
    if " " not in text.strip():
        return [text]
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _repository(
    index: Index,
    workload: Resource,
    container: Container,
    flags: Mapping[str, str],
    positional: Sequence[str],
) -> str:
    stated = fact(index, workload, "model").text()
    for name in _MODEL_FLAGS:
        stated = stated or flags.get(name, "")
    stated = stated or next((word for word in positional if _is_repository(word)), "")
    for variable in container.at("env").each():
        if not stated and variable.at("name").text() in _MODEL_VARIABLES:
            stated = variable.at("value").text()
    return stated


def _is_repository(word: str) -> bool:
    return re.fullmatch(r"[\w.-]+/[\w.-]+", word) is not None and not word.startswith(("/", "."))


def _shape(
    index: Index, workload: Resource, repository: str, flags: Mapping[str, str]
) -> Shape | None:
    shape = shapes.find(repository) if repository else None
    stated = number(index, workload, "weights-gib")
    if stated is not None:
        known = shape or Shape(parameters=0)
        return replace(known, parameters=int(stated * shapes.GIB), bytes_per_number=1.0)
    if shape is None:
        return None
    return shapes.quantized(shape, f"{flags.get('--quantization', '')} {flags.get('--dtype', '')}")
