"""One alerting rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alerting rule; several may share a name, and then its runbook."""

    name: str
    severity: Severity
    expr: str
    minutes: int
    # One line for whoever is woken; may use Prometheus' templates.
    summary: str
    # None: the whole cluster.
    stage: str | None = None
    # What tells it from alerts of the same name and stage.
    signal: str | None = None

    @property
    def runbook(self) -> str:
        """Return the file of the runbook: KvCacheNearlyFull -> kv-cache-nearly-full.md."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", self.name).lower() + ".md"
