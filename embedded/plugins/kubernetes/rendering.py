"""`renderYamlToDirectory`: manifests instead of a cluster."""

from __future__ import annotations

from pathlib import Path

import yaml

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.objects import Object


def path_of(obj: Object, directory: str) -> Path:
    """Return the file of an object: definitions come first when applied in order."""
    definition = obj["kind"] == "CustomResourceDefinition"
    folder = Path(directory, "0-crd" if definition else "1-manifest")
    api = obj["apiVersion"].replace("/", "_").replace(":", "_")
    inside = objects.namespace(obj) or "default"
    return folder / f"{api}-{obj['kind'].lower()}-{inside}-{objects.name(obj)}.yaml"


def render(obj: Object, directory: str) -> Path:
    """Write the object's manifest and return its file."""
    for folder in ("0-crd", "1-manifest"):
        Path(directory, folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    path = path_of(obj, directory)
    # A manifest may hold a secret's plain text.
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(obj, sort_keys=True))
    return path


def remove(obj: Object, directory: str) -> Path:
    """Remove the object's manifest, if it is still there, and return its file."""
    path = path_of(obj, directory)
    path.unlink(missing_ok=True)
    return path
