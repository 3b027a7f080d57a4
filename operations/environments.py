"""Which environments exist, read off the stack files."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from embedded.layout import PROJECT_ROOT
from operations.console import UserError

_STACKS = PROJECT_ROOT / "stacks"
# How a stack of this project is called in a backend without organizations.
_PROJECT = "organization/ballast/"


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
        return self._config().get("ballast:target") == "embedded"

    @property
    def references(self) -> list[str]:
        """The environments of this project that this one is joined with: it reads their outputs."""
        network = self._config().get("ballast:network")
        peerings = network.get("peerings") if isinstance(network, dict) else None
        sides = peerings.values() if isinstance(peerings, dict) else ()
        stacks = [str(side.get("stack")) for side in sides if isinstance(side, dict)]
        named = (stack.removeprefix(_PROJECT) for stack in stacks if stack.startswith(_PROJECT))
        return sorted(set(named) & set(names()))

    def _config(self) -> dict[str, Any]:
        try:
            settings = yaml.safe_load(self.file.read_text()) or {}
        except yaml.YAMLError as error:
            message = f"{self.file.name} is not valid YAML: {error}"
            raise UserError(message) from None
        config = settings.get("config") if isinstance(settings, dict) else None
        return config if isinstance(config, dict) else {}

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
