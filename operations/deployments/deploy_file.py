"""`stacks/Pulumi.<stack>.deploy.yaml`: what Pulumi Cloud runs for a stack, and as whom.

The format is the engine's own `DeploymentSettings`. Versions of the CLI up to
3.24x pushed such a file themselves; later ones only read and edit what is in
Pulumi Cloud, so the program beside this module sends it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from operations.console import UserError

_DURATION = re.compile(r"(?=\d)(\d+h)?(\d+m)?(\d+s)?")
_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/[\w+=,.@/-]+")


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value):
        message = f"{value!r} is no duration; write it like 30m, 1h or 1h30m"
        raise ValueError(message)
    return value


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        message = f"{value!r} is no role; write arn:aws:iam::<twelve digits>:role/<name>"
        raise ValueError(message)
    return value


class _Section(BaseModel):
    """What every section has in common: Pulumi Cloud's spelling, and nothing unknown."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=False
    )


class GitSource(_Section):
    """Which branch is deployed."""

    branch: str = Field(min_length=1)
    # Where Pulumi.yaml is.
    repo_dir: str = "."


class SourceContext(_Section):
    """Where the program comes from."""

    git: GitSource


class GitHub(_Section):
    """What starts a deployment."""

    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    deploy_commits: bool
    preview_pull_requests: bool
    pull_request_template: bool = False
    # A change elsewhere starts nothing; absent: every change does.
    paths: list[str] = Field(min_length=1)


class AwsOidc(_Section):
    """The role that a deployment takes on: its only way into AWS."""

    role_arn: Annotated[str, AfterValidator(_role)] = Field(alias="roleArn")
    session_name: str = Field(pattern=r"^[\w+=,.@-]{2,64}$")
    duration: Annotated[str, AfterValidator(_duration)] = "1h"

    @property
    def account(self) -> str:
        """The twelve digits of the account that the role is in."""
        match = _ROLE.fullmatch(self.role_arn)
        return match.group(1) if match else ""


class Oidc(_Section):
    """Short-lived credentials, one cloud a field."""

    aws: AwsOidc


class OperationOptions(_Section):
    """How the operation is run."""

    skip_install_dependencies: bool = False
    # Of commits in quick succession only the last is deployed.
    skip_intermediate_deployments: bool = True
    delete_after_destroy: bool = False


class OperationContext(_Section):
    """What is run, with which variables. Secrets have no place here: the file is in git."""

    oidc: Oidc
    pre_run_commands: list[str] = Field(default_factory=list[str])
    environment_variables: dict[str, str] = Field(default_factory=dict[str, str])
    options: OperationOptions = OperationOptions()


class DeploymentSettings(_Section):
    """All that Pulumi Cloud keeps for one stack's deployments."""

    source_context: SourceContext
    git_hub: GitHub = Field(alias="gitHub")
    operation_context: OperationContext


class DeployFile(_Section):
    """The whole file."""

    settings: DeploymentSettings


def load(path: Path) -> DeploymentSettings:
    """Return the settings in `path`; raise UserError with every fault in it at once."""
    try:
        content: Any = yaml.safe_load(path.read_text())
        return DeployFile.model_validate(content).settings
    except yaml.YAMLError as error:
        message = f"{path.name} is not valid YAML: {error}"
        raise UserError(message) from None
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}."
        raise UserError(message) from None
    except ValidationError as error:
        faults = "\n".join(f"  {_where(one['loc'])}: {one['msg']}" for one in error.errors())
        message = f"{path.name} is not what Pulumi Deployments takes:\n{faults}"
        raise UserError(message) from None


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the file"
