"""Names for what the program did not name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.embedded.plugins.aws.conftest import AUTONAMING, Engine

ROLE = "aws:iam/role:Role"
TRUST = {"assumeRolePolicy": "{}"}


def named(engine: Engine, inputs: dict[str, Any] | None = None, **autonaming: Any) -> Any:
    options = replace(AUTONAMING, **autonaming)
    return engine.check(ROLE, {**TRUST, **(inputs or {})}, autonaming=options)


def test_a_name_is_the_logical_one_and_seven_hex_digits(offline: Engine) -> None:
    checked, _ = named(offline)
    assert re.fullmatch(r"thing-[0-9a-f]{7}", checked["name"])
    assert "name" in checked["__defaults"]


def test_the_same_seed_gives_the_same_name_and_another_another(offline: Engine) -> None:
    one, same, other = (named(offline, seed=seed)[0]["name"] for seed in (b"a", b"a", b"b"))
    assert one == same != other


def test_a_name_once_made_stays(offline: Engine) -> None:
    olds, _ = named(offline, seed=b"a")
    again, _ = offline.check(ROLE, TRUST, olds, autonaming=replace(AUTONAMING, seed=b"b"))
    assert again["name"] == olds["name"]


def test_a_name_that_the_program_gave_up_is_made_anew(offline: Engine) -> None:
    olds, _ = named(offline, {"name": "nodes"})
    again, _ = offline.check(ROLE, TRUST, olds)
    assert again["name"] != "nodes"


def test_a_prefix_is_completed(offline: Engine) -> None:
    checked, _ = named(offline, {"namePrefix": "nodes-"})
    assert re.fullmatch(r"nodes-\d{26}", checked["name"])


def test_the_name_that_the_engine_proposes_is_taken(offline: Engine) -> None:
    assert named(offline, proposed="ballast-local-thing")[0]["name"] == "ballast-local-thing"


def test_an_alias_keeps_its_prefix_whatever_is_proposed(offline: Engine) -> None:
    options = replace(AUTONAMING, proposed="ballast-key")
    inputs = {"targetKeyId": "k"}
    checked, _ = offline.check("aws:kms/alias:Alias", inputs, autonaming=options)
    assert checked["name"] == "alias/ballast-key"


def test_without_autonaming_a_name_is_asked_for(offline: Engine) -> None:
    _, failures = named(offline, disabled=True)
    assert "pulumi:autonaming is disabled" in failures[0].reason


@pytest.mark.parametrize("length", [65, 300])
def test_a_name_that_grew_too_long_is_refused(offline: Engine, length: int) -> None:
    _, failures = named(offline, proposed="x" * length)
    assert f"has {length} characters; at most 64" in failures[0].reason
