"""Which environments exist, read off the stack files."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import yaml

from embedded.layout import PROJECT_ROOT
from operations.console import UserError

_STACKS = PROJECT_ROOT / "stacks"


@dataclass(frozen=True)
class Environment:
    """One stack of this project and the file with its settings."""

    name: str
    file: Path

    @property
    def embedded(self) -> bool:
        """Whether the stack runs on the embedded environment instead of AWS.

        Only this one setting is looked at, and only to know what has to be
        started: the program alone judges the settings.
        """
        try:
            settings = yaml.safe_load(self.file.read_text()) or {}
        except yaml.YAMLError as error:
            message = f"{self.file.name} is not valid YAML: {error}"
            raise UserError(message) from None
        config = settings.get("config") if isinstance(settings, dict) else None
        return isinstance(config, dict) and config.get("ballast:target") == "embedded"

    @property
    def enforcement(self) -> Path | None:
        """The policy levels of this environment, where they differ from the pack's own."""
        path = PROJECT_ROOT / "policies" / "enforcement" / f"{self.name}.json"
        return path if path.exists() else None


def names() -> list[str]:
    """Return the names of all environments, sorted."""
    files = _STACKS.glob("Pulumi.*.yaml")
    found = (file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)
    # Pulumi.<name>.deploy.yaml tells Pulumi Deployments how, not what.
    return sorted(name for name in found if "." not in name)


def find(name: str) -> Environment:
    """Return the environment called `name`; raise UserError with the nearest names."""
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        message = f"there is no environment {name!r}.{hint} Known: {', '.join(known)}."
        raise UserError(message)
    return Environment(name, _STACKS / f"Pulumi.{name}.yaml")
