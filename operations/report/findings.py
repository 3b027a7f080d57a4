"""What the policies said, taken apart into what, why and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from operations.report.model import Finding, Kind

_SUMMARIES: Final = ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent")
_MARKS: Final = {"  why: ": "why", "  fix: ": "fix", "  suppressed ": "exemption"}


def read(events: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Return each finding once: an update says those of its preview again."""
    found: dict[tuple[str, str, str], Finding] = {}
    for event in events:
        if said := event.get("policyEvent"):
            key = (said["policyName"], said.get("resourceUrn", ""), said["message"])
            found.setdefault(key, _finding(said))
    return list(found.values())


def count_policies(events: Iterable[Mapping[str, Any]]) -> int:
    """Return how many policies were run."""
    ran: set[str] = set()
    for event in events:
        for kind in _SUMMARIES:
            verdict = event.get(kind) or {}
            ran.update(verdict.get("passed") or [], verdict.get("failed") or [])
        if said := event.get("policyEvent"):
            ran.add(said["policyName"])
    return len(ran)


def _finding(said: Mapping[str, Any]) -> Finding:
    title, _, rest = said["message"].strip().partition("\n")
    parts: dict[str, list[str]] = {"found": [], "why": [], "fix": [], "exemption": []}
    current = "found"
    for line in rest.splitlines():
        mark = next((mark for mark in _MARKS if line.startswith(mark)), None)
        if mark is not None:
            current = _MARKS[mark]
            line = line.removeprefix(mark)
        parts[current].append(line.rstrip() if current == "fix" else line.strip())
    texts = {name: "\n".join(lines).strip() for name, lines in parts.items()}
    return Finding(
        policy=said["policyName"],
        kind=_kind(texts["found"], texts["exemption"]),
        mandatory=said["enforcementLevel"] == "mandatory",
        severity=said.get("severity") or "",
        resource=_resource(said.get("resourceUrn", "")),
        title=title,
        **texts,
    )


def _kind(found: str, exemption: str) -> Kind:
    if exemption:
        return Kind.SUPPRESSED
    if found.startswith("undetermined until"):
        return Kind.UNDETERMINED
    return Kind.NOTE if found.startswith("note: ") else Kind.VIOLATION


def _resource(urn: str) -> str:
    kind, _, name = urn.rpartition("::")
    return "" if kind.endswith("pulumi:pulumi:Stack") else name
