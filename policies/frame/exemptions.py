"""Who may break which rule, until when, and why.

An exemption without a reason, or past its date, exempts nothing: it is reported, so
that what was meant to be temporary does not become the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Final

from frame.facts import is_list, is_mapping
from frame.resource import Resource

ANNOTATION_PREFIX: Final = "policy.ballast.dev/ignore."
_UNTIL: Final = re.compile(r"[;,]?\s*\buntil\s*[=:]\s*(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """One permission to break one rule."""

    rule: str
    # Glob over URNs.
    urn: str
    reason: str
    until: str
    # Where it is written, for messages.
    source: str

    def covers(self, rule: str, urn: str) -> bool:
        """Tell whether a finding of the rule at the URN is meant."""
        return self.rule == rule and fnmatchcase(urn, self.urn)

    def defect(self, today: date) -> str:
        """Say why the exemption does not count, or nothing when it does."""
        if not self.reason.strip():
            return "has no reason"
        if not self.until:
            return "has no expiry date"
        try:
            last_day = date.fromisoformat(self.until)
        except ValueError:
            return f"has {self.until!r} as its expiry, which is no date (YYYY-MM-DD)"
        return f"expired on {self.until}" if last_day < today else ""


def from_settings(entries: object) -> Iterator[Exemption]:
    """Read the exemptions of a pack's configuration."""
    for position, entry in enumerate(entries if is_list(entries) else ()):
        values: dict[str, Any] = entry if is_mapping(entry) else {}
        yield Exemption(
            rule=str(values.get("rule", "")),
            urn=str(values.get("urn", "")),
            reason=str(values.get("reason", "")),
            until=str(values.get("until", "")),
            source=f"exemptions[{position}] of the pack's configuration",
        )


def from_annotations(resource: Resource) -> Iterator[Exemption]:
    """Read the exemptions that a resource carries itself, as annotations or as AWS tags."""
    place = resource.at("metadata", "annotations") if resource.is_kubernetes else None
    for key, node in (place or resource.at("tags")).entries():
        if key.startswith(ANNOTATION_PREFIX):
            reason, until = _split(node.text())
            yield Exemption(
                rule=key.removeprefix(ANNOTATION_PREFIX),
                urn=_literally(resource.urn),
                reason=reason,
                until=until,
                source=node.path,
            )


def _split(text: str) -> tuple[str, str]:
    match = _UNTIL.search(text)
    if match is None:
        return text.strip(), ""
    return (text[: match.start()] + text[match.end() :]).strip(" ;,"), match.group(1).strip(";,")


def _literally(urn: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", urn)
