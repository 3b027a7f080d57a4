"""The bodies of PrometheusRule objects: pure data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from catalog.signals.gpus import PRICE_METRIC
from components.observability.alert import Alert
from components.observability.watched import NodePrice, Watched

# How often a price can change what it is multiplied with.
_PRICES_EVERY: Final = "1m"


def alert_spec(alerts: Sequence[Alert], watched: Watched) -> dict[str, Any]:
    """Return the spec of the rule object that holds the alerts: a group for each stage."""
    groups = dict.fromkeys(alert.stage or "cluster" for alert in alerts)
    return {
        "groups": [
            {
                "name": f"ballast-{group}",
                "rules": [
                    _rule(alert, watched) for alert in alerts if (alert.stage or "cluster") == group
                ],
            }
            for group in groups
        ]
    }


def price_spec(prices: Sequence[NodePrice]) -> dict[str, Any]:
    """Return the spec of the rule object that makes prices a metric, to multiply nodes with."""
    return {
        "groups": [
            {
                "name": "ballast-prices",
                "interval": _PRICES_EVERY,
                "rules": [
                    {
                        "record": PRICE_METRIC,
                        "expr": f"vector({price.dollars_per_hour:g})",
                        "labels": {
                            "label_node_kubernetes_io_instance_type": price.instance_type,
                            "label_ballast_capacity_type": price.capacity_type,
                        },
                    }
                    for price in prices
                ],
            }
        ]
    }


def _rule(alert: Alert, watched: Watched) -> dict[str, Any]:
    about = {"stage": alert.stage, "signal": alert.signal}
    told = {key: value for key, value in about.items() if value}
    waiting = {"for": f"{alert.minutes}m"} if alert.minutes else {}
    return {
        "alert": alert.name,
        "expr": alert.expr,
        **waiting,
        "labels": {"severity": alert.severity, "namespace": watched.namespace, **told},
        "annotations": {
            "summary": alert.summary,
            "runbook_url": f"{watched.runbooks}/{alert.runbook}",
        },
    }
