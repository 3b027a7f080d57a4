"""Running `pulumi` as the user would, with the policy pack always on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded.layout import PROJECT_ROOT, Layout
from operations.environments import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICIES = PROJECT_ROOT / "policies"


@dataclass(frozen=True)
class Outcome:
    """How a command of the engine ended and what it told about itself."""

    exit_code: int
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Pulumi:
    """The engine, for one environment."""

    layout: Layout
    environment: Environment
    variables: Mapping[str, str]

    def select(self) -> None:
        """Make the stack unless it exists, and those whose outputs it reads.

        The engine refuses a reference to a stack that was never made. An empty one
        says nothing, and the program knows what to make of that.
        """
        for name in (*self.environment.references, self.environment.name):
            if not self._checkpoint_of(name).exists():
                self._quiet("stack", "init", name)

    def settle(self) -> int:
        """Drop the pending operations that a killed update left; return how many there were.

        The engine asks a person to look into each. Here nobody has to: the
        embedded providers keep a journal of what they made and adopt it when
        the resource is created again.
        """
        pending = self._latest().get("pending_operations") or []
        if pending:
            state = json.loads(self._quiet("stack", "export", "--stack", self.environment.name))
            state["deployment"].pop("pending_operations", None)
            with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
                json.dump(state, file)
            try:
                self._quiet(
                    "stack", "import", "--stack", self.environment.name, "--file", file.name
                )
            finally:
                Path(file.name).unlink()
        return len(pending)

    def run(self, verb: str, *arguments: str, policies: bool = True) -> Outcome:
        """Run a verb on the user's own screen and return its exit code and events."""
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch) / "events.jsonl"
            argv = ["pulumi", verb, "--stack", self.environment.name, *arguments]
            if policies:
                argv += self._policy_flags()
            argv += ["--event-log", str(log)]
            # The flag belongs to the Automation API and is hidden from people.
            with _interrupts_left_to_the_child():
                done = subprocess.run(
                    argv,
                    cwd=PROJECT_ROOT,
                    env=self._env(PULUMI_DEBUG_COMMANDS="true"),
                    check=False,
                )
            return Outcome(done.returncode, _read_events(log))

    def pass_through(self, *arguments: str) -> int:
        """Run any command of `pulumi` on the user's screen; return its exit code."""
        with _interrupts_left_to_the_child():
            return subprocess.run(
                ["pulumi", *arguments], cwd=PROJECT_ROOT, env=self._env(), check=False
            ).returncode

    def remove(self) -> None:
        """Forget the emptied stack; its settings stay."""
        name = self.environment.name
        self._quiet("stack", "rm", "--stack", name, "--yes", "--preserve-config")

    def resources(self) -> list[dict[str, Any]]:
        """Return what the state holds, providers and components included, the stack not."""
        held = self._latest().get("resources") or []
        return [one for one in held if one["type"] != "pulumi:pulumi:Stack"]

    @property
    def exists(self) -> bool:
        """Whether the stack has been made."""
        return self._checkpoint.exists()

    @property
    def _checkpoint(self) -> Path:
        return self._checkpoint_of(self.environment.name)

    def _checkpoint_of(self, name: str) -> Path:
        return self.layout.backend / ".pulumi" / "stacks" / "ballast" / f"{name}.json"

    def _latest(self) -> dict[str, Any]:
        """Return what the engine last wrote down; reading the file spares a start of `pulumi`."""
        if not self.exists:
            return {}
        latest: dict[str, Any] | None
        latest = json.loads(self._checkpoint.read_text())["checkpoint"].get("latest")
        return latest or {}

    def _policy_flags(self) -> list[str]:
        flags = ["--policy-pack", str(POLICIES)]
        if self.environment.enforcement is not None:
            flags += ["--policy-pack-config", str(self.environment.enforcement)]
        return flags

    def _quiet(self, *arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=PROJECT_ROOT,
            env=self._env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PulumiError(arguments, done.returncode, done.stderr.strip())
        return done.stdout

    def _env(self, **more: str) -> dict[str, str]:
        return {**os.environ, **self.variables, **more}


class PulumiError(Exception):
    """A command that should have been silent failed; says which, and in its own words why."""

    def __init__(self, arguments: Sequence[str], exit_code: int, said: str) -> None:
        super().__init__(f"`pulumi {' '.join(arguments)}` ended with {exit_code}:\n{said}")


@contextmanager
def _interrupts_left_to_the_child() -> Iterator[None]:
    # Ctrl-C reaches the whole process group. The engine winds down by itself
    # and prints how; dying under it would leave it without a reader.
    # A handler, not SIG_IGN: what is ignored stays ignored in the child.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _read_events(log: Path) -> list[dict[str, Any]]:
    if not log.exists():
        return []
    events: list[dict[str, Any]] = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            continue  # the engine was killed while it wrote this line
    return events
