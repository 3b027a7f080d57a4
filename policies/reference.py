"""Writes docs/policies from the records: one page a rule, the list, and the coverage table.

Run it after changing a record: `.venv/bin/python policies/reference.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

sys.path.append(str(Path(__file__).resolve().parent.parent))

from frame.rule import ResourceRule, Rule
from matrix import ROWS
from rules import RULES

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "policies"
_NOTE: Final = "<!-- Made from the rules' records by policies/reference.py; change those. -->"


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Return every page by its file name."""
    made = {f"{rule.id}.md": page(rule) for rule in rules}
    return {"README.md": overview(rules), "coverage.md": coverage(rules), **made}


def page(rule: Rule) -> str:
    """Return the reference page of one rule."""
    return "\n".join([*_head(rule), *_settings(rule), *_standing(rule), *_exempting(rule)]) + "\n"


def overview(rules: Sequence[Rule]) -> str:
    """Return the list of all rules."""
    rows = [
        f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.severity.value} "
        f"| {rule.category.value} | {rule.level.value} |"
        for rule in rules
    ]
    return "\n".join(
        [
            _NOTE,
            "# Policies",
            "",
            f"{len(rules)} rules. `policies/enforcement/<environment>.json` sets their levels.",
            "",
            "| rule | what it asks | severity | category | default level |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def coverage(rules: Sequence[Rule]) -> str:
    """Return which check of the field which rule covers, and what each replaces."""
    rows = [f"| {row} | {title} | {_links(row, rules)} |" for row, title in ROWS.items()]
    return "\n".join(
        [
            _NOTE,
            "# Coverage",
            "",
            "K: Kubernetes, A: AWS, as scanners check them. L: serving models, which none checks.",
            "",
            "| row | check | rules |",
            "|---|---|---|",
            *rows,
            "",
            "## Coming from another tool",
            "",
            "| tool | its check | rule | settings that make it the same |",
            "|---|---|---|---|",
            *sorted(_relatives(rules)),
            "",
        ]
    )


def write(folder: Path = FOLDER) -> None:
    """Write every page, and remove those of rules that are gone."""
    made = pages(RULES)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if _NOTE in old.read_text() and old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text)


def _head(rule: Rule) -> list[str]:
    kind = (
        "each resource, before it is made" if isinstance(rule, ResourceRule) else "the whole stack"
    )
    return [
        _NOTE,
        f"# {rule.id}",
        "",
        f"**{rule.title}**",
        "",
        "| severity | category | looks at | default level | covers | since |",
        "|---|---|---|---|---|---|",
        f"| {rule.severity.value} | {rule.category.value} | {kind} | {rule.level.value} "
        f"| {', '.join(rule.covers)} | {rule.since} |",
        "",
        "## Why",
        "",
        rule.why,
        "",
        "## Fix",
        "",
        "```",
        rule.fix,
        "```",
        "",
        "## Applies to",
        "",
        *(f"- `{token}`" for token in rule.tokens),
        "",
    ]


def _settings(rule: Rule) -> list[str]:
    if not rule.settings:
        return []
    rows = [
        f"| `{key}` | {setting.type} | `{json.dumps(setting.default)}` | {setting.description} |"
        for key, setting in rule.settings.items()
    ]
    header = ["## Settings", "", "| setting | type | default | meaning |", "|---|---|---|---|"]
    return [*header, *rows, ""]


def _standing(rule: Rule) -> list[str]:
    lines: list[str] = []
    if rule.frameworks:
        controls = (f"- {item.name} {item.version}: {item.control}" for item in rule.frameworks)
        lines += ["## Frameworks", "", *controls, ""]
    if rule.relatives:
        others = (f"- {item.tool}: `{item.check}`" for item in rule.relatives)
        lines += ["## The same question elsewhere", "", *others, ""]
    return lines


def _exempting(rule: Rule) -> list[str]:
    return [
        "## Exempting",
        "",
        "On the resource, as an annotation (an AWS tag takes a space instead of the semicolon):",
        "",
        "```yaml",
        f'policy.ballast.dev/ignore.{rule.id}: "why this is right here; until=2027-03-31"',
        "```",
    ]


def _links(row: str, rules: Sequence[Rule]) -> str:
    return ", ".join(f"[{rule.id}]({rule.id}.md)" for rule in rules if row in rule.covers) or "-"


def _relatives(rules: Sequence[Rule]) -> Iterator[str]:
    for rule in rules:
        for item in rule.relatives:
            settings = f"`{json.dumps(dict(item.settings))}`" if item.settings else ""
            yield f"| {item.tool} | {item.check} | [{rule.id}]({rule.id}.md) | {settings} |"


if __name__ == "__main__":
    write()
