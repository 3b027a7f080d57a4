"""What Ballast runs on: what was found, where, which version, and how to get what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.markup import escape
from rich.table import Table

from embedded.layout import PROJECT_ROOT, Layout, user_cache
from embedded.plugins import path as plugins
from embedded.plugins.path import PluginChoice
from embedded.toolchain import go, resolve, versions
from embedded.toolchain.tools import BUILDS, TOOLS, GoBuild

_GIB = 1024**3
# What a first set-up writes: the tools and Go below our own folder, and what Go keeps.
_CACHE_NEEDS_GIB = 1
_GO_NEEDS_GIB = 8

_MARKS = {"ready": "[green]✓[/green]", "later": "[yellow]·[/yellow]", "amiss": "[red]✗[/red]"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked for."""

    name: str
    where: str = "-"
    version: str = "-"
    # later: it is missing, and Ballast brings it by itself. amiss: the user has to act.
    state: Literal["ready", "later", "amiss"] = "ready"
    fix: str = ""

    @property
    def fitting(self) -> bool:
        """Whether Ballast can work with what there is."""
        return self.state != "amiss"


def examine() -> list[Finding]:
    """Look for everything; changes nothing and builds nothing."""
    complete = all(resolve.locate(name) for name in TOOLS)
    return [
        Finding(name="python", where=sys.executable, version=platform.python_version()),
        _uv(),
        _git(),
        _go(needed=not complete),
        *(_tool(name) for name in TOOLS),
        *_plugins(),
        _writable(),
        *([] if complete else _room()),
    ]


def render(findings: list[Finding]) -> Table:
    """Return the findings as a table; the column of fixes is there when there is one."""
    headings = ("", "what", "version", "where")
    ailing = any(finding.fix for finding in findings)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in (*headings, "what to do") if ailing else headings:
        table.add_column(heading, overflow="fold")
    for finding in findings:
        cells = [finding.name, finding.version, _short(finding.where)]
        cells += [finding.fix] if ailing else []
        table.add_row(_MARKS[finding.state], *(escape(cell) for cell in cells))
    return table


def _short(where: str) -> str:
    for folder, short in ((str(PROJECT_ROOT), "."), (str(Path.home()), "~")):
        if where.startswith(f"{folder}/"):
            return short + where.removeprefix(folder)
    return where


def _uv() -> Finding:
    found = go.find_uv()
    if found is None:
        return Finding(name="uv", state="later", fix="comes by itself when it is needed")
    return Finding(name="uv", where=str(found), version=_version(found, "--version"))


def _git() -> Finding:
    found = shutil.which("git")
    if found is None:
        return Finding(name="git", state="amiss", fix="install git with your package manager")
    return Finding(name="git", where=found, version=_version(Path(found), "--version"))


def _go(*, needed: bool) -> Finding:
    found = go.locate()
    if found is not None:
        return Finding(name="go", where=str(found.path), version=found.version)
    if not needed:
        return Finding(name="go", where="not needed: every tool is there")
    on_path = go.on_path()
    where = f"{on_path[0]} does not fit: {go.accepted()}" if on_path else "-"
    fix = f"comes by itself: {go.pinned()} from PyPI with the first build"
    return Finding(name="go", where=where, state="later", fix=fix)


def _tool(name: str) -> Finding:
    found = resolve.locate(name)
    build = TOOLS[name].build
    if found is not None:
        return Finding(name=name, where=str(found.path), version=found.version)
    unfit = [f"{path} ({_version(path, *build.version_arguments)})" for path in _on_path(name)]
    where = f"{', '.join(unfit)} does not fit: {build.fits}" if unfit else "-"
    minutes = max(1, round(build.first_build_seconds / 60))
    fix = f"comes by itself: built once, about {minutes} min, for {build.needed_by}"
    return Finding(name=name, where=where, state="later", fix=fix)


def _on_path(name: str) -> list[Path]:
    return list(resolve.on_path(name))


def _plugins() -> list[Finding]:
    pulumi = resolve.locate("pulumi")
    return [
        Finding(
            name=choice.name,
            where=str(choice.path) if choice.origin == "embedded" else _released(choice),
            version=choice.version,
        )
        for choice in plugins.choices(Layout(), pulumi.path if pulumi else None)
    ]


def _released(choice: PluginChoice) -> str:
    return f"{choice.path} (released, {choice.reason})"


def _writable() -> Finding:
    folder = _existing(user_cache())
    if os.access(folder, os.W_OK | os.X_OK):
        return Finding(name="cache", where=str(user_cache()), version=_gib(_free(folder)))
    fix = f"make {folder} writable, or point XDG_CACHE_HOME to a folder that is"
    return Finding(name="cache", where=str(user_cache()), state="amiss", fix=fix)


def _room() -> list[Finding]:
    """Say whether what is missing can be built; on one disk, everything has to fit together."""
    ours, theirs = _existing(user_cache()), _existing(_go_cache())
    needs = {ours: _CACHE_NEEDS_GIB, theirs: _GO_NEEDS_GIB}
    if ours.stat().st_dev == theirs.stat().st_dev:
        needs = {ours: _CACHE_NEEDS_GIB + _GO_NEEDS_GIB}
    return [_room_in(folder, gib) for folder, gib in needs.items()]


def _room_in(folder: Path, gib: int) -> Finding:
    free = _free(folder)
    missing = ", ".join(_missing_modules())
    if free >= gib * _GIB:
        return Finding(name="disk space", where=str(folder), version=_gib(free))
    fix = f"building {missing} takes up to {gib} GB: free some"
    return Finding(name="disk space", where=str(folder), version=_gib(free), state="amiss", fix=fix)


def _missing_modules() -> list[str]:
    def missing(build: GoBuild) -> bool:
        return any(resolve.locate(name) is None for name in build.executables)

    return [build.module for build in BUILDS if missing(build)]


def _go_cache() -> Path:
    """Return where Go keeps what it compiled, as far as can be told without a Go."""
    compiler = go.locate()
    if compiler is not None:
        answer = subprocess.run(
            [compiler.path, "env", "GOCACHE"], capture_output=True, text=True, check=False
        )
        if answer.stdout.strip():
            return Path(answer.stdout.strip())
    named = os.environ.get("GOCACHE")
    return Path(named) if named else user_cache().parent / "go-build"


def _existing(folder: Path) -> Path:
    """Return `folder` or the nearest folder above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _gib(size: int) -> str:
    return f"{size / _GIB:.0f} GB free"


def _version(executable: Path, *arguments: str) -> str:
    version = versions.ask(executable, arguments)
    return versions.text(version) if version else "unknown"
