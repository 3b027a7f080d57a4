"""Small questions to, and changes of, an object's metadata; unknown parts are left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Object = dict[str, Any]

AUTONAMED: Final = "pulumi.com/autonamed"
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"
WAIT_FOR: Final = "pulumi.com/waitFor"
PATCH_FORCE: Final = "pulumi.com/patchForce"
PATCH_MANAGER: Final = "pulumi.com/patchFieldManager"
PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
REPLACE_UNREADY: Final = "pulumi.com/replaceUnready"

# What the API server alone writes into `metadata`.
SERVER_METADATA: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object's metadata; empty when there is none or it is not known yet."""
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def name(obj: Mapping[str, Any]) -> Any:
    """Return the object's name: text, UNKNOWN, or "" when it has none."""
    found = metadata(obj).get("name")
    return "" if found is None else found


def namespace(obj: Mapping[str, Any]) -> Any:
    """Return the object's namespace: text, UNKNOWN, or "" when it has none."""
    found = metadata(obj).get("namespace")
    return "" if found is None else found


def annotation(obj: Mapping[str, Any], key: str) -> str:
    """Return an annotation's text, "" when it is missing or not known yet."""
    annotations = metadata(obj).get("annotations")
    value = annotations.get(key) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) else ""


def flagged(obj: Mapping[str, Any], key: str) -> bool:
    """Tell whether an annotation says "true"."""
    return annotation(obj, key) == "true"


def identity(obj: Mapping[str, Any]) -> str:
    """Return the resource's id: `namespace/name`, or `name` outside namespaces."""
    inside = namespace(obj)
    return f"{inside}/{name(obj)}" if inside else str(name(obj))


def split_identity(identity: str) -> tuple[str, str]:
    """Return namespace ("" for none) and name of an id."""
    inside, _, own = identity.rpartition("/")
    return inside, own


def at(obj: Any, *path: str | int) -> Any:
    """Return what is at `path`, None when any step of it is missing."""
    for step in path:
        if isinstance(step, str) and isinstance(obj, dict):
            obj = obj.get(step)
        elif isinstance(step, int) and isinstance(obj, list) and -len(obj) <= step < len(obj):
            obj = obj[step]
        else:
            return None
    return obj


def condition(obj: Any, kind: str) -> Object:
    """Return the object's status condition of that type, {} when it has none."""
    for item in at(obj, "status", "conditions") or []:
        if item.get("type") == kind:
            return item
    return {}
