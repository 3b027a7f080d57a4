"""Sentences and numbers that both twins of a report share."""

from __future__ import annotations

from dataclasses import dataclass

from operations.cost.estimate import Cost
from operations.report.model import Finding, Kind, Operation, Report

# What a reviewer has to look at first comes first.
ORDER = (
    Operation.REPLACE,
    Operation.DELETE,
    Operation.UPDATE,
    Operation.CREATE,
)


@dataclass(frozen=True)
class Links:
    """Where the pages of policies are, as seen from the report."""

    # Such as ../docs/policies or an address; empty: no links.
    policies: str = ""

    def policy(self, name: str) -> str | None:
        """Return where the page of a policy is."""
        return f"{self.policies}/{name}.md" if self.policies else None


def verdict(report: Report) -> str:
    """Return whether the change can be made, in one sentence."""
    stopping = [one for one in report.of(Kind.VIOLATION) if one.mandatory]
    if stopping:
        return f"Stopped by {plural(len(stopping), 'violation')} of mandatory policies"
    if report.errors:
        return f"Stopped by {plural(len(report.errors), 'error')} of the program or the engine"
    if not report.changes:
        return "Nothing changes"
    return "Can be deployed"


def summary(report: Report) -> str:
    """Return what changes, counted."""
    counted = [
        f"{report.count(operation)} to {operation.value}"
        for operation in ORDER
        if report.count(operation)
    ]
    unchanged = f"{report.unchanged} unchanged" if report.unchanged else ""
    return ", ".join([*counted, *([unchanged] if unchanged else [])]) or "nothing to do"


def policies(report: Report) -> str:
    """Return what the policies said, counted."""
    advice = sum(not one.mandatory for one in report.of(Kind.VIOLATION))
    stopping = len(report.of(Kind.VIOLATION)) - advice
    said = [plural(stopping, "mandatory violation")] if stopping else []
    said += [f"{advice} advisory"] if advice else []
    for kind in (Kind.UNDETERMINED, Kind.SUPPRESSED):
        if count := len(report.of(kind)):
            said.append(f"{count} {kind.value}")
    ran = plural(report.policies, "policy", "policies")
    return f"{ran} run: {', '.join(said) or 'no violations'}"


def plural(count: int, one: str, many: str = "") -> str:
    """Return the count with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def money(usd: float) -> str:
    """Return an amount, to the dollar."""
    return f"{usd:,.0f} USD"


def difference(after: Cost, before: Cost | None) -> str:
    """Return how the expected cost moves; empty where there was nothing before."""
    if before is None:
        return ""
    moved = after.expected - before.expected
    return f"{moved:+,.0f} USD a month" if abs(moved) >= 0.5 else "no change of cost"


def strength(finding: Finding) -> str:
    """Return how a violation is to be taken."""
    level = "mandatory" if finding.mandatory else "advisory"
    return f"{level}, {finding.severity}" if finding.severity else level
