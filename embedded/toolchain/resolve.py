"""Where a tool is: on PATH in a fitting version, else built once into the user's cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from embedded.layout import Layout, user_cache
from embedded.toolchain import versions
from embedded.toolchain.builder import folder_of, make
from embedded.toolchain.errors import ToolError
from embedded.toolchain.tools import TOOLS, GoBuild, Tool

__all__ = ["Located", "ToolError", "ensure", "locate", "on_path"]


@dataclass(frozen=True)
class Located:
    """One executable that can be run."""

    name: str
    path: Path
    version: str
    origin: Literal["PATH", "cache"]


def locate(name: str) -> Located | None:
    """Return where `name` is, or None when it has to be built; never builds."""
    tool = _tool(name)
    for path in on_path(name) if tool.build.version_arguments else ():
        version = versions.ask(path, tool.build.version_arguments)
        if version is not None and version in tool.build.fits:
            return Located(name, path, versions.text(version), "PATH")
    path = folder_of(tool.build) / name
    if os.access(path, os.X_OK):
        return Located(name, path, tool.build.version, "cache")
    return None


def ensure(names: Sequence[str], say: Callable[[str], None]) -> dict[str, Path]:
    """Return the executables called `names`, building what is missing."""
    located = {name: locate(name) for name in names}
    for build in _builds(name for name, found in located.items() if found is None):
        make(build, say)
    return {
        name: found.path if found else folder_of(_tool(name).build) / name
        for name, found in located.items()
    }


def on_path(name: str) -> Iterator[Path]:
    """Yield every executable called `name` on PATH that is not one of our own links."""
    own_links, own_builds = Layout().bin, user_cache() / "tools"
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        candidate = Path(entry) / name
        if not entry or Path(entry) == own_links:
            continue
        if not candidate.is_file() or not os.access(candidate, os.X_OK):
            continue
        if not candidate.resolve().is_relative_to(own_builds.resolve()):
            yield candidate.absolute()


def _tool(name: str) -> Tool:
    if name not in TOOLS:
        message = f"no tool is called {name!r}; there are {', '.join(TOOLS)}."
        raise ToolError(message)
    return TOOLS[name]


def _builds(names: Iterator[str]) -> list[GoBuild]:
    # A dict keeps the order and drops repetitions: one build may make several tools.
    return list({_tool(name).build.module: _tool(name).build for name in names}.values())
