"""The pack's configuration: a level and settings per rule, and what holds for all rules.

The engine passes over a name that no rule has, so a typing mistake would
switch nothing off or on and nobody would notice; here it is an error.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, cast

from frame.exemptions import Exemption, from_settings
from frame.rule import Level, Rule

# These two rules carry what holds for the whole pack.
EXEMPTIONS_RULE: Final = "exemptions-state-reason-and-expiry"
DECIDED_RULE: Final = "checks-are-decided-in-preview"


class SettingsError(Exception):
    """The configuration cannot be used; the message names every mistake."""


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True, kw_only=True)
class PackSettings:
    """What a stack's configuration says to the pack."""

    levels: Mapping[str, Level] = field(default_factory=dict[str, Level])
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])
    # The day that expiry dates are held against.
    today: date = field(default_factory=_today)
    _merged: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Any], init=False)

    def level(self, rule: Rule) -> Level:
        """Return what happens to a violation; what could not be put right is mandatory."""
        level = self.levels.get(rule.id, rule.level)
        return Level.MANDATORY if level is Level.REMEDIATE else level

    def of(self, rule: Rule) -> Mapping[str, Any]:
        """Return the settings of one rule, defaults included."""
        if rule.id not in self._merged:
            self._merged[rule.id] = rule.with_defaults(self.values.get(rule.id))
        return self._merged[rule.id]

    @property
    def undetermined_is_mandatory(self) -> bool:
        """Tell whether a mandatory rule that could not decide stops the preview."""
        return self.values.get(DECIDED_RULE, {}).get("undetermined") == "mandatory"

    @property
    def exemptions(self) -> tuple[Exemption, ...]:
        """Return the exemptions that the configuration lists."""
        return tuple(from_settings(self.values.get(EXEMPTIONS_RULE, {}).get("exemptions")))


def read_file(path: Path, rules: Sequence[Rule]) -> PackSettings:
    """Read a file as `--policy-pack-config` takes it."""
    try:
        content: object = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read as JSON: {error}"
        raise SettingsError(message) from error
    if not isinstance(content, dict):
        message = f"{path} has to hold one object: a rule's id to its level or settings"
        raise SettingsError(message)
    return read(cast("dict[str, object]", content), rules)


def read(content: Mapping[str, object], rules: Sequence[Rule]) -> PackSettings:
    """Read a configuration; raise SettingsError with every mistake in it."""
    known = {rule.id: rule for rule in rules}
    mistakes: list[str] = []
    levels: dict[str, Level] = {}
    values: dict[str, Mapping[str, Any]] = {}
    if "all" in content:
        level = _level("all", content["all"], mistakes)
        levels = dict.fromkeys(known, level) if level else {}
    for name, entry in content.items():
        if name == "all":
            continue
        if name not in known:
            mistakes.append(unknown_name(name, known))
            continue
        settings: dict[str, Any] = (
            dict(cast("dict[str, Any]", entry)) if isinstance(entry, dict) else {}
        )
        stated = settings.pop("enforcementLevel", None) if isinstance(entry, dict) else entry
        level = _level(name, stated, mistakes) if stated is not None else None
        if level:
            levels[name] = level
        mistakes.extend(_unknown_settings(known[name], settings))
        values[name] = settings
    if mistakes:
        message = "The policy pack's configuration is wrong:\n" + "\n".join(
            f"  - {mistake}" for mistake in mistakes
        )
        raise SettingsError(message)
    return PackSettings(levels=levels, values=values)


def unknown_name(name: str, known: Mapping[str, Rule]) -> str:
    """Say that no rule has the name, and which one may have been meant."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"no rule is called {name!r}{hint} (`./ballast policy list` shows all)"


def _level(name: str, stated: object, mistakes: list[str]) -> Level | None:
    try:
        return Level(stated)
    except ValueError:
        allowed = ", ".join(level.value for level in Level)
        mistakes.append(f"{name}: the level is {stated!r}; allowed are {allowed}")
        return None


def _unknown_settings(rule: Rule, settings: Mapping[str, Any]) -> list[str]:
    allowed = ", ".join(rule.settings) or "none"
    return [
        f"{rule.id}: has no setting {key!r}; its settings are: {allowed}"
        for key in settings
        if key not in rule.settings
    ]
