"""Which versions of the Pulumi packages are installed, read without importing them."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path


def sdk_version() -> str:
    """Return the version of the `pulumi` package."""
    source = (_folder("pulumi") / "_version.py").read_text(encoding="utf-8")
    return re.findall(r'^_VERSION = "([^"]+)"', source, re.MULTILINE)[0]


def plugin_version(package: str) -> str:
    """Return the version of the provider plugin that `package` asks the engine for."""
    version: str = json.loads((_folder(package) / "pulumi-plugin.json").read_text())["version"]
    return version


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        message = (
            f"The Python package {package} is not installed. "
            "Run `./ballast doctor` to see what is missing."
        )
        raise ModuleNotFoundError(message, name=package)
    return Path(spec.origin).parent
