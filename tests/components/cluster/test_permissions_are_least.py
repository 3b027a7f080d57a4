"""Every IAM document that the program makes, looked over for stars."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import ROOT
from tests.support.programs import RecordedStack

STACKS = sorted(
    path.stem.removeprefix("Pulumi.")
    for path in ROOT.glob("stacks/Pulumi.*.yaml")
    if not path.stem.endswith(".deploy")
)
CARRIERS = {
    "aws:iam/role:Role": ("assumeRolePolicy",),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:iam/policy:Policy": ("policy",),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy",),
    "aws:kms/key:Key": ("policy",),
}
# What AWS cannot limit to some resources: reading lists, and asking for a token.
UNLIMITED = (
    "Describe",
    "List",
    "GetAuthorizationToken",
)


def documents(resources: tuple[Any, ...]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for one in resources:
        for key in CARRIERS.get(one.type, ()):
            text = one.inputs.get(key)
            if isinstance(text, str):
                for statement in json.loads(text)["Statement"]:
                    yield one.name, one.type, statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("stack_name", STACKS)
def test_no_document_allows_more_than_is_named(
    stack_name: str, recorded_stack: RecordedStack, embedded_stand_in: Path
) -> None:
    found = list(documents(recorded_stack(stack_name)))
    if stack_name != "shared":
        assert len(found) > 8
    for name, kind, statement in found:
        if statement["Effect"] == "Deny":
            continue
        actions = listed(statement["Action"])
        # A key's policy is about that key alone, and the account has to be able to keep it.
        own_account = str(statement.get("Principal", {})).endswith(":root'}")
        if kind != "aws:kms/key:Key" or not own_account:
            assert not [action for action in actions if "*" in action], name
        if "*" in listed(statement.get("Resource", [])) and kind != "aws:kms/key:Key":
            wide = [a for a in actions if not a.split(":")[1].startswith(UNLIMITED)]
            assert not wide, f"{name}: {wide} on everything"


@pytest.mark.parametrize("stack_name", STACKS)
def test_nobody_is_trusted_but_named_services(
    stack_name: str, recorded_stack: RecordedStack, embedded_stand_in: Path
) -> None:
    for name, kind, statement in documents(recorded_stack(stack_name)):
        if statement["Effect"] == "Allow" and kind != "aws:iam/rolePolicy:RolePolicy":
            assert "*" not in json.dumps(statement.get("Principal", "none")), name
