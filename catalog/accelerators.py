"""NVIDIA accelerators on EC2: which ones replace each other, and what carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from catalog.instances import INSTANCES, InstanceType

# MiB that a program gets of one GPU -> the memory that people know it by, GiB. GPUs of one
# class replace each other. Source: NVIDIA's data sheets.
MEMORY_CLASS_GIB: Final[Mapping[int, int]] = MappingProxyType(
    {
        16_384: 16,  # T4
        22_888: 24,  # A10G, L4
        40_960: 40,  # A100
        45_776: 48,  # L40S
        81_920: 80,  # A100 80 GB, H100
        144_384: 141,  # H200
    }
)

GPU_INSTANCES: Final[Mapping[str, InstanceType]] = MappingProxyType(
    {name: instance for name, instance in INSTANCES.items() if instance.gpu_model}
)


def memory_class_gib(instance_type: str) -> int:
    """Return the memory class of the GPUs of an instance type."""
    return MEMORY_CLASS_GIB[GPU_INSTANCES[instance_type].gpu_memory_mib]


def alike(instance_type: str) -> tuple[str, ...]:
    """Return the types that carry as many GPUs of the same memory class, itself included."""
    wanted = GPU_INSTANCES[instance_type]
    return tuple(
        name
        for name, machine in GPU_INSTANCES.items()
        if memory_class_gib(name) == memory_class_gib(instance_type)
        and machine.gpu_count == wanted.gpu_count
        and machine.architecture == wanted.architecture
    )


def gpus(instance_types: Iterable[str]) -> int:
    """Return the GPUs that every node of a pool has at least."""
    return min(GPU_INSTANCES[name].gpu_count for name in instance_types)


def usable_mib(instance_types: Iterable[str]) -> int:
    """Return the memory of one GPU that a pod may count on wherever in the pool it lands."""
    return min(GPU_INSTANCES[name].gpu_memory_mib for name in instance_types)
