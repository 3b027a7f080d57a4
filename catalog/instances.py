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

from catalog.gpu_machines import GPU_MACHINES, GPU_MEMORY_MIB

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
    # Network interfaces that bypass the kernel; 0: the type has none.
    efa_interfaces: int = 0
    # NVMe drives that belong to the machine, GB; 0: EBS only.
    local_storage_gb: int = 0
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
    vcpus, gib, pods, count, model, efa, nvme = GPU_MACHINES[name]
    return InstanceType(
        name=name,
        vcpus=vcpus,
        memory_gib=gib,
        max_pods=pods,
        gpu_count=count,
        gpu_model=model.removesuffix("-80G"),
        gpu_memory_mib=GPU_MEMORY_MIB[model],
        efa_interfaces=efa,
        local_storage_gb=nvme,
    )


INSTANCES: Final[Mapping[str, InstanceType]] = MappingProxyType(
    {
        machine.name: machine
        for machine in (
            *(machine for family in _GENERAL for machine in _general(family)),
            *map(_burstable, _BURSTABLE),
            *map(_gpu, GPU_MACHINES),
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
