from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from operations import backends, environments, guards
from operations.console import UserError
from operations.environments import Environment
from operations.guards import Caller

SHARED = {"PULUMI_BACKEND_URL": "s3://state?region=us-east-1"}


@cache
def home(stack: str) -> tuple[str, str]:
    return guards.home(environments.find(stack))


def at_home(stack: str, **changes: Any) -> Callable[[], Caller]:
    """Return who is logged in to the stack's own account, with changes."""
    account, region = home(stack)
    values = {"account": account, "region": region, "arn": "arn:aws:sts::1:assumed-role/me"}
    return lambda: Caller(**{**values, **changes})


def nobody() -> Caller:
    message = "AWS was asked"
    raise AssertionError(message)


def up(stack: str, *arguments: str, variables: dict[str, str] = SHARED, **who: Any) -> None:
    environment = environments.find(stack)
    guards.before_up(environment, arguments, who=at_home(stack, **who), variables=variables)


def destroy(stack: str, typed: str = "", **who: Any) -> list[str]:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return typed

    environment = environments.find(stack)
    guards.before_destroy(environment, who=at_home(stack, **who), ask=ask, variables=SHARED)
    return asked


def test_the_embedded_environment_asks_nobody() -> None:
    local = environments.find("local")
    guards.before_up(local, [], who=nobody, variables={})
    guards.before_destroy(local, who=nobody, variables={})


def test_in_its_own_account_and_region_dev_may_be_changed() -> None:
    up("dev")


def test_a_session_without_a_region_takes_the_stack_s() -> None:
    up("dev", region=None)


def test_the_wrong_account_is_refused_with_both_accounts() -> None:
    with pytest.raises(UserError) as error:
        up("dev", account="999999999999")
    assert "111122223333" in str(error.value)
    assert "999999999999" in str(error.value)


def test_the_wrong_region_is_refused_with_the_right_one() -> None:
    with pytest.raises(UserError, match="AWS_REGION=us-east-1"):
        up("dev", region="eu-west-1")


def test_destroying_in_the_wrong_account_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(UserError, match="lives in account"):
        destroy("prod", "prod", account="999999999999")


@pytest.mark.parametrize("variables", [{}, {"PULUMI_BACKEND_URL": ""}])
def test_state_on_one_machine_alone_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(UserError, match="on this machine alone"):
        up("dev", variables=variables)


def test_our_own_backend_left_in_a_shell_counts_as_none() -> None:
    with pytest.raises(UserError, match="on this machine alone"):
        up("dev", variables={"PULUMI_BACKEND_URL": "file:///home/me?metadata=skip"})


def test_the_embedded_environment_keeps_its_own_backend() -> None:
    assert backends.of_the_user(environments.find("local"), SHARED) is None
    assert backends.of_the_user(environments.find("dev"), SHARED) == SHARED["PULUMI_BACKEND_URL"]


def test_dev_is_destroyed_without_typing_its_name() -> None:
    assert destroy("dev") == []


@pytest.mark.parametrize("stack", ["staging", "prod", "shared"])
def test_a_protected_stack_wants_its_name_typed(stack: str) -> None:
    assert len(destroy(stack, stack)) == 1
    for typed in ("", "yes", "dev", stack.upper()):
        with pytest.raises(UserError, match="nothing was destroyed"):
            destroy(stack, typed)


def test_without_a_terminal_nobody_can_type_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Path(os.devnull).open())  # noqa: SIM115 - closed with it
    with pytest.raises(UserError, match="at a terminal only"):
        guards.before_destroy(environments.find("prod"), who=at_home("prod"), variables=SHARED)


@pytest.mark.parametrize("stack", ["prod", "shared"])
def test_production_is_changed_from_a_plan_only(stack: str) -> None:
    with pytest.raises(UserError, match=f"preview {stack} --save-plan"):
        up(stack)
    with pytest.raises(UserError, match="from a saved plan only"):
        up(stack, "--yes", "--skip-preview")


def plan(folder: Path, made: str) -> str:
    path = folder / "plan.json"
    path.write_text(json.dumps({"manifest": {"time": made}, "resourcePlans": {}}))
    return str(path)


@pytest.mark.parametrize("form", [" ", "="])
def test_a_plan_of_this_very_program_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(guards, "program_changed", lambda: datetime(2026, 11, 1, tzinfo=UTC))
    path = plan(tmp_path, "2026-11-01T00:00:01.123456789Z")
    up("prod", *([f"--plan={path}"] if form == "=" else ["--plan", path]))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_plan_that_is_older_than_the_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: str
) -> None:
    monkeypatch.setattr(guards, "program_changed", lambda: datetime(2026, 11, 2, tzinfo=UTC))
    with pytest.raises(UserError, match="nobody has seen what it would do now"):
        up(stack, "--plan", plan(tmp_path, "2026-11-01T00:00:00Z"))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"manifest": {"time": "soon"}}', "null"])
def test_what_is_no_plan_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(UserError, match="is no plan"):
        up("prod", "--plan", str(path))


def test_a_plan_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        up("prod", "--plan", str(tmp_path / "gone"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text("config: {}")
    (tmp_path / "README.md").write_text("read me")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    commit(tmp_path, 1_700_000_000)
    return tmp_path


def git(folder: Path, *arguments: str, **more: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, env={**os.environ, **more}
    )


def commit(folder: Path, at: int) -> None:
    moment = f"{at} +0000"
    git(
        folder,
        *("commit", "--quiet", "--message", "m"),
        GIT_AUTHOR_DATE=moment,
        GIT_COMMITTER_DATE=moment,
    )


def changed(folder: Path) -> float:
    return guards.program_changed(folder).timestamp()


def test_a_fresh_checkout_is_as_old_as_its_commit(checkout: Path) -> None:
    assert changed(checkout) == 1_700_000_000


def test_an_edit_that_is_not_committed_counts(checkout: Path) -> None:
    file = checkout / "stacks" / "Pulumi.prod.yaml"
    file.write_text("config: {a: b}")
    assert changed(checkout) == pytest.approx(file.stat().st_mtime, abs=1)


def test_a_new_file_counts(checkout: Path) -> None:
    (checkout / "stacks" / "new.py").write_text("")
    assert changed(checkout) > 1_700_000_000


def test_what_no_preview_depends_on_does_not_count(checkout: Path) -> None:
    (checkout / "README.md").write_text("changed")
    git(checkout, "add", ".")
    commit(checkout, 1_800_000_000)
    assert changed(checkout) == 1_700_000_000


def test_outside_git_nobody_can_tell(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="git cannot say"):
        guards.program_changed(tmp_path)


def test_a_stack_file_without_an_account_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.new.yaml"
    file.write_text("config: {ballast:target: aws, ballast:account: 111122223333}")
    with pytest.raises(UserError, match="no text for ballast:account"):
        guards.before_up(Environment("new", file), [], who=at_home("dev"), variables=SHARED)


def test_every_stack_with_rules_of_its_own_exists() -> None:
    for name in environments.names():
        guards.rules(name)
    import yaml

    named = yaml.safe_load(guards._RULES.read_text())
    assert set(named) <= set(environments.names())


def test_nobody_logged_in_is_said_with_how_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    with pytest.raises(UserError, match="aws sso login"):
        guards.caller()
