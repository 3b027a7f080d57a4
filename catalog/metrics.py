"""The metric catalogue: the way in to the signals that triggers, alerts and dashboards come from.

A signal that scales, an alert that watches it and the panel that shows it are made from one
record, so that none of them can drift from the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from catalog import promql
from catalog.exposed import METRICS, Metric, metric
from catalog.signals import engines, gateway, gpus, workloads
from catalog.signals.record import Combine, Scope, Signal, Unit

__all__ = [
    "METRICS",
    "SIGNALS",
    "Combine",
    "Metric",
    "Scope",
    "Signal",
    "Unit",
    "highest",
    "metric",
    "of_engine",
    "signal",
]

SIGNALS: Final[Mapping[str, Signal]] = MappingProxyType(
    {
        one.name: one
        for one in (*gateway.SIGNALS, *engines.SIGNALS, *workloads.SIGNALS, *gpus.SIGNALS)
    }
)


def signal(name: str) -> Signal:
    """Return the signal called `name`; it must exist."""
    return SIGNALS[name]


def of_engine(engine: str, what: str) -> Signal | None:
    """Return an engine's signal, such as `kv-cache` of vllm; None: it tells no such thing."""
    return SIGNALS.get(f"{engine}-{what}")


def highest(query: str) -> float | None:
    """Return the highest value that a query over one bounded metric can yield; None: not known.

    Only a mean, a maximum or a minimum of a gauge keeps the gauge's bound.
    """
    call = promql.outermost(query)
    names = promql.metrics(query)
    known = metric(names[0]) if len(names) == 1 else None
    if call is None or known is None or known.bound is None:
        return None
    return known.bound if call in {"avg", "max", "min"} else None
