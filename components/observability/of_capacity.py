"""What the GPU nodes cost, for the panel and the alert on idle ones."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import mean
from typing import Literal

from catalog import prices
from components.observability.watched import NodePrice


def node_prices(pools: Iterable[tuple[str, tuple[str, ...]]]) -> list[NodePrice]:
    """Return the price of each instance type in the way its pool buys it.

    Spot counts with the middle of its range. What is bought in another way (a capacity
    block is paid for in advance) and a type without a known price are left out: a wrong
    figure would look like a right one.
    """
    bought = sorted({(capacity, name) for capacity, types in pools for name in types})
    return [found for capacity, name in bought if (found := _node_price(capacity, name))]


def _node_price(capacity: str, instance_type: str) -> NodePrice | None:
    listed = prices.on_demand(instance_type)
    if listed is None:
        return None
    if capacity == "spot":
        return _price(instance_type, "spot", listed * mean(prices.spot_share(instance_type)))
    if capacity == "on-demand":
        return _price(instance_type, "on-demand", listed)
    return None


def _price(
    instance_type: str, capacity_type: Literal["spot", "on-demand"], dollars: float
) -> NodePrice:
    return NodePrice(
        instance_type=instance_type,
        capacity_type=capacity_type,
        dollars_per_hour=round(dollars, 4),
    )
