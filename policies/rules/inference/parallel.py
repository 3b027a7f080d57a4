"""Models that are split over several GPUs, or over several nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame import quantity
from frame.resource import Index, Resource
from frame.rule import Category, Rule, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.inference.demand import gpus_per_pod
from rules.inference.pools import pools_of
from rules.inference.serving import Serving, servings
from rules.kubernetes.workloads import WORKLOADS, pods

_EFA: Final = "vpc.amazonaws.com/efa"
_PIPELINE_FLAGS: Final = ("--pipeline-parallel-size", "-pp", "--pp-size")


def _check_split(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for serving in servings(index):
        if not serving.gpus:
            continue
        applies = True
        yield from _enough(serving)
        yield from _on_one_node(index, serving)
    if not applies:
        yield NotApplicable("no model server with GPUs")


def _enough(serving: Serving) -> Iterator[Outcome]:
    several_nodes = serving.workload.kind in ("LeaderWorkerSet", "RayCluster")
    pipeline = serving.flag_number(*_PIPELINE_FLAGS) or 1
    wanted = serving.tensor_parallel * (1 if several_nodes else pipeline)
    urn = serving.workload.urn
    if wanted > serving.gpus:
        yield Violation(
            path=serving.container.at("args").path,
            found=f"splits the model over {wanted:g} GPUs, and asks for {serving.gpus:g}",
            fix=f'limits: {{nvidia.com/gpu: "{wanted:g}"}}',
            urn=urn,
        )
    elif serving.engine in ("vllm", "sglang") and wanted < serving.gpus and not serving.unknown:
        yield Violation(
            path=serving.container.at("args").path,
            found=f"uses {wanted:g} of the {serving.gpus:g} GPUs that it asks for",
            fix=f"--tensor-parallel-size={serving.gpus:g}",
            urn=urn,
        )
    for node in serving.unknown:
        yield Undetermined(path=node.path, because="a flag of the engine", urn=urn)


def _on_one_node(index: Index, serving: Serving) -> Iterator[Outcome]:
    found = [pool for pool in pools_of(index, serving.pod) if pool.machines]
    most = max((machine.gpu_count for pool in found for machine in pool.machines), default=0)
    if found and serving.gpus > most:
        names = ", ".join(pool.name for pool in found)
        yield Violation(
            path=serving.container.at("resources", "limits").path,
            found=f"{serving.gpus:g} GPUs; the nodes of {names} have {most}",
            fix='instance_types=["g6.12xlarge", "g5.12xlarge"]',
            urn=serving.workload.urn,
        )


def _check_nodes(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload in index.of_kind("LeaderWorkerSet"):
        size = workload.at("spec", "leaderWorkerTemplate", "size")
        if size.unknown:
            applies = True
            yield Undetermined(path=size.path, urn=workload.urn)
        elif (size.number() or 1) > 1:
            applies = True
            yield from _fast_network(workload)
    if not applies:
        yield NotApplicable("no model on several nodes")


def _fast_network(workload: Resource) -> Iterator[Outcome]:
    for pod in pods(workload):
        count, unknown = gpus_per_pod(pod)
        for node in unknown:
            yield Undetermined(path=node.path, urn=workload.urn)
        if not count:
            continue
        interfaces = [
            quantity.of(container.at("resources", "limits", _EFA)) or 0
            for container in pod.containers()
        ]
        if not any(interfaces):
            yield Violation(
                path=pod.spec.at("containers").path,
                found=f"pods of {count:g} GPUs work together and ask for no {_EFA}",
                urn=workload.urn,
            )


SPLIT: Final = StackRule(
    id="tensor-parallel-fits-the-gpus",
    title="A model is split over the GPUs that its pod asks for, on one node",
    why=(
        "An engine that is told to use more GPUs than it sees does not start; one that is told "
        "fewer leaves the others idle at full price. And no node has more than 8: what asks for "
        "more waits for ever."
    ),
    fix="--tensor-parallel-size=4",
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("L16",),
    check=_check_split,
)

NODES: Final = StackRule(
    id="multi-node-models-use-efa",
    title="A model on several nodes talks over EFA",
    why=(
        "Between nodes every token's activations cross the network. Over TCP that takes several "
        "times what the GPUs compute in; EFA (up to 3,200 Gbit/s on p5) goes past the kernel. All "
        "nodes belong into one zone, and one placement group."
    ),
    fix='limits: {vpc.amazonaws.com/efa: "4"}',
    severity=Severity.MEDIUM,
    category=Category.SCALING,
    tokens=("kubernetes:leaderworkerset.x-k8s.io/*:LeaderWorkerSet",),
    covers=("L16",),
    check=_check_nodes,
    frameworks=(frameworks.well_architected("PERF04-BP02 Evaluate available networking features"),),
)

RULES: Final[Sequence[Rule]] = (SPLIT, NODES)
