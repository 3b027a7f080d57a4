import pytest

from catalog import accelerators, regions
from catalog.accelerators import GPU_INSTANCES, MEMORY_CLASS_GIB, GpuRequest, alike, matching


def test_every_gpu_of_the_catalogue_has_a_memory_class() -> None:
    assert {one.gpu_memory_mib for one in GPU_INSTANCES.values()} <= MEMORY_CLASS_GIB.keys()


def test_a_class_promises_more_than_a_program_gets() -> None:
    assert all(mib <= gib * 1024 for mib, gib in MEMORY_CLASS_GIB.items())


def test_what_is_alike_has_as_many_gpus_of_one_class() -> None:
    found = alike("g6.2xlarge")
    assert {"g6.2xlarge", "g5.2xlarge", "gr6.4xlarge"} <= set(found)
    assert not {"g6.12xlarge", "g6e.2xlarge", "g4dn.xlarge"} & set(found)


def test_a_pool_has_the_gpus_of_its_smallest_machine() -> None:
    assert accelerators.gpus(["g6.12xlarge", "g6.48xlarge"]) == 4


def test_zones_are_named_after_their_region() -> None:
    assert regions.zones("us-west-2") == ("us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d")


def test_an_unknown_region_has_no_zones() -> None:
    assert regions.zones("moon-1") == ()


def test_every_current_family_of_whole_nvidia_gpus_is_there() -> None:
    from moto.utilities.utils import load_resource

    described = load_resource("ec2/resources/instance_types.json")
    offered = {
        name.split(".")[0]
        for name, row in described.items()
        for gpu in row.get("GpuInfo", {}).get("Gpus", [])
        if gpu["Manufacturer"] == "NVIDIA" and gpu["Count"]
    }
    # Of another processor (g5g), or older than what today's drivers serve (p3, V100).
    offered -= {"g5g", "p3", "p3dn"}
    assert offered == {machine.family for machine in GPU_INSTANCES.values()}


@pytest.mark.parametrize("machine", GPU_INSTANCES.values(), ids=lambda machine: machine.name)
def test_fabric_and_drives_are_what_aws_says(machine: accelerators.InstanceType) -> None:
    from moto.utilities.utils import load_resource

    row = load_resource("ec2/resources/instance_types.json")[machine.name]
    efa = row["NetworkInfo"].get("EfaInfo", {}).get("MaximumEfaInterfaces", 0)
    assert machine.efa_interfaces == efa
    assert machine.local_storage_gb == row["InstanceStorageInfo"]["TotalSizeInGB"]


REQUESTS = [
    GpuRequest(gpu_memory_gib=16, gpus=1),
    GpuRequest(gpu_memory_gib=24, gpus=1),
    GpuRequest(gpu_memory_gib=24, gpus=1, vcpus=8, memory_gib=32),
    GpuRequest(gpu_memory_gib=24, gpus=4),
    GpuRequest(gpu_memory_gib=48, gpus=1, largest_gpu_memory_gib=96),
    GpuRequest(gpu_memory_gib=80, gpus=8, largest_gpu_memory_gib=288),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_what_a_request_finds_has_everything_that_pods_rely_on(request_: GpuRequest) -> None:
    found = [GPU_INSTANCES[name] for name in matching(request_)]
    assert found
    assert {machine.gpu_count for machine in found} == {request_.gpus}
    assert {machine.architecture for machine in found} == {"amd64"}
    for machine in found:
        assert accelerators.memory_class_gib(machine.name) >= request_.gpu_memory_gib
        assert machine.vcpus >= request_.vcpus
        assert machine.memory_gib >= request_.memory_gib


def test_twenty_four_gib_is_found_in_three_families_the_cheapest_first() -> None:
    found = matching(GpuRequest(gpu_memory_gib=24, gpus=1))
    assert found[0] == "g6.xlarge"
    assert accelerators.families(found) == ["g5", "g6", "gr6"]
    assert 4 <= len(found) <= accelerators.MOST_TYPES


def test_a_larger_gpu_stands_in_only_where_it_may() -> None:
    only = matching(GpuRequest(gpu_memory_gib=48, gpus=1))
    wide = matching(GpuRequest(gpu_memory_gib=48, gpus=1, largest_gpu_memory_gib=96))
    assert accelerators.families(only) == ["g6e"]
    assert accelerators.families(wide) == ["g6e", "g7e"]
    assert accelerators.promised_gib(wide) == 48


def test_between_two_classes_the_larger_one_serves() -> None:
    assert accelerators.promised_gib(matching(GpuRequest(gpu_memory_gib=30, gpus=1))) == 32


def test_what_costs_far_more_than_the_cheapest_is_left_out() -> None:
    assert "g6.16xlarge" not in matching(GpuRequest(gpu_memory_gib=24, gpus=1))


def test_bare_metal_starts_too_slowly() -> None:
    assert "g4dn.metal" not in matching(GpuRequest(gpu_memory_gib=16, gpus=8))


def test_a_request_for_more_than_any_gpu_has_finds_nothing() -> None:
    assert matching(GpuRequest(gpu_memory_gib=500, gpus=8)) == ()


def test_a_pool_has_the_drives_and_the_fabric_of_its_poorest_machine() -> None:
    assert accelerators.local_storage_gb(["g6.xlarge", "g5.4xlarge"]) == 250
    assert accelerators.efa_interfaces(["p5.48xlarge", "p5en.48xlarge"]) == 16
