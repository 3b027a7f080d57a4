"""What a scaler holds against its threshold, as PromQL: one text for panels and alerts."""

from __future__ import annotations

from catalog.metrics import Combine, Scope, signal
from catalog.scaling import Trigger


def followed(trigger: Trigger, scope: Scope) -> str:
    """Return the query whose value lies at the trigger's threshold when all is in balance.

    A scaler divides a sum by the replicas that there are; without any it is taken whole.
    """
    query = trigger.signal.query(scope)
    if trigger.signal.combine is not Combine.ADDITIVE:
        return query
    return f"({query}) / clamp_min({signal('replicas-ready').query(scope)}, 1)"
