"""What is installed where a program runs: provider plugins and plain packages."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.plugins.language.interpreter import Interpreter

_ASK = "import json, sys; print(json.dumps([p for p in sys.path if p.endswith('-packages')]))"


@dataclass(frozen=True, kw_only=True)
class RequiredPackage:
    """A provider plugin that an installed SDK package asks for."""

    name: str
    version: str
    server: str = ""
    # Name, version and value of a package that is a parameterised provider.
    parameterization: tuple[str, str, bytes] | None = None


def site_folders(interpreter: Interpreter) -> list[Path]:
    """Return the folders in which `interpreter` keeps its packages."""
    if interpreter.environment is not None:
        return sorted(interpreter.environment.glob("lib*/python3*/site-packages"))
    answer = subprocess.run(
        [str(interpreter.require()), "-c", _ASK], capture_output=True, check=True, text=True
    )
    return [Path(folder) for folder in json.loads(answer.stdout)]


def required(interpreter: Interpreter) -> list[RequiredPackage]:
    """Return the plugins that the installed packages ask for, by name."""
    found: dict[str, RequiredPackage] = {}
    for folder in site_folders(interpreter):
        for file in folder.glob("*/pulumi-plugin.json"):
            package = _required(file)
            if package is not None:
                found.setdefault(package.name, package)
    return [found[name] for name in sorted(found)]


def _required(file: Path) -> RequiredPackage | None:
    try:
        plugin: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not plugin.get("resource") or not plugin.get("name"):
        return None
    parameter = plugin.get("parameterization")
    return RequiredPackage(
        name=plugin["name"],
        version=plugin.get("version") or _distribution_version(file.parent),
        server=plugin.get("server", ""),
        parameterization=(
            parameter["name"],
            parameter["version"],
            base64.b64decode(parameter["value"]),
        )
        if parameter
        else None,
    )


def _distribution_version(package: Path) -> str:
    versions = [
        version for name, version in distributions(package.parent) if name == _normal(package.name)
    ]
    plain = re.compile(r"\d+(\.\d+){1,2}")
    return next((version for version in versions if plain.fullmatch(version)), "")


def distributions(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield normalised name and version of what is installed in a site-packages folder."""
    for info in sorted(folder.glob("*.dist-info")):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        if name:
            yield _normal(name), version


def dependencies(interpreter: Interpreter, *, transitive: bool) -> list[tuple[str, str]]:
    """Return name and version of each package, or of those that no other one requires."""
    found: dict[str, str] = {}
    needed: set[str] = set()
    for folder in site_folders(interpreter):
        for name, version in distributions(folder):
            found.setdefault(name, version)
        if not transitive:
            needed.update(_requirements(folder))
    return sorted((name, version) for name, version in found.items() if name not in needed)


def _requirements(folder: Path) -> Iterator[str]:
    for metadata in folder.glob("*.dist-info/METADATA"):
        for line in metadata.read_text(encoding="utf-8", errors="replace").splitlines():
            if not line:
                break
            # An extra that nobody asked for does not make a package a dependency.
            if line.startswith("Requires-Dist:") and "extra ==" not in line:
                match = re.match(r"[\w.-]+", line.removeprefix("Requires-Dist:").strip())
                if match:
                    yield _normal(match.group())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
