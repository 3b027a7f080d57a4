from ipaddress import IPv4Network
from itertools import combinations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network import subnets
from components.network.subnets import POD_SPACE, Tier, place, place_pods, plan

TIERS: tuple[Tier, ...] = get_args(Tier)
ZONES = [f"us-east-1{letter}" for letter in "abcdefgh"]

vpcs = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.integers(int(IPv4Network("10.0.0.0/8")[0]), int(IPv4Network("10.0.0.0/8")[-1])),
    st.integers(subnets.LARGEST_VPC, subnets.SMALLEST_VPC),
)


@given(vpcs)
def test_no_two_subnets_share_an_address(vpc: IPv4Network) -> None:
    everything = [place(vpc, zone, tier) for zone in ZONES for tier in TIERS]
    assert not any(one.overlaps(other) for one, other in combinations(everything, 2))


@given(vpcs, st.sampled_from(ZONES), st.sampled_from(TIERS))
def test_every_subnet_lies_in_the_vpc_and_holds_a_load_balancer(
    vpc: IPv4Network, zone: str, tier: Tier
) -> None:
    found = place(vpc, zone, tier)
    assert found.subnet_of(vpc)
    # 8 for a load balancer, 5 that AWS keeps.
    assert found.num_addresses >= 13
    assert found.prefixlen <= subnets.SMALLEST_SUBNET


@given(vpcs, st.lists(st.sampled_from(ZONES), unique=True, min_size=1), st.sampled_from(TIERS))
def test_adding_a_zone_moves_nothing(vpc: IPv4Network, zones: list[str], tier: Tier) -> None:
    before = plan(vpc, zones[:-1], tier)
    after = plan(vpc, sorted(zones), tier)
    assert before.items() <= after.items()


def test_the_plan_of_a_whole_vpc_is_what_it_always_was() -> None:
    """These addresses are in use: a change here moves every subnet of every stack."""
    vpc = IPv4Network("10.0.0.0/16")
    assert {tier: str(place(vpc, "us-east-1b", tier)) for tier in TIERS} == {
        "public": "10.0.60.0/23",
        "private": "10.0.32.0/20",
        "serving": "10.0.48.0/21",
        "isolated": "10.0.56.0/22",
    }


@pytest.mark.parametrize("prefix", [8, 15, 21, 28])
def test_a_vpc_of_another_size_is_refused(prefix: int) -> None:
    with pytest.raises(ValueError, match="between /16 and /20"):
        place(IPv4Network((0x0A000000, prefix)), "us-east-1a", "private")


def test_a_zone_that_is_no_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="us-east-1z"):
        place(IPv4Network("10.0.0.0/16"), "us-east-1z", "private")


pod_blocks = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.integers(int(POD_SPACE[0]), int(POD_SPACE[-1])),
    st.integers(subnets.LARGEST_VPC, subnets.SMALLEST_POD_BLOCK),
)


@given(pod_blocks)
def test_pods_of_two_zones_share_no_address(block: IPv4Network) -> None:
    everything = [place_pods(block, zone) for zone in ZONES]
    assert all(one.subnet_of(block) for one in everything)
    assert not any(one.overlaps(other) for one, other in combinations(everything, 2))


@given(pod_blocks, vpcs)
def test_pods_of_their_own_network_never_meet_the_vpc_s(
    block: IPv4Network, vpc: IPv4Network
) -> None:
    assert not block.overlaps(vpc)


@pytest.mark.parametrize("block", ["10.0.0.0/16", "100.64.0.0/15", "100.64.0.0/20", "100.0.0.0/16"])
def test_a_pod_network_elsewhere_or_of_another_size_is_refused(block: str) -> None:
    with pytest.raises(ValueError, match=r"100\.64\.0\.0/10, between /16 and /19"):
        place_pods(IPv4Network(block), "us-east-1a")


@given(vpcs, st.sampled_from(ZONES), st.sampled_from(TIERS))
def test_adding_a_tier_moves_nothing(vpc: IPv4Network, zone: str, added: Tier) -> None:
    """Every tier's place follows from itself alone: there is nothing else to ask."""
    before = {tier: place(vpc, zone, tier) for tier in TIERS if tier != added}
    after = {tier: place(vpc, zone, tier) for tier in (added, *TIERS)}
    assert before.items() <= after.items()


@given(vpcs, st.sampled_from(TIERS))
def test_a_zone_s_tiers_lie_together(vpc: IPv4Network, tier: Tier) -> None:
    """So one network names a zone, in routes and rules of others."""
    for position, zone in enumerate(ZONES):
        eighth = list(vpc.subnets(prefixlen_diff=3))[position]
        assert place(vpc, zone, tier).subnet_of(eighth)
