"""How many GPUs a workload asks for."""

from __future__ import annotations

from collections.abc import Iterator

from frame import quantity
from frame.facts import Node
from frame.resource import Index, Resource
from rules.kubernetes import gpu
from rules.kubernetes.workloads import Pod, Role, pods


def gpus_per_pod(pod: Pod) -> tuple[float, list[Node]]:
    """Return the whole GPUs that one pod takes, and what is not known about that yet."""
    total, unknown = 0.0, list[Node]()
    for container in pod.containers(Role.MAIN, Role.SIDECAR):
        limits = container.at("resources", "limits")
        if limits.unknown:
            unknown.append(limits)
        amounts = [
            amount
            for name, amount in gpu.gpu_quantities(container)
            if name in ("nvidia.com/gpu", "amd.com/gpu")
        ]
        unknown.extend(amount for amount in amounts if amount.unknown)
        total += max((quantity.of(amount) or 0 for amount in amounts), default=0)
    return total, unknown


def gpu_workloads(index: Index) -> Iterator[tuple[Resource, Pod, float]]:
    """Go through the workloads whose pods take whole GPUs: workload, pod, GPUs a pod."""

    def find() -> list[tuple[Resource, Pod, float]]:
        found: list[tuple[Resource, Pod, float]] = []
        for workload in index.resources:
            if not workload.is_kubernetes:
                continue
            for pod in pods(workload):
                count, _ = gpus_per_pod(pod)
                if count:
                    found.append((workload, pod, count))
        return found

    yield from index.once("gpu_workloads", find)
