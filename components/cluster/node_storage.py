"""Where images and models lie on a node: its volumes, and what its system is told about them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

import pulumi_aws as aws

# Below that, pulling in parallel is slower than one layer after the other.
# https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/examples/#enabling-fast-image-pull-experimental
FAST_PULL_MIB_PER_SECOND: Final = 600
_OPERATING_SYSTEM_GIB: Final = 20
_KEPT_ON_DRIVES: Final = ("/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods")
_SOCI_FOLDER: Final = "/var/lib/soci-snapshotter"


@dataclass(frozen=True, kw_only=True)
class NodeStorage:
    """Volumes and drives of a node."""

    # Of the volume for images and models.
    disk_gib: int
    iops: int = 3000
    throughput_mib: int = 125
    # Whether layers of an image are fetched and unpacked side by side (SOCI).
    fast_pull: bool = False
    # Whether images, models and scratch lie on the machine's own NVMe drives, as one RAID 0.
    local_drives: bool = False


def is_bottlerocket(ami_type: str) -> bool:
    """Tell whether nodes run Bottlerocket; the others run Amazon Linux 2023."""
    return ami_type.startswith("BOTTLEROCKET")


def volumes(
    storage: NodeStorage, ami_type: str
) -> list[aws.ec2.LaunchTemplateBlockDeviceMappingArgs]:
    """Return the encrypted volumes; on Bottlerocket images and pods lie on the second one."""
    data = "/dev/xvdb" if is_bottlerocket(ami_type) else "/dev/xvda"
    system = {"/dev/xvda": _volume(_OPERATING_SYSTEM_GIB)} if is_bottlerocket(ami_type) else {}
    found = {**system, data: _volume(storage.disk_gib, storage.iops, storage.throughput_mib)}
    return [
        aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name=device, ebs=volume)
        for device, volume in found.items()
    ]


def _volume(
    gib: int, iops: int = 3000, throughput_mib: int = 125
) -> aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs:
    return aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
        volume_size=gib,
        volume_type="gp3",
        iops=iops,
        throughput=throughput_mib,
        encrypted="true",
        delete_on_termination="true",
    )


def user_data(storage: NodeStorage, ami_type: str) -> str | None:
    """Return what the node's system is told at its first start, as base64; None: nothing.

    EKS adds what it takes to join the cluster.
    """
    text = _bottlerocket(storage) if is_bottlerocket(ami_type) else _amazon_linux(storage)
    return base64.b64encode(text.encode()).decode() if text else None


def _bottlerocket(storage: NodeStorage) -> str:
    parts: list[str] = []
    if storage.fast_pull:
        parts += [
            "[settings.container-runtime]",
            'snapshotter = "soci"',
            "[settings.container-runtime-plugins.soci-snapshotter]",
            'pull-mode = "parallel-pull-unpack"',
            "[settings.container-runtime-plugins.soci-snapshotter.parallel-pull-unpack]",
            "max-concurrent-downloads-per-image = 20",
            'concurrent-download-chunk-size = "16mb"',
            "max-concurrent-unpacks-per-image = 10",
            "discard-unpacked-layers = true",
        ]
    if storage.local_drives:
        folders = [*_KEPT_ON_DRIVES, *([_SOCI_FOLDER] if storage.fast_pull else [])]
        bind = ", ".join(f'"{word}"' for word in ("apiclient", "ephemeral-storage", "bind"))
        dirs = ", ".join(f'"{folder}"' for folder in folders)
        parts += [
            "[settings.bootstrap-commands.local-drives]",
            f'commands = [["apiclient", "ephemeral-storage", "init"], [{bind}, "--dirs", {dirs}]]',
            'mode = "always"',
            "essential = true",
        ]
    return "".join(f"{line}\n" for line in parts)


def _amazon_linux(storage: NodeStorage) -> str:
    settings: list[str] = []
    if storage.fast_pull:
        settings += ["  featureGates:", "    FastImagePull: true"]
    if storage.local_drives:
        settings += ["  instance:", "    localStorage:", "      strategy: RAID0"]
    if not settings:
        return ""
    lines = [
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="BALLAST"',
        "",
        "--BALLAST",
        "Content-Type: application/node.eks.aws",
        "",
        "apiVersion: node.eks.aws/v1alpha1",
        "kind: NodeConfig",
        "spec:",
        *settings,
        "",
        "--BALLAST--",
    ]
    return "".join(f"{line}\n" for line in lines)
