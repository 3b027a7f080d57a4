"""What a signal is: one question to Prometheus, and all that is known of its answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from string import Template
from typing import Final

# A deployment's pods: its name, the replica set's hash, five letters. No hyphen in the
# classes, so that `bert` does not take in the pods of `bert-large`.
_POD_SUFFIX: Final = "-[0-9a-z]+-[0-9a-z]+"


class Unit(StrEnum):
    """What a signal's value counts."""

    REQUESTS = "requests"
    REQUESTS_PER_SECOND = "requests per second"
    TOKENS_PER_SECOND = "tokens per second"
    PER_SECOND = "per second"
    RATIO = "ratio"
    SECONDS = "seconds"
    REPLICAS = "replicas"
    NUMBER = "number"
    DOLLARS_PER_HOUR = "dollars per hour"
    CORES = "cores"


class Combine(StrEnum):
    """How the replicas' shares make up the value."""

    # The sum of what each replica has: twice the load is twice the value.
    ADDITIVE = "additive"
    # A mean or a share: more replicas do not raise it.
    AVERAGE = "average"
    # A quantile, a maximum, a state: says nothing about how many replicas are needed.
    STATE = "state"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose signal: a stage, by its namespace, name and deployments."""

    namespace: str
    # Name of the service, of the gateway's cluster, and of the pods' name label.
    workload: str = ""
    # None: one deployment of the same name.
    deployments: tuple[str, ...] | None = None

    def variables(self) -> dict[str, str]:
        """Return what a signal's query may refer to."""
        names = (self.workload,) if self.deployments is None else self.deployments
        choice = "|".join(re.escape(name).replace(r"\-", "-") for name in names)
        return {
            "namespace": self.namespace,
            "workload": self.workload,
            "deployments": choice,
            "pods": f"({choice}){_POD_SUFFIX}",
        }


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One signal: the query, what its value means, and which values are bad."""

    name: str
    meaning: str
    # Where the names and their meaning are written down.
    source: str
    # Who exposes it; the versions of it that do, from the first to the first without.
    exposed_by: str
    since: str | None = None
    until: str | None = None
    # With $namespace, $workload, $deployments, $pods of the scope, $window, and $bucket.
    promql: str
    unit: Unit
    combine: Combine
    # Highest value there can be; of an additive signal, of one replica. None: no limit.
    bound: float | None = None
    # Labels that tell the answer's series apart; none: exactly one series.
    by: tuple[str, ...] = ()
    # Above these something is wrong.
    warning: float | None = None
    critical: float | None = None
    # Of a share that is within a limit: the limits there are, seconds; and what the histogram
    # makes of a second.
    limits: tuple[float, ...] = ()
    per_second: float = 1

    @property
    def scales(self) -> bool:
        """Tell whether replicas can follow it: one series whose size goes with the load."""
        return not self.by and self.combine is not Combine.STATE

    def query(self, scope: Scope, *, window: str = "5m", limit: float | None = None) -> str:
        """Return the query for one stage; `limit` is one of the signal's limits."""
        if limit is None and self.limits:
            limit = self.limits[0]
        bucket = "" if limit is None else _bucket(limit * self.per_second)
        return Template(self.promql).substitute(scope.variables(), window=window, bucket=bucket)


def _bucket(end: float) -> str:
    """Return what a bucket's end is matched with: Prometheus 3 writes 5.0 where Envoy says 5."""
    text = f"{end:.10g}"
    pattern = text.replace(".", "[.]")
    return pattern if "." in text else f"{pattern}([.]0)?"
