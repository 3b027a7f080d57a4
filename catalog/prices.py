"""What EC2 and its surroundings cost, USD.

On demand: Linux list prices in us-east-1 on 2026-07-20, from the price table that
karpenter-provider-aws generates (Apache-2.0). Spot: ranges in five regions on 2025-05-28 with the
on-demand price of that very day, public AWS price data. Only the share of the same day carries
over to another date: AWS has changed the list prices of p4d, p4de, p5 and p5en since.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Final

REGION: Final = "us-east-1"
ON_DEMAND_DATE: Final = "2026-07-20"
SPOT_DATE: Final = "2025-05-28"
HOURS_PER_MONTH: Final = 730

EKS_CONTROL_PLANE: Final = 0.10
EKS_EXTENDED_SUPPORT: Final = 0.60
NAT_GATEWAY: Final = 0.045
# In each zone.
INTERFACE_ENDPOINT: Final = 0.01
LOAD_BALANCER: Final = 0.0225
PUBLIC_ADDRESS: Final = 0.005
# A month.
GP3_GIB: Final = 0.08
KMS_KEY: Final = 1.0

_DATA: Final = Path(__file__).parent / "data"
# Where nothing is known of a family: AWS says "up to 90 %", months look like this.
_SPOT_SHARE_ELSEWHERE: Final = (0.35, 0.6)


@dataclass(frozen=True, kw_only=True)
class SpotRange:
    """What a type cost on the spot market of one region on SPOT_DATE, USD an hour."""

    lowest: float
    highest: float
    # The list price of the same day; today's may differ.
    on_demand: float
    # Share of machines that AWS took back within a month, such as 5-10%.
    interrupted: str

    @property
    def share(self) -> tuple[float, float]:
        """Spot as a share of on demand, lowest and highest."""
        return self.lowest / self.on_demand, self.highest / self.on_demand


@cache
def on_demand_prices() -> Mapping[str, float]:
    """Return the price of an hour by instance type."""
    rows = _rows(f"on-demand-{REGION}-{ON_DEMAND_DATE}.csv")
    return MappingProxyType({row["instance_type"]: float(row["usd_per_hour"]) for row in rows})


@cache
def spot_ranges() -> Mapping[tuple[str, str], SpotRange]:
    """Return the spot market by instance type and region."""
    return MappingProxyType(
        {
            (row["instance_type"], row["region"]): SpotRange(
                lowest=float(row["spot_min"]),
                highest=float(row["spot_max"]),
                on_demand=float(row["on_demand"]),
                interrupted=row["interrupted_per_month"],
            )
            for row in _rows(f"spot-{SPOT_DATE}.csv")
        }
    )


def on_demand(instance_type: str) -> float | None:
    """Return the price of an hour; None for a type that is not in the table."""
    return on_demand_prices().get(instance_type)


def spot_share(instance_type: str, region: str = REGION) -> tuple[float, float]:
    """Return what spot costs as a share of on demand: lowest, highest.

    Of the type itself where the region has it, else the middle of its family there.
    """
    known = spot_ranges().get((instance_type, region))
    return known.share if known else _family_share(_family(instance_type), region)


@cache
def _family_share(family: str, region: str) -> tuple[float, float]:
    shares = [
        spot.share
        for (name, where), spot in spot_ranges().items()
        if where == region and _family(name) == family
    ]
    if not shares:
        return _SPOT_SHARE_ELSEWHERE
    return median(low for low, _ in shares), median(high for _, high in shares)


def _family(instance_type: str) -> str:
    return instance_type.partition(".")[0]


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
