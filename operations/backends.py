"""Where a stack's state is kept: on this machine for what lives here, elsewhere for the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operations.environments import Environment
from operations.pulumi import Pulumi

URL = "PULUMI_BACKEND_URL"
# Ours, which `eval "$(./ballast env)"` leaves in a shell, says so.
_OURS = "metadata=skip"


def of_the_user(environment: Environment, variables: Mapping[str, str]) -> str | None:
    """Return the backend that the user named for a stack on AWS; None: the one on this machine."""
    url = variables.get(URL, "")
    return url if url and not environment.embedded and _OURS not in url else None


@dataclass(frozen=True)
class SharedPulumi(Pulumi):
    """The engine, for a stack whose state others share: only the engine can read it."""

    def select(self) -> None:
        """Make the stack unless it exists."""
        if not self.exists:
            self._quiet("stack", "init", self.environment.name)

    def resources(self) -> list[dict[str, Any]]:
        """Return what the state holds, providers and components included, the stack not."""
        if not self.exists:
            return []
        state = json.loads(self._quiet("stack", "export", "--stack", self.environment.name))
        held = (state.get("deployment") or {}).get("resources") or []
        return [one for one in held if one["type"] != "pulumi:pulumi:Stack"]

    @property
    def exists(self) -> bool:
        """Whether the stack has been made."""
        known = json.loads(self._quiet("stack", "ls", "--json"))
        return any(one["name"].split("/")[-1] == self.environment.name for one in known)
