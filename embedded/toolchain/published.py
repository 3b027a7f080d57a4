"""Files that a project publishes in its Go module and that are used as they are.

Nothing of them is copied into this repository: the module's sum is pinned, and Go checks
what it downloads against it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.layout import user_cache
from embedded.toolchain import go
from embedded.toolchain.errors import ToolError
from embedded.toolchain.locking import exclusively

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class PublishedFiles:
    """Some files of one module at one version."""

    name: str
    module: str
    version: str
    # As `go mod download -json` says, and as it would stand in a go.sum.
    sum: str
    # Paths inside the module.
    paths: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where the files lie once they are there; another sum is another folder."""
        sign = self.sum.removeprefix("h1:")[:12].replace("/", "_").replace("+", "-")
        return user_cache() / "published" / self.name / f"{self.version}-{sign}"

    def located(self) -> list[Path] | None:
        """Return the files, or None when one of them is missing."""
        files = [self.folder / Path(path).name for path in self.paths]
        return files if all(file.is_file() for file in files) else None


def ensure_files(published: PublishedFiles, say: Say) -> list[Path]:
    """Return the files, downloading their module once."""
    found = published.located()
    if found is not None:
        return found
    with exclusively(f"published-{published.name}", f"another run gets {published.name}", say):
        found = published.located()
        return found if found is not None else _fetch(published, say)


def _fetch(published: PublishedFiles, say: Say) -> list[Path]:
    say(f"getting {published.name} {published.version}, once")
    module = _download(published, go.ensure(say))
    published.folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(published.folder, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=published.folder.parent))
    try:
        for path in published.paths:
            shutil.copyfile(module / path, scratch / Path(path).name)
        scratch.chmod(0o755)
        scratch.rename(published.folder)
    except FileNotFoundError as error:
        message = (
            f"{published.module} {published.version} has no file {error.filename}; its record "
            "and the module disagree."
        )
        raise ToolError(message) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return [published.folder / Path(path).name for path in published.paths]


def _download(published: PublishedFiles, compiler: Path) -> Path:
    """Return the module's folder in Go's own cache."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = subprocess.run(
            [compiler, "mod", "download", "-json", f"{published.module}@{published.version}"],
            # Not a folder with a go.mod, whose replacements would count.
            cwd=folder,
            # The sum is pinned here, so that nobody else has to vouch for it.
            env={**go.environment(), "GOSUMDB": "off"},
            capture_output=True,
            text=True,
            check=False,
        )
    answer = _read(outcome.stdout)
    if outcome.returncode != 0 or "Dir" not in answer:
        why = answer.get("Error") or outcome.stderr.strip() or "no answer"
        message = (
            f"{published.module} {published.version} could not be downloaded. go says:\n  {why}\n"
            "Check the network and GOPROXY, and run the command again."
        )
        raise ToolError(message)
    if answer.get("Sum") != published.sum:
        message = (
            f"{published.module} {published.version} is not what it was: its sum is "
            f"{answer.get('Sum')}, and {published.sum} is pinned. Do not use it; find out why."
        )
        raise ToolError(message)
    return Path(answer["Dir"])


def _read(text: str) -> dict[str, Any]:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return {}
