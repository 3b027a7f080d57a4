"""Alerts on a latency objective: how fast its budget of slow answers is used up.

Multiple windows and burn rates as in Google's SRE workbook, chapter 5. The long window keeps
a blip from waking anybody, the short one ends the alert soon after the trouble has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from catalog.metrics import Scope
from components.observability.alert import Alert, Severity
from components.observability.watched import LatencyObjective


@dataclass(frozen=True)
class Burn:
    """Budget is used this many times as fast as it may be, over both windows."""

    rate: float
    long: str
    short: str


# 2 % of a month's budget in an hour, 5 % in six hours.
FAST: Final = (Burn(14.4, "1h", "5m"), Burn(6, "6h", "30m"))
# 10 % in three days.
SLOW: Final = (Burn(1, "3d", "6h"),)


def alerts(stage: str, objective: LatencyObjective, scope: Scope) -> Iterator[Alert]:
    """Yield the alerts on one stage's objective."""
    kinds: tuple[tuple[str, Severity, tuple[Burn, ...], int], ...] = (
        ("LatencyBudgetBurnsFast", "critical", FAST, 2),
        ("LatencyBudgetBurnsSlowly", "warning", SLOW, 60),
    )
    for name, severity, burns, minutes in kinds:
        yield Alert(
            name=name,
            severity=severity,
            expr=" or ".join(condition(burn, objective, scope) for burn in burns),
            minutes=minutes,
            summary=f"{stage}: {{{{ $value | humanizePercentage }}}} of the requests take longer "
            f"than {objective.within_seconds:g} s, {1 - objective.share:.2%} may",
            stage=stage,
        )


def condition(burn: Burn, objective: LatencyObjective, scope: Scope) -> str:
    """Return when the budget burns at that rate, as PromQL."""
    limit = f"{burn.rate * (1 - objective.share):.6g}"
    over = [
        f"({objective.signal.query(scope, window=window, limit=objective.within_seconds)})"
        f" > {limit}"
        for window in (burn.long, burn.short)
    ]
    return f"({over[0]} and {over[1]})"
