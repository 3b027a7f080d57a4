"""Prices of nodes as they are bought."""

from __future__ import annotations

from catalog import prices
from components.observability.of_capacity import node_prices


def test_on_demand_costs_the_list_price() -> None:
    (one,) = node_prices([("on-demand", ("g6.2xlarge",))])
    assert one.dollars_per_hour == round(prices.on_demand("g6.2xlarge") or 0, 4)


def test_spot_costs_the_middle_of_its_range() -> None:
    (one,) = node_prices([("spot", ("g6.2xlarge",))])
    low, high = prices.spot_share("g6.2xlarge")
    listed = prices.on_demand("g6.2xlarge") or 0
    assert low * listed <= one.dollars_per_hour <= high * listed
    assert one.dollars_per_hour < listed


def test_a_type_of_two_pools_is_priced_once_for_each_way_of_buying() -> None:
    pools = [("spot", ("g6.2xlarge",)), ("on-demand", ("g6.2xlarge",)), ("spot", ("g6.2xlarge",))]
    found = node_prices(pools)
    assert sorted(one.capacity_type for one in found) == ["on-demand", "spot"]


def test_a_type_without_a_price_is_left_out() -> None:
    assert node_prices([("spot", ("g99.mega",))]) == []


def test_a_capacity_block_is_not_priced_by_the_hour() -> None:
    assert node_prices([("capacity-block", ("p5.48xlarge",))]) == []
