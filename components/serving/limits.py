"""What the pipeline's namespace may take at most: the budget that holds whatever scalers think."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pulumi_kubernetes import core

from components.capacity import labels as nodes
from components.serving.workload import Resources, Scaling, most_replicas

# A rollout adds one pod before it takes one away; with GPUs it is the other way round.
_SURGE = 1
# For a container that says nothing, such as a debugger's: enough to start, not to disturb.
_DEFAULT_REQUEST = {"cpu": "50m", "memory": "64Mi"}
_DEFAULT_LIMIT = {"memory": "256Mi"}


def quota(stages: Sequence[tuple[Resources, Scaling, int]]) -> dict[str, str]:
    """Return the limits of a resource quota: every stage, its base included, at its most."""
    counted = [
        (needs, most_replicas(scaling) + base + (0 if needs.gpus else _SURGE))
        for needs, scaling, base in stages
    ]
    cores = sum(needs.cpu_request * pods for needs, pods in counted)
    requested = sum(needs.memory_request_gib * pods for needs, pods in counted)
    limited = sum(needs.memory_limit_gib * pods for needs, pods in counted)
    gpus = sum(needs.gpus * pods for needs, pods in counted)
    return {
        "pods": str(sum(pods for _, pods in counted)),
        "requests.cpu": str(math.ceil(cores)),
        "requests.memory": f"{math.ceil(requested)}Gi",
        "limits.memory": f"{math.ceil(limited)}Gi",
        f"requests.{nodes.GPU_RESOURCE}": str(gpus),
        # Nobody outside is let in by a port of the machines.
        "services.nodeports": "0",
    }


def defaults() -> core.v1.LimitRangeSpecArgs:
    """Return what a container gets that asks for nothing."""
    return core.v1.LimitRangeSpecArgs(
        limits=[
            core.v1.LimitRangeItemArgs(
                type="Container", default_request=_DEFAULT_REQUEST, default=_DEFAULT_LIMIT
            )
        ]
    )
