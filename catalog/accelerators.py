"""NVIDIA accelerators on EC2: which ones replace each other, and what carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from catalog import prices
from catalog.instances import INSTANCES, Architecture, InstanceType

# MiB that a program gets of one GPU -> the memory that people know it by, GiB. GPUs of one
# class replace each other. Source: NVIDIA's data sheets.
MEMORY_CLASS_GIB: Final[Mapping[int, int]] = MappingProxyType(
    {
        16_384: 16,  # T4
        22_888: 24,  # A10G, L4
        32_768: 32,  # RTX PRO 4500
        40_960: 40,  # A100
        45_776: 48,  # L40S
        81_920: 80,  # A100 80 GB, H100
        98_304: 96,  # RTX PRO 6000
        144_384: 141,  # H200
        183_359: 180,  # B200
        275_040: 288,  # B300
    }
)

GPU_INSTANCES: Final[Mapping[str, InstanceType]] = MappingProxyType(
    {name: instance for name, instance in INSTANCES.items() if instance.gpu_model}
)

# EKS takes no more types in one node group.
MOST_TYPES: Final = 20
# A machine that costs more than this many times the cheapest one wastes what it has more of.
_DEAREST: Final = 3.0
# Families that AWS sells as capacity blocks, and that have a fabric worth a placement group.
CAPACITY_BLOCK_FAMILIES: Final = frozenset(
    {"p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300"}
)


@dataclass(frozen=True, kw_only=True)
class GpuRequest:
    """What pods rely on of a machine; whichever has it will do."""

    # Of one GPU, as people know it.
    gpu_memory_gib: int
    # Of one machine, exactly: a pod that takes all of them must find as many everywhere.
    gpus: int
    # The largest GPU that may stand in. None: those of the smallest class that suffices.
    largest_gpu_memory_gib: int | None = None
    vcpus: int = 0
    memory_gib: float = 0
    architecture: Architecture = "amd64"


def matching(request: GpuRequest) -> tuple[str, ...]:
    """Return the types that give what was requested, the cheapest first.

    Bare metal is left out, because it starts too slowly for spot, and so is what costs far more
    than the cheapest. A type without a known price comes last.
    """
    types = [name for name, machine in GPU_INSTANCES.items() if _gives(request, machine)]
    least = min(filter(None, map(prices.on_demand, types)), default=0.0)
    fair = [name for name in types if (prices.on_demand(name) or least) <= least * _DEAREST]
    return tuple(sorted(fair, key=_by_price)[:MOST_TYPES])


def _gives(request: GpuRequest, machine: InstanceType) -> bool:
    wanted = request.gpu_memory_gib
    top = request.largest_gpu_memory_gib or _class_for(wanted)
    return (
        wanted <= memory_class_gib(machine.name) <= top
        and machine.gpu_count == request.gpus
        and machine.vcpus >= request.vcpus
        and machine.memory_gib >= request.memory_gib
        and machine.architecture == request.architecture
        and not machine.name.endswith(".metal")
    )


def _class_for(gib: int) -> int:
    return min((one for one in MEMORY_CLASS_GIB.values() if one >= gib), default=gib)


def _by_price(name: str) -> tuple[float, str]:
    return prices.on_demand(name) or float("inf"), name


def memory_class_gib(instance_type: str) -> int:
    """Return the memory class of the GPUs of an instance type."""
    return MEMORY_CLASS_GIB[GPU_INSTANCES[instance_type].gpu_memory_mib]


def promised_gib(instance_types: Iterable[str]) -> int:
    """Return the memory class that a pod may count on wherever in the pool it lands."""
    return min(map(memory_class_gib, instance_types))


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


def families(instance_types: Iterable[str]) -> list[str]:
    """Return the families of the types, each once, in order."""
    return sorted({GPU_INSTANCES[name].family for name in instance_types})


def gpus(instance_types: Iterable[str]) -> int:
    """Return the GPUs that every node of a pool has at least."""
    return min(GPU_INSTANCES[name].gpu_count for name in instance_types)


def usable_mib(instance_types: Iterable[str]) -> int:
    """Return the memory of one GPU that a pod may count on wherever in the pool it lands."""
    return min(GPU_INSTANCES[name].gpu_memory_mib for name in instance_types)


def local_storage_gb(instance_types: Iterable[str]) -> int:
    """Return the NVMe space that every node of a pool has at least."""
    return min(GPU_INSTANCES[name].local_storage_gb for name in instance_types)


def efa_interfaces(instance_types: Iterable[str]) -> int:
    """Return the EFA interfaces that every node of a pool has at least."""
    return min(GPU_INSTANCES[name].efa_interfaces for name in instance_types)
