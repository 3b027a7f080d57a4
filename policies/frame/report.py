"""Findings as text, JSON and SARIF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from frame.rule import Level, Rule, Severity
from frame.run import Finding, FindingKind

_SARIF_LEVELS: Final = {
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}


def fails(findings: Sequence[Finding]) -> bool:
    """Tell whether the findings stop a deployment."""
    return any(
        finding.level is Level.MANDATORY and finding.kind is not FindingKind.NOTE
        for finding in findings
    )


def as_text(findings: Sequence[Finding]) -> str:
    """Return the findings for people, in the order in which they were made."""
    blocks = [
        f"{finding.level.value}: {finding.rule.id} ({finding.rule.severity.value}) "
        f"{_place(finding)}\n  {_indented(finding.message)}"
        for finding in findings
    ]
    counts = {kind: sum(1 for item in findings if item.kind is kind) for kind in FindingKind}
    said = ", ".join(f"{count} {kind.value}" for kind, count in counts.items() if count)
    return "\n\n".join([*blocks, said or "nothing found"])


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings for programs."""
    return json.dumps(
        [
            {
                "rule": finding.rule.id,
                "urn": finding.urn,
                "kind": finding.kind.value,
                "level": finding.level.value,
                "severity": finding.rule.severity.value,
                "path": finding.path,
                "message": finding.message,
            }
            for finding in findings
        ],
        indent=2,
    )


def as_sarif(findings: Sequence[Finding], rules: Sequence[Rule], source: str) -> str:
    """Return the findings as SARIF 2.1.0, as code scanning takes them."""
    used = {finding.rule.id for finding in findings}
    driver = {
        "name": "ballast",
        "rules": [_sarif_rule(rule) for rule in rules if rule.id in used],
    }
    results = [
        _sarif_result(finding, source)
        for finding in findings
        if finding.kind is not FindingKind.NOTE
    ]
    return json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "results": results}],
        },
        indent=2,
    )


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
        "properties": {"tags": [rule.category.value, *rule.covers]},
    }


def _sarif_result(finding: Finding, source: str) -> dict[str, Any]:
    suppressed = finding.kind is FindingKind.SUPPRESSED
    advice = finding.kind is FindingKind.UNDETERMINED or suppressed
    return {
        "ruleId": finding.rule.id,
        "level": "note" if advice else _SARIF_LEVELS[finding.rule.severity],
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": source}},
                "logicalLocations": [{"fullyQualifiedName": f"{finding.urn}#{finding.path}"}],
            }
        ],
        "suppressions": [{"kind": "inSource"}] if suppressed else [],
    }


def _place(finding: Finding) -> str:
    if not finding.urn:
        return "the stack"
    _, _, rest = finding.urn.partition("::")
    kind, _, name = rest.partition("::")[2].rpartition("::")
    return f"{kind.rpartition('$')[2]} {name}"


def _indented(message: str) -> str:
    return message.replace("\n", "\n  ")
