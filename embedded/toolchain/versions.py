"""Versions as programs print them, and which of them will do."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Version = tuple[int, ...]

_VERSION = re.compile(r"(?<![\d.])v?(\d+)\.(\d+)(?:\.(\d+))?")
_ASK_SECONDS = 20


@dataclass(frozen=True)
class VersionRange:
    """From `at_least` on, up to but without `below` (None: no end)."""

    at_least: Version
    below: Version | None = None

    def __contains__(self, version: Version) -> bool:
        return version >= self.at_least and (self.below is None or version < self.below)

    def __str__(self) -> str:
        start = f">= {text(self.at_least)}"
        return start if self.below is None else f"{start} and < {text(self.below)}"


def parse(output: str) -> Version | None:
    """Return the first version named in `output`, or None."""
    found = _VERSION.search(output)
    return tuple(int(part) for part in found.groups() if part is not None) if found else None


def text(version: Version) -> str:
    """Return `version` as people write it."""
    return ".".join(str(part) for part in version)


def ask(executable: Path, arguments: Sequence[str]) -> Version | None:
    """Return the version that `executable` says it has, or None when it does not say."""
    try:
        changed = executable.stat().st_mtime_ns
    except OSError:
        return None
    return _ask(executable, tuple(arguments), changed)


# One command asks for the same tool several times. The memory ends with the
# process: behind a shim (asdf, pyenv) the version changes while the file does not.
@cache
def _ask(executable: Path, arguments: tuple[str, ...], _changed: int) -> Version | None:
    try:
        answer = subprocess.run(
            [executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_ASK_SECONDS,
            check=False,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "GOTOOLCHAIN": "local"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse(answer.stdout) if answer.returncode == 0 else None
