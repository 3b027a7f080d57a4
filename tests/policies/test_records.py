"""Records, policy objects and reference pages say the same, and each record is whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frame import pack
from frame.rule import Level, Rule
from matrix import ROWS
from reference import FOLDER, pages
from rules import RULES

WRITTEN_BY_HAND = {"agreement.md"}


def test_the_reference_pages_are_those_of_the_records() -> None:
    made = pages(RULES)
    kept = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    stale = [name for name, text in made.items() if kept.get(name) != text]
    assert stale == [], "run .venv/bin/python policies/reference.py"
    assert set(kept) - set(made) <= WRITTEN_BY_HAND


def test_every_policy_object_is_made_from_its_record() -> None:
    for rule, policy in zip(RULES, pack.policies(RULES), strict=True):
        assert (policy.name, policy.description) == (rule.id, rule.title)
        assert policy.enforcement_level is not None
        assert policy.enforcement_level.value == rule.level.value


def test_without_configuration_the_documented_rules_are_mandatory() -> None:
    assert {rule.id for rule in RULES if rule.level is Level.MANDATORY} == {
        "containers-set-memory-limits",
        "security-groups-not-open-to-world",
        "gpu-workloads-not-scaled-on-cpu-alone",
        "exemptions-state-reason-and-expiry",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_record_is_whole(rule: Rule) -> None:
    assert 15 <= len(rule.title) <= 100
    assert 80 <= len(rule.why) <= 700
    assert rule.fix
    assert rule.tokens
    assert rule.covers
    assert all(row in ROWS for row in rule.covers)
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")


def test_every_setting_is_described_in_a_sentence() -> None:
    for rule in RULES:
        for setting in rule.settings.values():
            assert re.search(r"[A-Z].*\.$", setting.description, re.S)


def test_no_rule_imports_a_provider_sdk() -> None:
    folder = Path(__file__).resolve().parents[2] / "policies"
    for path in folder.rglob("*.py"):
        assert not re.search(r"^\s*(import|from) pulumi_(aws|kubernetes)", path.read_text(), re.M)
