"""Which pods use GPUs, and how many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from frame import quantity, tri
from frame.facts import Node
from frame.resource import Resource
from rules.kubernetes.workloads import Container, Pod, Role, pods

# Resource names under which device plugins offer accelerators, whole or in slices.
_GPU_RESOURCE: Final = re.compile(
    r"nvidia\.com/(gpu(\.shared)?|mig-.+)|amd\.com/gpu|habana\.ai/gaudi"
    r"|aws\.amazon\.com/neuron(core|device)?|gpu\.intel\.com/.+"
)
# Node labels that only GPU nodes carry.
_GPU_LABEL: Final = re.compile(
    r"nvidia\.com/gpu(\..+)?|karpenter\.k8s\.aws/instance-gpu-.+|k8s\.amazonaws\.com/accelerator"
    r"|cloud\.google\.com/gke-accelerator"
)
_TYPE_LABELS: Final = frozenset(
    {"node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"}
)
_GPU_INSTANCE: Final = re.compile(r"(p[2-6][a-z]*|g[3-7][a-z]*|trn\d[a-z]*|inf\d[a-z]*)(-\w+)?\..+")
_NO_GPU: Final = frozenset({"false", "none", "0", ""})


@dataclass(frozen=True, slots=True)
class Use:
    """What makes a pod a GPU pod."""

    node: Node
    # For messages: `1 nvidia.com/gpu`, or the label of the node that it selects.
    shown: str


def is_gpu_resource(name: str) -> bool:
    """Tell whether the resource name stands for an accelerator or a part of one."""
    return _GPU_RESOURCE.fullmatch(name) is not None


def is_gpu_instance(instance_type: str) -> bool:
    """Tell whether EC2 instances of the type carry accelerators."""
    return _GPU_INSTANCE.fullmatch(instance_type) is not None


def gpu_quantities(container: Container) -> Iterator[tuple[str, Node]]:
    """Go through the accelerators that a container asks for: resource name and amount."""
    for field in ("limits", "requests"):
        for name, amount in container.at("resources", field).entries():
            if is_gpu_resource(name):
                yield name, amount


def uses(resource: Resource) -> tuple[Use | None, list[Node]]:
    """Return what makes the workload a GPU workload, and what is not known about it yet."""
    unknown: list[Node] = []
    for pod in pods(resource):
        use = _selects(pod)
        for container in pod.containers(Role.MAIN, Role.SIDECAR, Role.INIT):
            for name, amount in gpu_quantities(container):
                if amount.unknown or (quantity.of(amount) or 0) > 0:
                    use = Use(amount, f"{amount.text('a number of')} {name}")
            unknown.extend(_open_ends(container))
        if use:
            return use, []
    return None, unknown


def uses_gpu(resource: Resource) -> bool | None:
    """Tell whether the workload's pods use GPUs; None when that is not known yet."""
    use, unknown = uses(resource)
    return tri.any_of([use is not None, *(None for _ in unknown)])


def _open_ends(container: Container) -> Iterator[Node]:
    resources = container.at("resources")
    for node in (resources.at("limits"), resources.at("requests")):
        if node.unknown:
            yield node


def _selects(pod: Pod) -> Use | None:
    for key, node in _wanted_labels(pod.spec):
        value = node.text().lower()
        if _GPU_LABEL.fullmatch(key) and value not in _NO_GPU:
            return Use(node, f"nodes with {key}={node.text()}")
        if key in _TYPE_LABELS and is_gpu_instance(value):
            return Use(node, f"nodes of type {value}")
    return None


def _wanted_labels(spec: Node) -> Iterator[tuple[str, Node]]:
    yield from spec.at("nodeSelector").entries()
    required = spec.at("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    for term in required.at("nodeSelectorTerms").each():
        for expression in term.at("matchExpressions").each():
            if expression.at("operator").text() in ("In", "Exists"):
                values = list(expression.at("values").each())
                for value in values or [expression.at("operator")]:
                    yield expression.at("key").text(), value
