"""Puts the engine and its plugins where a `pulumi` command finds them.

A released plugin that the user has installed goes before ours. Ours are linked
into PULUMI_HOME's plugin folder and not put on PATH, because the engine warns
at every command about plugins that it takes from there.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from embedded.layout import Layout
from embedded.plugins.versions import plugin_version, sdk_version

_LAUNCHERS = Path(__file__).resolve().parent / "bin"
# Nothing secret is in a local stack; the engine wants a passphrase all the same.
_PASSPHRASE = "ballast"  # noqa: S105 - not a secret
_PASSPHRASE_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


@dataclass(frozen=True, kw_only=True)
class _Plugin:
    """One plugin that the program needs, and the Python package that says which version."""

    kind: Literal["language", "resource"]
    name: str
    package: str

    @property
    def executable(self) -> str:
        return f"pulumi-{self.kind}-{self.name}"

    def folder(self, version: str) -> str:
        return f"{self.kind}-{self.name}-v{version}"


_PLUGINS = (
    _Plugin(kind="language", name="python", package="pulumi"),
    _Plugin(kind="resource", name="aws", package="pulumi_aws"),
    _Plugin(kind="resource", name="kubernetes", package="pulumi_kubernetes"),
)


@dataclass(frozen=True, kw_only=True)
class PluginChoice:
    """Which executable answers for a plugin, and why that one."""

    name: str
    # What the program's Python package asks for.
    version: str
    path: Path
    origin: Literal["released", "embedded"]
    reason: str


def environment(layout: Layout, tools: Mapping[str, Path]) -> dict[str, str]:
    """Return the variables for any `pulumi` command, and put in place what they lead to."""
    pulumi = tools["pulumi"]
    layout.backend.mkdir(parents=True, exist_ok=True)
    _link(layout.bin / "pulumi", pulumi)
    _install(layout, _choose(layout, pulumi))
    variables = {
        "PATH": os.pathsep.join([str(layout.bin.absolute()), *_user_path(layout)]),
        "PULUMI_HOME": str(layout.pulumi_home.absolute()),
        # No side files: one that a kill left empty makes every later command fail.
        "PULUMI_BACKEND_URL": f"file://{layout.backend.absolute()}?metadata=skip",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "true",
    }
    if not any(name in os.environ for name in _PASSPHRASE_VARIABLES):
        variables["PULUMI_CONFIG_PASSPHRASE"] = _PASSPHRASE
    return variables


def choices(layout: Layout | None = None, pulumi: Path | None = None) -> list[PluginChoice]:
    """Return what answers for each plugin, without putting anything in place."""
    layout = layout or Layout()
    return [choice for _, choice in _choose(layout, pulumi or layout.bin / "pulumi")]


def _choose(layout: Layout, pulumi: Path) -> list[tuple[_Plugin, PluginChoice]]:
    return [(plugin, _choice(plugin, layout, pulumi)) for plugin in _PLUGINS]


def _choice(plugin: _Plugin, layout: Layout, pulumi: Path) -> PluginChoice:
    version = _wanted_version(plugin)
    for path, reason in _released(plugin, version, layout, pulumi):
        if _LAUNCHERS not in path.resolve().parents:
            return PluginChoice(
                name=plugin.executable, version=version, path=path, origin="released", reason=reason
            )
    return PluginChoice(
        name=plugin.executable,
        version=version,
        path=_LAUNCHERS / plugin.executable,
        origin="embedded",
        reason="no released one on PATH, beside pulumi or in a plugin folder",
    )


def _released(
    plugin: _Plugin, version: str, layout: Layout, pulumi: Path
) -> Iterator[tuple[Path, str]]:
    """Yield where a released plugin could be, in the order in which the engine looks."""
    on_path = shutil.which(plugin.executable, path=os.pathsep.join(_user_path(layout)))
    if on_path:
        yield Path(on_path), "on PATH"
    beside = pulumi.resolve().parent / plugin.executable
    if plugin.kind == "language" and os.access(beside, os.X_OK):
        yield beside, "beside pulumi"
    if plugin.kind == "resource":
        major = version.split(".")[0]
        for home in _homes(layout):
            found = _installed(plugin, home / "plugins", major)
            if home == layout.pulumi_home:
                # A link there is one that `environment` made, not an installation.
                found = {v: path for v, path in found.items() if not path.is_symlink()}
            for found_version in sorted(found, key=lambda v: (v == version, _order(v)))[::-1]:
                yield found[found_version], f"{found_version} in {home / 'plugins'}"


def _installed(plugin: _Plugin, folder: Path, major: str) -> dict[str, Path]:
    """Return the installed versions of one major version, without what is still arriving."""
    name = re.compile(re.escape(plugin.folder("")) + rf"({re.escape(major)}\.\d+\.\d+)")
    found: dict[str, Path] = {}
    for place in folder.glob(plugin.folder("*")):
        match = name.fullmatch(place.name)
        executable = place / plugin.executable
        arriving = place.with_name(f"{place.name}.partial").exists()
        if match and not arriving and os.access(executable, os.X_OK):
            found[match.group(1)] = executable
    return found


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _homes(layout: Layout) -> list[Path]:
    named = os.environ.get("PULUMI_HOME")
    homes = [layout.pulumi_home, *([Path(named)] if named else []), Path.home() / ".pulumi"]
    return list(dict.fromkeys(homes))


def _user_path(layout: Layout) -> list[str]:
    """Return PATH without our own folder, which may be in it from a command further out."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [folder for folder in folders if folder and Path(folder) != layout.bin.absolute()]


def _wanted_version(plugin: _Plugin) -> str:
    """Return the version of the SDK package: the engine asks for a plugin of the very same."""
    return sdk_version() if plugin.kind == "language" else plugin_version(plugin.package)


def _install(layout: Layout, chosen: list[tuple[_Plugin, PluginChoice]]) -> None:
    """Link the chosen plugins into our plugin folder and take away older links of ours."""
    folder = layout.pulumi_home / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    wanted: set[str] = set()
    for plugin, choice in chosen:
        place = folder / plugin.folder(choice.version)
        if choice.reason in ("on PATH", "beside pulumi"):
            continue
        wanted.add(place.name)
        if choice.path.parent == place:
            continue
        # The folder itself has to be a real one: the engine overlooks links there.
        for file in _with_companions(choice):
            _link(place / file.name, file)
    for plugin, _ in chosen:
        for place in folder.glob(plugin.folder("*")):
            # Beside each folder the engine keeps files on when it was last used.
            if place.is_dir() and place.name not in wanted:
                _remove_links(place)


def _with_companions(choice: PluginChoice) -> list[Path]:
    return [choice.path] if choice.origin == "embedded" else sorted(choice.path.parent.iterdir())


def _remove_links(place: Path) -> None:
    for file in place.iterdir():
        if file.is_symlink():
            file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # a plugin that was really installed here stays
        place.rmdir()


def _link(link: Path, target: Path) -> None:
    """Make `link` lead to `target`; whoever looks meanwhile sees the old one or the new one."""
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=link.parent, prefix=".new-") as scratch:
        new = Path(scratch, link.name)
        new.symlink_to(target)
        new.replace(link)
