"""Between the program's inputs and outputs, and the objects of the API server."""

from __future__ import annotations

import base64
import copy
from typing import Any, Final

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.comparison import Path, same
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.values import Secret

_INITIAL_VERSION: Final = "__initialApiVersion"
_MANAGER: Final = "__fieldManager"
_INPUTS: Final = "__inputs"
_SECRET_FIELDS: Final = ("data", "stringData")

# The SDKs cannot have dashes in names.
_DASHED: Final = {
    f"x_kubernetes_{name}": f"x-kubernetes-{name.replace('_', '-')}"
    for name in (
        "embedded_resource",
        "int_or_string",
        "list_map_keys",
        "list_type",
        "map_type",
        "preserve_unknown_fields",
        "validations",
    )
}
_UNDERSCORED: Final = {dashed: plain for plain, dashed in _DASHED.items()}


def to_wire(inputs: Object) -> Object:
    """Return inputs as the API server takes them: no nulls, no provider's own keys."""
    kept = {key: value for key, value in inputs.items() if not key.startswith("__")}
    return _renamed(kept, _DASHED if kept.get("kind") == "CustomResourceDefinition" else {})


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            names.get(key, key): _renamed(item, names)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value


def outputs(live: Object, inputs: Object, manager: str) -> Object:
    """Return what the resource's state holds: the live object, and what later requests need."""
    result = _without_managed_fields(live)
    if live.get("kind") == "CustomResourceDefinition":
        result = _renamed(result, _UNDERSCORED)
    result = with_secrets(result)
    result[_INITIAL_VERSION] = inputs.get("apiVersion") or live.get("apiVersion")
    result[_MANAGER] = manager
    # May hold, anywhere, what the program marked secret: it is never shown.
    result[_INPUTS] = Secret(inputs)
    return result


def foreseen(dry: Object) -> Object:
    """Return outputs for a preview: of what a dry run answers, all but the status is to come."""
    result = with_secrets(_without_managed_fields(dry))
    result.pop("status", None)
    return result


def _without_managed_fields(live: Object) -> Object:
    result = copy.deepcopy(live)
    result.get("metadata", {}).pop("managedFields", None)
    return result


def with_secrets(obj: Object) -> Object:
    """Return the object with a Secret's contents marked secret."""
    if obj.get("kind") != "Secret" or obj.get("apiVersion") != "v1":
        return obj
    marked = {key: Secret(obj[key]) for key in _SECRET_FIELDS if obj.get(key) is not None}
    return {**obj, **marked}


def manager_of(outputs: Object) -> str:
    """Return the field manager that the state remembers."""
    return str(outputs.get(_MANAGER) or "")


def inputs_of(inputs: Object, outputs: Object) -> Object:
    """Return the last inputs, from the outputs where the engine sent none."""
    return inputs or outputs.get(_INPUTS) or {}


def adopted(live: Object) -> Object:
    """Return a live object as inputs, for a resource that the program never described."""
    result = _without_managed_fields(live)
    result.pop("status", None)
    meta = result.get("metadata", {})
    for key in objects.SERVER_METADATA:
        meta.pop(key, None)
    annotations = meta.get("annotations") or {}
    for key in (
        "deployment.kubernetes.io/revision",
        "kubectl.kubernetes.io/last-applied-configuration",
    ):
        annotations.pop(key, None)
    if not annotations:
        meta.pop("annotations", None)
    return result


def drifted(inputs: Object, before: Object, now: Object, kind: Kind) -> Object:
    """Return the inputs as the live object has them now, for what changed since `before`.

    What the API server made of a value when it was written (another spelling,
    a default) is no drift: only where the live object differs from the last
    known one does the live value count.
    """
    return _project(inputs, _readable(before), _readable(now), kind.built_in, ())


def _readable(live: Object) -> Object:
    """Return the object with a Secret's data also as the text it was given as."""
    data = live.get("data")
    if live.get("kind") != "Secret" or not isinstance(data, dict):
        return live
    texts = {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
    return {**live, "stringData": texts}


def _project(value: Any, before: Any, now: Any, built_in: bool, path: Path) -> Any:
    if isinstance(value, dict) and isinstance(now, dict):
        before = before if isinstance(before, dict) else {}
        return {
            key: _project(item, before.get(key), now.get(key), built_in, (*path, key))
            for key, item in value.items()
            # What the server never showed (it dropped or hides it) cannot drift.
            if now.get(key) is not None or before.get(key) is None
        }
    if isinstance(value, list) and isinstance(now, list):
        return _project_list(value, before, now, built_in, path)
    if now == before or same(value, now, built_in=built_in, path=path):
        return value
    return now


def _project_list(
    value: list[Any], before: Any, now: list[Any], built_in: bool, path: Path
) -> list[Any]:
    old = before if isinstance(before, list) else []
    shared = [
        _project(
            item, old[index] if index < len(old) else None, now[index], built_in, (*path, index)
        )
        for index, item in enumerate(value[: len(now)])
    ]
    # Entries that were there when we wrote are the server's own additions.
    added = [item for item in now[len(value) :] if item not in old]
    return shared + added
