"""NVIDIA accelerators on EC2 and the instance types that carry them.

Sources: `describe-instance-types` (GpuInfo: manufacturer, model, count, memory in MiB),
2026-07; the AWS pages of each family.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """One GPU model as EC2 offers it."""

    # NVIDIA's name of it.
    model: str
    # What a program may count on, of one GPU. Less than the box says.
    memory_mib: int
    # What people call it: GPUs of one class replace each other.
    memory_class_gib: int


@dataclass(frozen=True, kw_only=True)
class GpuMachine:
    """What an instance type brings in GPUs."""

    instance_type: str
    accelerator: Accelerator
    gpus: int

    @property
    def family(self) -> str:
        """The instance family, such as g6."""
        return self.instance_type.split(".")[0]


T4: Final = Accelerator(model="T4", memory_mib=16_384, memory_class_gib=16)
A10G: Final = Accelerator(model="A10G", memory_mib=24_576, memory_class_gib=24)
L4: Final = Accelerator(model="L4", memory_mib=22_888, memory_class_gib=24)
L40S: Final = Accelerator(model="L40S", memory_mib=45_776, memory_class_gib=48)

# Family -> accelerator, and size -> number of GPUs.
_FAMILIES: Final[Mapping[str, tuple[Accelerator, Mapping[str, int]]]] = MappingProxyType(
    {
        "g4dn": (T4, {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "16xlarge": 1,
                      "12xlarge": 4, "metal": 8}),
        "g5": (A10G, {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "16xlarge": 1,
                      "12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
        "g6": (L4, {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "16xlarge": 1,
                    "12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
        "gr6": (L4, {"4xlarge": 1, "8xlarge": 1}),
        "g6e": (L40S, {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "16xlarge": 1,
                       "12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
    }
)  # fmt: skip

MACHINES: Final[Mapping[str, GpuMachine]] = MappingProxyType(
    {
        f"{family}.{size}": GpuMachine(
            instance_type=f"{family}.{size}", accelerator=accelerator, gpus=gpus
        )
        for family, (accelerator, sizes) in _FAMILIES.items()
        for size, gpus in sizes.items()
    }
)


def alike(*, memory_class_gib: int, gpus: int) -> tuple[str, ...]:
    """Return the instance types that carry `gpus` GPUs of one memory class."""
    return tuple(
        name
        for name, machine in MACHINES.items()
        if machine.accelerator.memory_class_gib == memory_class_gib and machine.gpus == gpus
    )


def usable_mib(instance_types: Iterable[str]) -> int:
    """Return the memory of one GPU that a pod may count on wherever in the pool it lands."""
    return min(MACHINES[name].accelerator.memory_mib for name in instance_types)
