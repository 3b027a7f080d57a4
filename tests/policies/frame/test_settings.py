"""The pack's configuration: every mistake is named, and every environment's file is right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frame.rule import Level
from frame.settings import SettingsError, read, read_file
from rules import RULES

ENFORCEMENT = Path(__file__).resolve().parents[3] / "policies" / "enforcement"
ANTI_PATTERNS = (
    "containers-set-memory-limits",
    "security-groups-not-open-to-world",
    "gpu-workloads-not-scaled-on-cpu-alone",
)


@pytest.mark.parametrize("path", sorted(ENFORCEMENT.glob("*.json")), ids=lambda path: path.stem)
def test_every_environments_file_names_rules_that_exist(path: Path) -> None:
    settings = read_file(path, RULES)
    levels = {rule.id: settings.level(rule) for rule in RULES}
    assert all(levels[name] is Level.MANDATORY for name in ANTI_PATTERNS)


def test_in_production_every_rule_is_mandatory_but_the_one_about_unknown_values() -> None:
    settings = read_file(ENFORCEMENT / "prod.json", RULES)
    lax = [rule.id for rule in RULES if settings.level(rule) is not Level.MANDATORY]
    assert lax == ["checks-are-decided-in-preview"]


def test_every_environment_has_a_file() -> None:
    names = {path.stem for path in ENFORCEMENT.glob("*.json")}
    assert names == {"local", "dev", "staging", "prod", "shared"}


def test_every_mistake_is_named_at_once() -> None:
    content = {
        "all": "strict",
        "containers-set-memory-limit": "mandatory",
        "security-groups-not-open-to-world": {"enforcementLevel": "loud", "port": [22]},
    }
    with pytest.raises(SettingsError) as caught:
        read(content, RULES)
    said = str(caught.value)
    assert "all: the level is 'strict'" in said
    assert "did you mean 'containers-set-memory-limits'?" in said
    assert "the level is 'loud'; allowed are disabled, advisory, mandatory" in said
    assert "has no setting 'port'; its settings are: publicPorts" in said


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_a_file_that_is_no_object_is_an_error_that_names_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"x\.json"):
        read_file(path, RULES)


def test_settings_go_over_the_defaults() -> None:
    settings = read({"security-groups-not-open-to-world": {"ports": [22]}}, RULES)
    rule = next(rule for rule in RULES if rule.id == "security-groups-not-open-to-world")
    assert settings.of(rule)["ports"] == [22]
    assert settings.of(rule)["publicPorts"] == [443]
    assert json.dumps(rule.with_defaults())
