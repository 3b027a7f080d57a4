"""The rows of every current machine with whole NVIDIA GPUs on EC2, as AWS describes them.

Source: `describe-instance-types` (VCpuInfo, MemoryInfo, GpuInfo, NetworkInfo, EfaInfo,
InstanceStorageInfo), 2026-07. Left out: g6f and gr6f, whose GPUs are slices that the device plugin
does not offer as `nvidia.com/gpu`; g5g, whose processor none of our images is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Model -> MiB of one GPU that a program gets.
GPU_MEMORY_MIB: Final[Mapping[str, int]] = MappingProxyType(
    {
        "T4": 16_384,
        "A10G": 22_888,
        "L4": 22_888,
        "RTX PRO 4500": 32_768,
        "A100": 40_960,
        "L40S": 45_776,
        "A100-80G": 81_920,
        "H100": 81_920,
        "RTX PRO Server 6000": 98_304,
        "H200": 144_384,
        "B200": 183_359,
        "B300": 275_040,
    }
)

# name: vCPUs, GiB, pods, GPUs, model, EFA interfaces, GB of local NVMe
Row = tuple[int, float, int, int, str, int, int]
# fmt: off
GPU_MACHINES: Final[Mapping[str, Row]] = MappingProxyType({
    "g4dn.xlarge": (4, 16, 29, 1, "T4", 0, 125),
    "g4dn.2xlarge": (8, 32, 29, 1, "T4", 0, 225),
    "g4dn.4xlarge": (16, 64, 29, 1, "T4", 0, 225),
    "g4dn.8xlarge": (32, 128, 58, 1, "T4", 1, 900),
    "g4dn.12xlarge": (48, 192, 234, 4, "T4", 1, 900),
    "g4dn.16xlarge": (64, 256, 58, 1, "T4", 1, 900),
    "g4dn.metal": (96, 384, 737, 8, "T4", 1, 1800),
    "g5.xlarge": (4, 16, 58, 1, "A10G", 0, 250),
    "g5.2xlarge": (8, 32, 58, 1, "A10G", 0, 450),
    "g5.4xlarge": (16, 64, 234, 1, "A10G", 0, 600),
    "g5.8xlarge": (32, 128, 234, 1, "A10G", 1, 900),
    "g5.12xlarge": (48, 192, 737, 4, "A10G", 1, 3800),
    "g5.16xlarge": (64, 256, 234, 1, "A10G", 1, 1900),
    "g5.24xlarge": (96, 384, 737, 4, "A10G", 1, 3800),
    "g5.48xlarge": (192, 768, 345, 8, "A10G", 1, 7600),
    "g6.xlarge": (4, 16, 58, 1, "L4", 0, 250),
    "g6.2xlarge": (8, 32, 58, 1, "L4", 0, 450),
    "g6.4xlarge": (16, 64, 234, 1, "L4", 0, 600),
    "g6.8xlarge": (32, 128, 234, 1, "L4", 1, 900),
    "g6.12xlarge": (48, 192, 234, 4, "L4", 1, 3760),
    "g6.16xlarge": (64, 256, 737, 1, "L4", 1, 1880),
    "g6.24xlarge": (96, 384, 737, 4, "L4", 1, 3760),
    "g6.48xlarge": (192, 768, 737, 8, "L4", 1, 7520),
    "gr6.4xlarge": (16, 128, 234, 1, "L4", 0, 600),
    "gr6.8xlarge": (32, 256, 234, 1, "L4", 1, 900),
    "g6e.xlarge": (4, 32, 58, 1, "L40S", 0, 250),
    "g6e.2xlarge": (8, 64, 58, 1, "L40S", 0, 450),
    "g6e.4xlarge": (16, 128, 234, 1, "L40S", 0, 600),
    "g6e.8xlarge": (32, 256, 234, 1, "L40S", 1, 900),
    "g6e.12xlarge": (48, 384, 292, 4, "L40S", 1, 3800),
    "g6e.16xlarge": (64, 512, 737, 1, "L40S", 1, 1900),
    "g6e.24xlarge": (96, 768, 492, 4, "L40S", 2, 3800),
    "g6e.48xlarge": (192, 1536, 492, 8, "L40S", 4, 7600),
    "g7.2xlarge": (8, 32, 254, 1, "RTX PRO 4500", 0, 440),
    "g7.4xlarge": (16, 64, 506, 1, "RTX PRO 4500", 0, 875),
    "g7.8xlarge": (32, 128, 632, 1, "RTX PRO 4500", 1, 930),
    "g7.12xlarge": (48, 192, 758, 2, "RTX PRO 4500", 1, 1900),
    "g7.24xlarge": (96, 384, 1514, 4, "RTX PRO 4500", 1, 3800),
    "g7.48xlarge": (192, 768, 758, 8, "RTX PRO 4500", 2, 7600),
    "g7e.2xlarge": (8, 64, 254, 1, "RTX PRO Server 6000", 0, 1900),
    "g7e.4xlarge": (16, 128, 506, 1, "RTX PRO Server 6000", 0, 1900),
    "g7e.8xlarge": (32, 256, 506, 1, "RTX PRO Server 6000", 1, 1900),
    "g7e.12xlarge": (48, 512, 632, 2, "RTX PRO Server 6000", 1, 3800),
    "g7e.24xlarge": (96, 1024, 632, 4, "RTX PRO Server 6000", 2, 7600),
    "g7e.48xlarge": (192, 2048, 632, 8, "RTX PRO Server 6000", 4, 15200),
    "p4d.24xlarge": (96, 1152, 737, 8, "A100", 4, 8000),
    "p4de.24xlarge": (96, 1152, 737, 8, "A100-80G", 4, 8000),
    "p5.4xlarge": (16, 256, 118, 1, "H100", 1, 3800),
    "p5.48xlarge": (192, 2048, 100, 8, "H100", 32, 30400),
    "p5e.48xlarge": (192, 2048, 100, 8, "H200", 32, 30400),
    "p5en.48xlarge": (192, 2048, 198, 8, "H200", 16, 30400),
    "p6-b200.48xlarge": (192, 2048, 198, 8, "B200", 8, 30400),
    "p6-b300.48xlarge": (192, 4096, 198, 8, "B300", 16, 30400),
})
# fmt: on
