from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network import density

subnets = st.builds(lambda prefix: IPv4Network((0x0A000000, prefix)), st.integers(16, 28))
pods = st.integers(1, 250)


@given(subnets, pods)
def test_what_fits_never_takes_more_addresses_than_there_are(
    subnet: IPv4Network, count: int
) -> None:
    nodes = density.nodes_that_fit(subnet, count)
    taken = nodes * (density.prefixes(count) * density.BLOCK + 1)
    assert taken <= subnet.num_addresses - 5


@given(subnets, pods)
def test_one_node_more_would_not_fit(subnet: IPv4Network, count: int) -> None:
    nodes = density.nodes_that_fit(subnet, count) + 1
    blocks = nodes * density.prefixes(count) + density.broken_by(nodes)
    assert blocks > density.free_blocks(subnet)


@given(st.integers(16, 27), pods)
def test_a_larger_subnet_holds_as_many_nodes_or_more(prefix: int, count: int) -> None:
    larger, smaller = (IPv4Network((0x0A000000, bits)) for bits in (prefix, prefix + 1))
    assert density.nodes_that_fit(larger, count) >= density.nodes_that_fit(smaller, count)


@given(subnets, st.integers(1, 249))
def test_more_pods_a_node_are_as_many_nodes_or_fewer(subnet: IPv4Network, count: int) -> None:
    assert density.nodes_that_fit(subnet, count) >= density.nodes_that_fit(subnet, count + 1)


@pytest.mark.parametrize(("vcpus", "most"), [(2, 110), (30, 110), (31, 250), (192, 250)])
def test_nodes_of_many_cores_take_more_pods(vcpus: int, most: int) -> None:
    assert density.most_pods(vcpus) == most


@pytest.mark.parametrize(("vcpus", "gpus", "most"), [(8, 1, 17), (192, 8, 24), (192, 16, 32)])
def test_the_taint_of_gpu_nodes_leaves_a_pod_for_each_gpu_and_the_agents(
    vcpus: int, gpus: int, most: int
) -> None:
    assert density.most_pods(vcpus, gpus) == most


def test_a_node_keeps_one_prefix_warm() -> None:
    # 110 pods are 6.9 blocks of 16.
    assert density.prefixes(110) == 8


def test_the_smallest_subnet_of_aws_holds_no_prefix_at_all() -> None:
    assert density.free_blocks(IPv4Network("10.0.0.0/28")) == 0
    assert density.nodes_that_fit(IPv4Network("10.0.0.0/28"), 16) == 0


def test_a_private_subnet_of_a_large_vpc_holds_thirty_one_full_nodes() -> None:
    # 256 blocks, 2 broken by AWS, 8 for each node, and one more broken by the nodes' own addresses.
    assert density.nodes_that_fit(IPv4Network("10.0.0.0/20"), 110) == 31
