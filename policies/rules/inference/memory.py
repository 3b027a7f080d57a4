"""Whether a model fits: into the container's memory, into the GPU's, into /dev/shm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame import quantity
from frame.resource import Index
from frame.rule import Category, Rule, Setting, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.inference.facts import number
from rules.inference.pools import pools_of
from rules.inference.serving import Serving, servings
from rules.kubernetes.workloads import WORKLOADS

_GPU_SHARE: Final = 0.9
# Activations, CUDA context and graphs.
_GPU_OVERHEAD_GIB: Final = 1.5
_SHM: Final = "/dev/shm"  # noqa: S108 - the path is the subject


def _check_host(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for serving in servings(index):
        peak, parts = _host_peak(index, serving)
        if peak is None:
            continue
        applies = True
        yield from _against_limit(serving, peak, parts, settings["margin"])
    if not applies:
        yield NotApplicable("no container whose model is known")


def _host_peak(index: Index, serving: Serving) -> tuple[float | None, str]:
    stated = number(index, serving.workload, "host-peak-gib")
    if stated is not None:
        return stated, f"{stated:g} GiB stated"
    if serving.shape is None:
        return None, ""
    parts = {
        "weights": serving.shape.weights_gib,
        "engine": serving.runtime_gib,
        _SHM: _shm_gib(serving) or 0,
        "swap": serving.flag_number("--swap-space") or 0,
        "offload": serving.flag_number("--cpu-offload-gb") or 0,
    }
    said = " + ".join(f"{name} {value:.1f}" for name, value in parts.items() if value)
    return sum(parts.values()), f"{said} GiB"


def _against_limit(serving: Serving, peak: float, parts: str, margin: float) -> Iterator[Outcome]:
    limit = serving.container.at("resources", "limits", "memory")
    amount = quantity.of(limit)
    if limit.unknown:
        yield Undetermined(path=limit.path, urn=serving.workload.urn)
    elif amount is not None and amount < peak * margin * quantity.GIB:
        needed = peak * margin
        yield Violation(
            path=limit.path,
            found=f"{limit.shown()}; {serving.container.label} needs {peak:.1f} GiB ({parts})",
            why=(
                f"While it loads, the process holds {peak:.1f} GiB. At {limit.shown()} the kernel "
                "kills it before its first answer, and again at each restart."
            ),
            fix=f'limits: {{memory: "{-int(-needed // 1)}Gi"}}',
            urn=serving.workload.urn,
        )


def _check_gpu(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for serving in servings(index):
        if not serving.gpus:
            continue
        for node in serving.unknown:
            applies = True
            yield Undetermined(
                path=node.path, because="a flag of the engine", urn=serving.workload.urn
            )
        memory = _gpu_memory_gib(index, serving)
        if serving.shape is None or memory is None:
            continue
        applies = True
        yield from _fits_gpu(index, serving, memory, settings)
    if not applies:
        yield NotApplicable("no GPU container whose model and GPU are known")


def _gpu_memory_gib(index: Index, serving: Serving) -> float | None:
    stated = number(index, serving.workload, "gpu-memory-gib")
    if stated is not None:
        return stated
    sizes = [
        machine.gpu_memory_mib / 1024
        for pool in pools_of(index, serving.pod)
        for machine in pool.machines
        if machine.gpu_memory_mib
    ]
    return min(sizes, default=None)


def _fits_gpu(
    index: Index, serving: Serving, memory_gib: float, settings: Settings
) -> Iterator[Outcome]:
    shape = serving.shape
    if shape is None:
        return
    share = serving.flag_number("--gpu-memory-utilization", "--mem-fraction-static") or _GPU_SHARE
    budget = memory_gib * share * serving.gpus
    cache = _cache_gib(index, serving, settings)
    need = shape.weights_gib + cache + settings["overheadGib"] * serving.gpus
    if need <= budget:
        return
    yield Violation(
        path=serving.container.path,
        found=(
            f"{serving.container.label} needs {need:.1f} GiB of GPU memory (weights "
            f"{shape.weights_gib:.1f} + KV cache {cache:.1f} + "
            f"{settings['overheadGib'] * serving.gpus:.1f}) and has {budget:.1f} "
            f"({serving.gpus:g} x {memory_gib:.1f} x {share:g})"
        ),
        why=(
            f"{need - budget:.1f} GiB are missing: the engine refuses to start, or throws requests "
            "out of the cache and computes them again when the load is highest."
        ),
        fix=_smaller(serving, budget - shape.weights_gib - settings["overheadGib"] * serving.gpus),
        urn=serving.workload.urn,
    )


def _cache_gib(index: Index, serving: Serving, settings: Settings) -> float:
    stated = number(index, serving.workload, "kv-gib")
    if stated is not None:
        return stated
    if serving.unknown:
        return 0.0  # the flag that is not known yet may be the one that limits the context
    shape = serving.shape
    tokens = serving.flag_number("--max-model-len", "--max-total-tokens", "--context-length")
    tokens = tokens or (shape.longest_context if shape else None)
    if shape is None or tokens is None:
        return 0.0
    # The engine does not start unless one request of full length fits; more have to be stated.
    sequences = serving.flag_number("--max-num-seqs", "--max-running-requests") or 1
    sequences = sequences if settings["allSequences"] else 1
    size = 1.0 if "fp8" in serving.flag("--kv-cache-dtype") else 2.0
    return shape.kv_gib(int(tokens * sequences), size) or 0.0


def _smaller(serving: Serving, left_gib: float) -> str:
    per_token = serving.shape.kv_gib(1) if serving.shape else None
    if per_token and left_gib > 0:
        sequences = serving.flag_number("--max-num-seqs", "--max-running-requests") or 1
        return f"--max-model-len={int(left_gib / per_token / sequences)}"
    return f'limits: {{nvidia.com/gpu: "{int(serving.gpus * 2)}"}}  # or a GPU with more memory'


def _check_shm(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for serving in servings(index):
        if max(serving.gpus, serving.tensor_parallel) < 2 and _shm_gib(serving) is None:
            continue
        applies = True
        yield from _shm_fits(serving, settings["minimumGib"])
    if not applies:
        yield NotApplicable("no container that shares memory between GPUs")


def _shm_fits(serving: Serving, least_gib: float) -> Iterator[Outcome]:
    size, urn = _shm_gib(serving), serving.workload.urn
    several = max(serving.gpus, serving.tensor_parallel) > 1
    volumes = serving.pod.spec.at("volumes")
    if size is None or (several and size < least_gib):
        if volumes.unknown:
            yield Undetermined(path=volumes.path, urn=urn)
            return
        has = "64 MiB, what the runtime gives" if size is None else f"{size:g} GiB"
        found = f"{serving.container.label} has {has}, at {_SHM}; {least_gib:g} GiB are asked for"
        yield Violation(path=volumes.path, found=found, urn=urn)
    limit = quantity.of(serving.container.at("resources", "limits", "memory"))
    if size and limit and size * quantity.GIB >= limit:
        path = serving.container.at("resources", "limits", "memory").path
        found = f"{_SHM} alone may take {size:g} GiB, and counts against the limit"
        yield Violation(path=path, found=found, urn=urn, fix='limits: {memory: "32Gi"}')


def _shm_gib(serving: Serving) -> float | None:
    """Return the size of what is mounted at /dev/shm; None for what the runtime gives."""
    mounted = {
        mount.at("name").text()
        for mount in serving.container.at("volumeMounts").each()
        if mount.at("mountPath").text().rstrip("/") == _SHM
    }
    for volume in serving.pod.spec.at("volumes").each():
        if (
            volume.at("name").text() in mounted
            and volume.at("emptyDir", "medium").value == "Memory"
        ):
            size = quantity.of(volume.at("emptyDir", "sizeLimit"))
            return (size or 0) / quantity.GIB
    return None


HOST: Final = StackRule(
    id="memory-limits-cover-the-model",
    title="A model server's memory limit is above what its model needs while loading",
    why=(
        "Weights go through the host's memory on their way to the GPU: 14.2 GiB for a 7 B model in "
        "16 bits, 131 GiB for 70 B, beside the engine's own 4 to 6 GiB and /dev/shm. A limit below "
        "that kills the server at each start, after minutes of loading."
    ),
    fix='limits: {memory: "26Gi"}',
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("L1",),
    check=_check_host,
    settings={
        "margin": Setting(
            type="number",
            default=1.0,
            description="What the limit has to be at the least, as a factor of the peak.",
            more={"minimum": 1},
        )
    },
)

GPU: Final = StackRule(
    id="gpu-memory-fits-the-model",
    title="Weights and KV cache fit into the GPUs that a server asks for",
    why=(
        "A GPU's memory holds weights, activations and the KV cache of all running requests: for a "
        "7 B model 56 KiB a token, for 70 B 320 KiB. What does not fit is not slower, it does not "
        "start."
    ),
    fix="--max-model-len=8192",
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("L2",),
    check=_check_gpu,
    settings={
        "overheadGib": Setting(
            type="number",
            default=_GPU_OVERHEAD_GIB,
            description="GiB a GPU for activations, CUDA context and graphs.",
        ),
        "allSequences": Setting(
            type="boolean",
            default=True,
            description="Whether all sequences of --max-num-seqs have to fit at full length.",
        ),
    },
)

SHM: Final = StackRule(
    id="shared-memory-is-sized",
    title="Servers on several GPUs have shared memory, and it is counted",
    why=(
        "NCCL passes tensors between the processes of one pod through /dev/shm. The runtime gives "
        "64 MiB: tensor parallel engines hang or die of a bus error in the first request. What a "
        "Memory volume holds counts against the container's limit."
    ),
    fix="volumes: [{name: shm, emptyDir: {medium: Memory, sizeLimit: 2Gi}}]  # mounted at /dev/shm",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("L14",),
    check=_check_shm,
    settings={
        "minimumGib": Setting(
            type="number", default=1, description="The least size of /dev/shm, GiB."
        )
    },
    frameworks=(
        frameworks.well_architected(
            "PERF02-BP06 Use optimized hardware-based compute accelerators"
        ),
    ),
)

RULES: Final[Sequence[Rule]] = (HOST, GPU, SHM)
