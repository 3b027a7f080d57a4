"""Prices against the rows that they were taken from, and against sense."""

import csv

import pytest

from catalog import prices
from catalog.accelerators import GPU_INSTANCES
from catalog.instances import INSTANCES

# Read off the source on another day, to notice when a file is exchanged or edited.
ON_DEMAND = {
    "g6.xlarge": 0.8048,
    "g5.2xlarge": 1.212,
    "g6e.2xlarge": 2.24208,
    "p4d.24xlarge": 21.957642,
    "p5.48xlarge": 55.04,
    "p6-b200.48xlarge": 113.9328,
    "m7i.2xlarge": 0.4032,
}
SPOT = {
    ("g4dn.12xlarge", "us-east-1"): (3.912, 1.1765, 1.4365),
    ("g4dn.2xlarge", "us-east-2"): (0.752, 0.2083, 0.2198),
}
# Their list prices changed between the two tables.
CHANGED = {"p4d", "p4de", "p5", "p5en"}


@pytest.mark.parametrize(("name", "price"), ON_DEMAND.items())
def test_list_prices_are_those_of_the_source(name: str, price: float) -> None:
    assert prices.on_demand(name) == price


@pytest.mark.parametrize(("key", "row"), SPOT.items())
def test_spot_ranges_are_those_of_the_source(
    key: tuple[str, str], row: tuple[float, float, float]
) -> None:
    spot = prices.spot_ranges()[key]
    assert (spot.on_demand, spot.lowest, spot.highest) == row


def test_only_what_cannot_be_bought_by_the_hour_has_no_price() -> None:
    assert [name for name in INSTANCES if prices.on_demand(name) is None] == ["p5e.48xlarge"]


def test_an_unknown_type_has_no_price() -> None:
    assert prices.on_demand("g6.3xlarge") is None


def test_the_lowest_price_is_not_above_the_highest() -> None:
    assert all(spot.lowest <= spot.highest for spot in prices.spot_ranges().values())


@pytest.mark.parametrize("name", GPU_INSTANCES)
def test_spot_is_a_share_of_the_list_price(name: str) -> None:
    low, high = prices.spot_share(name)
    assert 0 < low <= high <= 1.0


def test_a_share_compares_prices_of_one_day() -> None:
    """The 2025 spot price over the 2026 list price would say almost twice as much."""
    for (name, _), spot in prices.spot_ranges().items():
        if name.split(".")[0] in CHANGED:
            assert spot.share == (spot.lowest / spot.on_demand, spot.highest / spot.on_demand)
            assert spot.on_demand != prices.on_demand(name)


def test_a_type_without_rows_gets_what_its_family_has() -> None:
    assert ("g6e.12xlarge", "us-east-1") in prices.spot_ranges()
    family = [
        spot.share
        for (name, region), spot in prices.spot_ranges().items()
        if region == "us-east-1" and name.startswith("m7i.")
    ]
    low, high = prices.spot_share("m7i.48xlarge")
    assert min(share[0] for share in family) <= low
    assert high <= max(share[1] for share in family)


def test_a_family_without_rows_gets_a_careful_guess() -> None:
    assert prices.spot_share("p6-b300.48xlarge") == (0.35, 0.6)
    assert prices.spot_share("g6.xlarge", "moon-1") == (0.35, 0.6)


@pytest.mark.parametrize("name", ["on-demand-us-east-1-2026-07-20.csv", "spot-2025-05-28.csv"])
def test_no_row_is_there_twice(name: str) -> None:
    with (prices._DATA / name).open(newline="") as file:
        keys = [
            tuple(row[key] for key in row if key in {"instance_type", "region"})
            for row in csv.DictReader(file)
        ]
    assert len(keys) == len(set(keys))
