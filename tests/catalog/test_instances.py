"""The catalogue of instance types against the data that moto ships."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from catalog.instances import INSTANCES, InstanceType, UnknownInstanceTypeError, instance


@pytest.fixture(scope="module")
def aws() -> dict[str, Any]:
    from moto.utilities.utils import load_resource

    return load_resource("ec2/resources/instance_types.json")


def _max_pods(row: dict[str, Any]) -> int:
    network = row["NetworkInfo"]
    cards = network.get("NetworkCards", [])
    default = network.get("DefaultNetworkCardIndex", 0)
    interfaces = next(
        (c["MaximumNetworkInterfaces"] for c in cards if c["NetworkCardIndex"] == default),
        network["MaximumNetworkInterfaces"],
    )
    return interfaces * (network["Ipv4AddressesPerInterface"] - 1) + 2


@pytest.mark.parametrize("machine", INSTANCES.values(), ids=lambda machine: machine.name)
def test_every_row_says_what_aws_says(machine: InstanceType, aws: dict[str, Any]) -> None:
    row = aws[machine.name]
    gpus = row.get("GpuInfo", {}).get("Gpus", [{}])[0]
    architecture = {"x86_64": "amd64", "arm64": "arm64"}
    assert machine.vcpus == row["VCpuInfo"]["DefaultVCpus"]
    assert machine.memory_gib * 1024 == row["MemoryInfo"]["SizeInMiB"]
    assert machine.architecture in [
        architecture.get(name) for name in row["ProcessorInfo"]["SupportedArchitectures"]
    ]
    assert machine.max_pods == _max_pods(row)
    assert machine.gpu_count == gpus.get("Count", 0)
    assert machine.gpu_model == gpus.get("Name")
    assert machine.gpu_memory_mib == gpus.get("MemoryInfo", {}).get("SizeInMiB", 0)


def test_an_unknown_type_is_named_with_the_nearest_known_ones() -> None:
    with pytest.raises(UnknownInstanceTypeError) as caught:
        instance("g6.3xlarge")
    assert "'g6.3xlarge'" in str(caught.value)
    assert "g6.xlarge" in str(caught.value)


def test_a_type_like_no_other_gets_the_families() -> None:
    with pytest.raises(UnknownInstanceTypeError, match=r"known families are m6i, .*g6e"):
        instance("?")


def test_the_reservations_are_those_of_the_eks_images() -> None:
    # 60 + 10 + 2 * 5 of four cores; 255 + 11 * 58 for the pods.
    machine = instance("m6i.xlarge")
    assert machine.kube_reserved_cpu_millis == 80
    assert machine.kube_reserved_memory_mib == 893


@pytest.mark.parametrize(
    ("name", "millis"), [("t3.medium", 70), ("m6i.2xlarge", 90), ("p5.48xlarge", 550)]
)
def test_cpu_is_kept_in_ever_smaller_shares(name: str, millis: int) -> None:
    assert instance(name).kube_reserved_cpu_millis == millis


def test_pods_never_get_more_than_the_machine_has() -> None:
    for machine in INSTANCES.values():
        assert 0 < machine.allocatable_memory_mib < machine.memory_gib * 1024
        assert 0 < machine.allocatable_cpu_millis < machine.vcpus * 1000


def test_the_catalogue_does_not_bring_in_pulumi() -> None:
    script = "import sys, catalog.instances; sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
