"""The settings of a stack: the only parser of configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, Self, cast, get_type_hints

import pulumi
import pulumi.runtime.config as configuration
from pydantic import Field, TypeAdapter, ValidationError

from stacks import checks, problems
from stacks.domain import AccountId
from stacks.network_sections import NetworkSettings
from stacks.problems import Problem
from stacks.registry_sections import RegistrySettings
from stacks.section import Section
from stacks.sections import (
    CapacitySettings,
    ClusterSettings,
    ServingSettings,
)


class Settings(Section):
    """What differs between environments, checked before the first resource.

    These sections every stack has; one with a cluster has those of `InferenceSettings` as well.
    """

    target: Literal["embedded", "aws"] = Field(description="where the stack lives")
    region: str = Field(description="AWS region, such as us-east-1")
    account: AccountId = Field(description="the only AWS account the stack may touch")
    network: NetworkSettings = Field(description="the VPC, its zones, tiers and ways out")
    registry: RegistrySettings = Field(
        default_factory=RegistrySettings,
        description="container images of our own, and mirrors of others'",
    )
    tags: dict[str, str] = Field(description="tags on everything")

    @classmethod
    def load(cls, config: pulumi.Config | None = None) -> Self:
        """Return the stack's settings, or raise RunError with everything that is wrong."""
        source = config or pulumi.Config()
        raw = _raw(source.name)
        found = parse(raw)
        if isinstance(found, list):
            raise pulumi.RunError(problems.report(pulumi.get_stack(), found))
        return cast(Self, found)


class InferenceSettings(Settings):
    """What an environment that serves models has besides."""

    cluster: ClusterSettings = Field(description="the EKS control plane and its system nodes")
    capacity: CapacitySettings = Field(description="the GPU node pools")
    serving: ServingSettings = Field(description="the request pipeline")


# With their Annotated checks, which `model_fields` keeps apart.
_TYPES: Final[dict[str, Any]] = get_type_hints(InferenceSettings, include_extras=True)
_FIELDS: Final = InferenceSettings.model_fields
# The engine hands these over as they are, and everything else as JSON.
_TEXT: Final = frozenset({"target", "region", "account"})


def parse(raw: Mapping[str, str]) -> Settings | list[Problem]:
    """Return the settings, or all that is wrong with them.

    Sections are read one by one, so that a mistake in one does not hide the
    mistakes in the others. One section of those that serving needs asks for them all.
    """
    serves = any(name in raw for name in _FIELDS.keys() - Settings.model_fields.keys())
    kind = InferenceSettings if serves else Settings
    wrong = [_unknown_section(key, raw[key]) for key in raw if key not in _FIELDS]
    sections: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        if name not in raw and not field.is_required():
            continue
        value = _read(name, raw)
        if isinstance(value, list):
            wrong += value
        else:
            sections[name] = value.value
    wrong += checks.run({**sections, "serves": serves})
    return wrong or kind.model_construct(**sections)


class _Read:
    """A section that was read well; its value may itself be a list."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _read(name: str, raw: Mapping[str, str]) -> _Read | list[Problem]:
    meaning = _FIELDS[name].description or name
    if name not in raw:
        return [problems.missing(f"ballast:{name}", meaning)]
    text = raw[name]
    try:
        value = text if name in _TEXT else json.loads(text)
        return _Read(TypeAdapter[Any](_TYPES[name]).validate_python(value))
    except json.JSONDecodeError:
        fix = "Write it as a block of keys and values."
        return [Problem(f"ballast:{name}", text, meaning, fix)]
    except ValidationError as error:
        kind = _TYPES[name]
        section = kind if isinstance(kind, type) and issubclass(kind, Section) else Settings
        return problems.translate(name, section, error)


def _unknown_section(name: str, got: str) -> Problem:
    known = list(_FIELDS)
    fix = f"No such setting. {problems.nearest(name, known)}"
    return Problem(f"ballast:{name}", got, f"settings {', '.join(known)}", fix)


def _raw(project: str) -> dict[str, str]:
    """Return the project's configuration: structured values as JSON text."""
    known = {**configuration.get_config_env(), **configuration.CONFIG.get()}
    prefix = f"{project}:"
    return {
        key.removeprefix(prefix): value for key, value in known.items() if key.startswith(prefix)
    }
