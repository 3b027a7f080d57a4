from catalog import accelerators, regions
from catalog.accelerators import GPU_INSTANCES, MEMORY_CLASS_GIB, alike


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
