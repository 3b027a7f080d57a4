"""Labels and the taint by which pods and GPU nodes find each other."""

from __future__ import annotations

from typing import Final

from components.cluster.node_group import Taint

ACCELERATOR: Final = "accelerator"
NVIDIA: Final = "nvidia"
POOL: Final = "ballast/pool"
CAPACITY: Final = "ballast/capacity-type"
# GPUs of one memory class replace each other: pods ask for the class, not for a pool,
# so that an on-demand pool can stand in for a spot pool.
GPU_MEMORY: Final = "ballast/gpu-memory-gib"
GPU_RESOURCE: Final = "nvidia.com/gpu"
GPU_TAINT: Final = Taint(key=GPU_RESOURCE, value="true", effect="NO_SCHEDULE")

# Nodes for what the cluster itself needs. The taint is that of Kubernetes' own add-ons.
SYSTEM_POOL: Final = "system"
SYSTEM_TAINT: Final = Taint(key="CriticalAddonsOnly", value="true", effect="NO_SCHEDULE")
# Nodes for pods without GPUs, where system nodes are kept for the system.
CPU_POOL: Final = "cpu"
# Machines whose end the interruption handler looks after.
HANDLED_TAG: Final = "aws-node-termination-handler/managed"
