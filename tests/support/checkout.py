"""A fresh checkout in a temporary folder, to be used and broken as a user would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.layout import PROJECT_ROOT, Layout
from tests.support.environment import ScratchLayout

# Variables of the developer's own shell that would change what is tested.
_FOREIGN = ("BALLAST_STATE_DIR", "PULUMI_HOME", "PULUMI_BACKEND_URL", "KUBECONFIG", "PYTHONPATH")


@dataclass(frozen=True)
class Checkout:
    """Runs `./ballast` in a copy of the project with an embedded environment of its own."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> Checkout:
        """Copy what git tracks or would track; share the virtual environment."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT_ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            source, target = PROJECT_ROOT / name, root / name
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        (root / ".venv").symlink_to(PROJECT_ROOT / ".venv")
        return cls(root)

    @property
    def layout(self) -> Layout:
        """Where this checkout keeps its environment, whatever the tests' own process is told."""
        return ScratchLayout(self.root, self.root / ".ballast")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace one passage, as an editor would; it has to be there."""
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} does not contain {old!r}"
        file.write_text(text.replace(old, new, 1))

    def run(self, *arguments: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
        """Run `./ballast` with the arguments and return what it printed, both streams as one."""
        return subprocess.run(
            [str(self.root / "ballast"), *arguments],
            cwd=self.root,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `./ballast` in a process group of its own, to be killed by the test."""
        return subprocess.Popen(
            [str(self.root / "ballast"), *arguments],
            cwd=self.root,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def env(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
        return {**kept, "NO_COLOR": "1", "COLUMNS": "160", "TERM": "dumb"}

    def state(self, stack: str = "local") -> dict[str, Any]:
        """Return the engine's checkpoint of the stack."""
        file = self.layout.backend / ".pulumi" / "stacks" / "ballast" / f"{stack}.json"
        state: dict[str, Any] = json.loads(file.read_text())
        return state["checkpoint"]["latest"]

    def urns(self, stack: str = "local") -> list[str]:
        return sorted(resource["urn"] for resource in self.state(stack).get("resources", []))
