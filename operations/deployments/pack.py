"""The policy pack as `pulumi policy publish` wants it: one folder that needs nothing beside it.

In the checkout the pack shares the catalogue and the virtual environment with
the program; what is published has to bring both.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import yaml

from embedded.layout import PROJECT_ROOT

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "enforcement")
# What the pack imports beside the standard library; Pulumi and gRPC come with them.
_NEEDS = ("pulumi-policy", "pyyaml")


def bundle(target: Path, root: Path = PROJECT_ROOT) -> None:
    """Write the pack with its catalogue, its needs and its own environment to `target`."""
    shutil.copytree(root / "policies", target, ignore=_LEFT_OUT)
    shutil.copytree(root / "catalog", target / "catalog", ignore=_LEFT_OUT)
    project = target / "PulumiPolicy.yaml"
    content = yaml.safe_load(project.read_text())
    content["runtime"]["options"]["virtualenv"] = "venv"
    project.write_text(yaml.safe_dump(content, sort_keys=False))
    pins = _pins((root / "requirements.txt").read_text())
    (target / "requirements.txt").write_text("".join(f"{pin}\n" for pin in pins))


def _pins(requirements: str) -> list[str]:
    """Return the needs in the very versions that the project is tested with."""
    found = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", requirements, re.MULTILINE))
    return [f"{name}=={found[name]}" for name in _NEEDS]


if __name__ == "__main__":
    bundle(Path(sys.argv[1]))
