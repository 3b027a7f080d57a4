"""EC2 instance types: what a machine brings, and what EKS leaves of it for pods.

Source: `describe-instance-types` (VCpuInfo, MemoryInfo, GpuInfo, NetworkInfo), 2026-07. A
test compares every row with the copy of that data which moto ships.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Architecture = Literal["amd64", "arm64"]


class UnknownInstanceTypeError(Exception):
    """A type that the catalogue does not have; the message names the nearest ones."""

    def __init__(self, name: str) -> None:
        near = difflib.get_close_matches(name, INSTANCES, n=4, cutoff=0.5)
        hint = f"the nearest known ones are {', '.join(near)}" if near else _FAMILIES_KNOWN
        super().__init__(f"Unknown instance type {name!r}; {hint}.")


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """One instance type."""

    name: str
    vcpus: int
    memory_gib: float
    # Without prefix delegation: interfaces * (addresses each - 1) + 2.
    max_pods: int
    gpu_count: int = 0
    gpu_model: str | None = None
    # Of one GPU.
    gpu_memory_mib: int = 0
    architecture: Architecture = "amd64"

    @property
    def family(self) -> str:
        """The instance family, such as g6."""
        return self.name.split(".")[0]

    @property
    def kube_reserved_cpu_millis(self) -> int:
        """CPU that EKS keeps for the kubelet: 6 % of the first core, then ever less."""
        cores = self.vcpus
        steps = (min(cores, 1) * 60, min(max(cores - 1, 0), 1) * 10)
        return int(sum(steps) + min(max(cores - 2, 0), 2) * 5 + max(cores - 4, 0) * 2.5)

    @property
    def kube_reserved_memory_mib(self) -> int:
        """Memory that EKS keeps for the kubelet: 255 MiB and 11 MiB a pod.

        Both formulas: awslabs/amazon-eks-ami, nodeadm, `internal/kubelet/config.go` (AL2023);
        bottlerocket-os/bottlerocket has the same ones in its `schnauzer` helpers.
        """
        return 255 + 11 * self.max_pods

    @property
    def allocatable_cpu_millis(self) -> int:
        """What pods can have of the CPU."""
        return self.vcpus * 1000 - self.kube_reserved_cpu_millis

    @property
    def allocatable_memory_mib(self) -> int:
        """What pods can have of the memory.

        The kubelet's eviction threshold of 100 MiB is taken off as well. The kernel's own
        share (1 to 2 %) is not published and is left in: plan with a margin.
        """
        total = int(self.memory_gib * 1024)
        return total - self.kube_reserved_memory_mib - EVICTION_THRESHOLD_MIB


EVICTION_THRESHOLD_MIB: Final = 100

# Size -> vCPUs and pods; the families of a generation share them.
_SIZES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "large": (2, 29),
        "xlarge": (4, 58),
        "2xlarge": (8, 58),
        "4xlarge": (16, 234),
        "8xlarge": (32, 234),
        "12xlarge": (48, 234),
        "16xlarge": (64, 737),
        "24xlarge": (96, 737),
        "32xlarge": (128, 737),
        "48xlarge": (192, 737),
    }
)
# Family -> GiB a vCPU, and its largest sizes.
_GENERAL: Final[Mapping[str, tuple[int, tuple[str, ...]]]] = MappingProxyType(
    {
        "m6i": (4, ("24xlarge", "32xlarge")),
        "m7i": (4, ("24xlarge", "48xlarge")),
        "c6i": (2, ("24xlarge", "32xlarge")),
        "c7i": (2, ("24xlarge", "48xlarge")),
        "r6i": (8, ("24xlarge", "32xlarge")),
        "r7i": (8, ("24xlarge", "48xlarge")),
        "m7g": (4, ()),
        "c7g": (2, ()),
        "r7g": (8, ()),
    }
)
_COMMON_SIZES: Final = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_ARM: Final = frozenset({"m7g", "c7g", "r7g"})

# name: vCPUs, GiB, pods
_BURSTABLE: Final[Mapping[str, tuple[int, float, int]]] = MappingProxyType(
    {
        "t3.nano": (2, 0.5, 4),
        "t3.micro": (2, 1, 4),
        "t3.small": (2, 2, 11),
        "t3.medium": (2, 4, 17),
        "t3.large": (2, 8, 35),
        "t3.xlarge": (4, 16, 58),
        "t3.2xlarge": (8, 32, 58),
    }
)

# Model -> MiB of one GPU
_GPU_MEMORY: Final[Mapping[str, int]] = MappingProxyType(
    {
        "T4": 16_384,
        "A10G": 22_888,
        "L4": 22_888,
        "L40S": 45_776,
        "A100": 40_960,
        "A100-80G": 81_920,
        "H100": 81_920,
        "H200": 144_384,
    }
)
# name: vCPUs, GiB, pods, GPUs, model
_GPU: Final[Mapping[str, tuple[int, float, int, int, str]]] = MappingProxyType(
    {
        "g4dn.xlarge": (4, 16, 29, 1, "T4"),
        "g4dn.2xlarge": (8, 32, 29, 1, "T4"),
        "g4dn.4xlarge": (16, 64, 29, 1, "T4"),
        "g4dn.8xlarge": (32, 128, 58, 1, "T4"),
        "g4dn.12xlarge": (48, 192, 234, 4, "T4"),
        "g4dn.16xlarge": (64, 256, 58, 1, "T4"),
        "g4dn.metal": (96, 384, 737, 8, "T4"),
        "g5.xlarge": (4, 16, 58, 1, "A10G"),
        "g5.2xlarge": (8, 32, 58, 1, "A10G"),
        "g5.4xlarge": (16, 64, 234, 1, "A10G"),
        "g5.8xlarge": (32, 128, 234, 1, "A10G"),
        "g5.12xlarge": (48, 192, 737, 4, "A10G"),
        "g5.16xlarge": (64, 256, 234, 1, "A10G"),
        "g5.24xlarge": (96, 384, 737, 4, "A10G"),
        "g5.48xlarge": (192, 768, 345, 8, "A10G"),
        "g6.xlarge": (4, 16, 58, 1, "L4"),
        "g6.2xlarge": (8, 32, 58, 1, "L4"),
        "g6.4xlarge": (16, 64, 234, 1, "L4"),
        "g6.8xlarge": (32, 128, 234, 1, "L4"),
        "g6.12xlarge": (48, 192, 234, 4, "L4"),
        "g6.16xlarge": (64, 256, 737, 1, "L4"),
        "g6.24xlarge": (96, 384, 737, 4, "L4"),
        "g6.48xlarge": (192, 768, 737, 8, "L4"),
        "gr6.4xlarge": (16, 128, 234, 1, "L4"),
        "gr6.8xlarge": (32, 256, 234, 1, "L4"),
        "g6e.xlarge": (4, 32, 58, 1, "L40S"),
        "g6e.2xlarge": (8, 64, 58, 1, "L40S"),
        "g6e.4xlarge": (16, 128, 234, 1, "L40S"),
        "g6e.8xlarge": (32, 256, 234, 1, "L40S"),
        "g6e.12xlarge": (48, 384, 292, 4, "L40S"),
        "g6e.16xlarge": (64, 512, 737, 1, "L40S"),
        "g6e.24xlarge": (96, 768, 492, 4, "L40S"),
        "g6e.48xlarge": (192, 1536, 492, 8, "L40S"),
        "p4d.24xlarge": (96, 1152, 737, 8, "A100"),
        "p4de.24xlarge": (96, 1152, 737, 8, "A100-80G"),
        "p5.4xlarge": (16, 256, 118, 1, "H100"),
        "p5.48xlarge": (192, 2048, 100, 8, "H100"),
        "p5e.48xlarge": (192, 2048, 100, 8, "H200"),
        "p5en.48xlarge": (192, 2048, 198, 8, "H200"),
    }
)


def _general(family: str) -> list[InstanceType]:
    gib, larger = _GENERAL[family]
    return [
        InstanceType(
            name=f"{family}.{size}",
            vcpus=_SIZES[size][0],
            memory_gib=_SIZES[size][0] * gib,
            max_pods=_SIZES[size][1],
            architecture="arm64" if family in _ARM else "amd64",
        )
        for size in (*_COMMON_SIZES, *larger)
    ]


def _burstable(name: str) -> InstanceType:
    vcpus, gib, pods = _BURSTABLE[name]
    return InstanceType(name=name, vcpus=vcpus, memory_gib=gib, max_pods=pods)


def _gpu(name: str) -> InstanceType:
    vcpus, gib, pods, count, model = _GPU[name]
    return InstanceType(
        name=name,
        vcpus=vcpus,
        memory_gib=gib,
        max_pods=pods,
        gpu_count=count,
        gpu_model=model.removesuffix("-80G"),
        gpu_memory_mib=_GPU_MEMORY[model],
    )


INSTANCES: Final[Mapping[str, InstanceType]] = MappingProxyType(
    {
        machine.name: machine
        for machine in (
            *(machine for family in _GENERAL for machine in _general(family)),
            *map(_burstable, _BURSTABLE),
            *map(_gpu, _GPU),
        )
    }
)
_FAMILIES = dict.fromkeys(machine.family for machine in INSTANCES.values())
_FAMILIES_KNOWN: Final = f"the known families are {', '.join(_FAMILIES)}"


def instance(name: str) -> InstanceType:
    """Return the instance type or raise UnknownInstanceTypeError."""
    found = INSTANCES.get(name)
    if found is None:
        raise UnknownInstanceTypeError(name)
    return found
