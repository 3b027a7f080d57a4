"""What has to be right before a stack on AWS is changed. Each guard refuses with the way out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import typer
import yaml
from pydantic import BaseModel, ConfigDict

from embedded.layout import PROJECT_ROOT
from operations import backends
from operations.console import EXIT_ENVIRONMENT, UserError
from operations.environments import Environment

_RULES = Path(__file__).with_suffix(".yaml")
# What a preview's result depends on.
_PROGRAM = (
    *("__main__.py", "Pulumi.yaml", "requirements.txt"),
    *("catalog", "components", "policies", "stacks"),
)


class Rules(BaseModel):
    """What is asked of one stack more than of others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    up: Literal["plan"] | None = None
    destroy: Literal["name"] | None = None


@dataclass(frozen=True)
class Caller:
    """Whom AWS takes us for."""

    account: str
    # Absent: the session names none, and the stack's own is used.
    region: str | None
    arn: str


def before_up(
    environment: Environment,
    arguments: Sequence[str],
    *,
    who: Callable[[], Caller] | None = None,
    variables: Mapping[str, str] = os.environ,
) -> None:
    """Raise UserError unless the stack may be changed now, by us, in this way."""
    if environment.embedded:
        return
    _check_plan(environment, arguments)
    _check_backend(environment, variables)
    _check_caller(environment, (who or caller)())


def before_destroy(
    environment: Environment,
    *,
    who: Callable[[], Caller] | None = None,
    ask: Callable[[str], str] | None = None,
    variables: Mapping[str, str] = os.environ,
) -> None:
    """Raise UserError unless the stack may be destroyed now, by us."""
    if environment.embedded:
        return
    _check_backend(environment, variables)
    _check_caller(environment, (who or caller)())
    if rules(environment.name).destroy == "name":
        _check_name(environment, ask or _ask)


def rules(stack: str, path: Path = _RULES) -> Rules:
    """Return what is asked of the stack; of one that the file does not name, nothing more."""
    return Rules.model_validate((yaml.safe_load(path.read_text()) or {}).get(stack) or {})


def caller() -> Caller:
    """Ask AWS who we are."""
    import boto3  # half a second that other verbs need not pay
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.Session()
    try:
        # STS answers in any region; the session's own may be one that is switched off.
        found = session.client("sts", region_name="us-east-1").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        message = (
            f"AWS does not say who you are: {error}. Log in (aws sso login, or AWS_PROFILE=NAME) "
            f"and run the command again; nothing was changed."
        )
        raise UserError(message, EXIT_ENVIRONMENT) from None
    return Caller(account=found["Account"], region=session.region_name, arn=found["Arn"])


def _check_caller(environment: Environment, who: Caller) -> None:
    account, region = home(environment)
    if who.account != account:
        message = (
            f"{environment.name} lives in account {account}, and you are {who.arn} in account "
            f"{who.account}. Take the stack's own profile (AWS_PROFILE=NAME), or another stack."
        )
        raise UserError(message)
    if who.region is not None and who.region != region:
        message = (
            f"{environment.name} lives in {region}, and your session is set to {who.region}. "
            f"Set AWS_REGION={region}, or unset it: the stack knows its region."
        )
        raise UserError(message)


def home(environment: Environment) -> tuple[str, str]:
    """Return the account and the region that the stack's settings name."""
    config = (yaml.safe_load(environment.file.read_text()) or {}).get("config") or {}
    account, region = config.get("ballast:account"), config.get("ballast:region")
    if not isinstance(account, str) or not isinstance(region, str):
        name = "region" if isinstance(account, str) else "account"
        message = f"{environment.file.name} has no text for ballast:{name}; nothing was changed."
        raise UserError(message)
    return account, region


def _check_backend(environment: Environment, variables: Mapping[str, str]) -> None:
    if backends.of_the_user(environment, variables) is None:
        message = (
            f"the state of {environment.name} would lie on this machine alone, and the next "
            f"person's update would make everything a second time. Name where it is kept: "
            f"PULUMI_BACKEND_URL=s3://BUCKET?region=REGION, or https://api.pulumi.com."
        )
        raise UserError(message)


def _check_plan(environment: Environment, arguments: Sequence[str]) -> None:
    path = _plan(arguments)
    if path is None:
        if rules(environment.name).up == "plan":
            name = environment.name
            message = (
                f"{name} is changed from a saved plan only, so that what was reviewed is what "
                f"happens: ./ballast preview {name} --save-plan plan.json, have it approved, then "
                f"./ballast up {name} --plan plan.json."
            )
            raise UserError(message)
        return
    made, changed = _made(path), program_changed()
    if made < changed:
        message = (
            f"the plan in {path} is of {made:%Y-%m-%d %H:%M:%S} UTC, and the program changed at "
            f"{changed:%Y-%m-%d %H:%M:%S}: nobody has seen what it would do now. Make a new plan: "
            f"./ballast preview {environment.name} --save-plan {path}"
        )
        raise UserError(message)


def _plan(arguments: Sequence[str]) -> Path | None:
    for index, argument in enumerate(arguments):
        if argument == "--plan" and index + 1 < len(arguments):
            return Path(arguments[index + 1])
        if argument.startswith("--plan="):
            return Path(argument.removeprefix("--plan="))
    return None


def _made(path: Path) -> datetime:
    try:
        content: Any = json.loads(path.read_text())
        # Nanoseconds are more than Python's clock has.
        return datetime.fromisoformat(content["manifest"]["time"][:19]).replace(tzinfo=UTC)
    except OSError as error:
        message = f"the plan in {path} cannot be read: {error.strerror}."
        raise UserError(message) from None
    except (ValueError, KeyError, TypeError):
        message = f"{path} is no plan. Make one with ./ballast preview ENVIRONMENT --save-plan FILE"
        raise UserError(message) from None


def program_changed(root: Path = PROJECT_ROOT) -> datetime:
    """Return when what a preview depends on last changed: committed, or edited since.

    Not by the age of files alone: a fresh checkout makes all of them new.
    """
    paths = [path for path in _PROGRAM if (root / path).exists()]
    committed = int(_git(root, "log", "-1", "--format=%ct", "--", *paths).strip() or 0)
    status = _git(root, "status", "--porcelain", "-z", "--untracked-files=all", "--", *paths)
    edited = [root / entry[3:] for entry in status.split("\0") if len(entry) > 3]
    moments = [float(committed), *(path.stat().st_mtime for path in edited if path.exists())]
    return datetime.fromtimestamp(max(moments), UTC)


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        message = (
            f"git cannot say when the program changed ({done.stderr.strip()}), so nobody can "
            f"say whether the plan is of this program."
        )
        raise UserError(message, EXIT_ENVIRONMENT)
    return done.stdout


def _check_name(environment: Environment, ask: Callable[[str], str]) -> None:
    name = environment.name
    typed = ask(f"This destroys everything of {name}. Type its name to go on").strip()
    if typed != name:
        message = f"{typed!r} is not {name!r}: nothing was destroyed."
        raise UserError(message)


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        message = "a protected stack is destroyed by a person at a terminal only."
        raise UserError(message)
    answer: str = typer.prompt(question)
    return answer
