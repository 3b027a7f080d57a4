"""What pulumi-aws says about properties: names, types, required ones (from schema.json)."""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from embedded.plugins.provider import Failure
from embedded.plugins.values import UNKNOWN

SCHEMA_FILE: Final = Path(__file__).with_name("schema.json")
_PYTHON: Final = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
_INTERNAL: Final = "__"


@dataclass(frozen=True)
class Schema:
    """The types that the table carries, as the released SDK declares them."""

    version: str
    provider: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    objects: Mapping[str, Mapping[str, Any]]

    @staticmethod
    @functools.cache
    def load() -> Schema:
        """Read schema.json once."""
        text = json.loads(SCHEMA_FILE.read_text())
        return Schema(
            text["version"], text["provider"]["inputs"], text["resources"], text["objects"]
        )

    def inputs(self, token: str) -> Mapping[str, Any]:
        """Return the input properties of a resource type."""
        return self.resources[token]["inputs"]

    def outputs(self, token: str) -> Mapping[str, Any]:
        """Return the properties that only the service sets."""
        return self.resources[token]["outputs"]

    def members(self, kind: Any) -> Mapping[str, Any]:
        """Return the properties, in and out, of the object type `kind` ("#eks/Cluster...")."""
        entry = self.objects[kind[1:]]
        return {**entry.get("outputs", {}), **entry.get("inputs", {})}

    def object_inputs(self, kind: Any) -> Mapping[str, Any]:
        """Return the input properties of the object type `kind`."""
        return self.objects[kind[1:]].get("inputs", {})

    def check_object(
        self,
        values: Mapping[str, Any],
        properties: Mapping[str, Any],
        required: Collection[str],
        path: str,
    ) -> list[Failure]:
        """Return what is wrong with the values: unknown, missing or of another type."""
        failures: list[Failure] = []
        for name, value in values.items():
            if name.startswith(_INTERNAL):
                continue
            where = f"{path}.{name}" if path else name
            if name not in properties:
                failures.append(Failure(where, _unknown_property(where, name, properties)))
            else:
                failures += self._check_value(value, properties[name], where)
        for name in required:
            if values.get(name) is None:
                where = f"{path}.{name}" if path else name
                failures.append(Failure(where, f"{where} is missing: it is required"))
        return failures

    def _check_value(self, value: Any, kind: Any, path: str) -> list[Failure]:
        if value is None or value is UNKNOWN or kind in ("any", "json"):
            return []
        if isinstance(kind, list):
            return self._check_list(value, kind[0], path)
        if isinstance(kind, dict):
            return self._check_map(value, kind["*"], path)
        if kind.startswith("#"):
            return self._check_nested(value, kind, path)
        return _check_scalar(value, kind, path)

    def _check_list(self, value: Any, kind: Any, path: str) -> list[Failure]:
        if not isinstance(value, list):
            return [_wrong_type(value, "a list", path)]
        checks = (
            self._check_value(item, kind, f"{path}[{index}]") for index, item in enumerate(value)
        )
        return [failure for failures in checks for failure in failures]

    def _check_map(self, value: Any, kind: Any, path: str) -> list[Failure]:
        if not isinstance(value, dict):
            return [_wrong_type(value, "a map", path)]
        checks = (self._check_value(item, kind, f"{path}.{key}") for key, item in value.items())
        return [failure for failures in checks for failure in failures]

    def _check_nested(self, value: Any, kind: str, path: str) -> list[Failure]:
        if not isinstance(value, dict):
            return [_wrong_type(value, "an object", path)]
        entry = self.objects[kind[1:]]
        return self.check_object(value, entry["inputs"], entry["required"], path)


def _check_scalar(value: Any, kind: str, path: str) -> list[Failure]:
    right = isinstance(value, _PYTHON[kind]) and isinstance(value, bool) == (kind == "boolean")
    # The released provider converts between scalars where that loses nothing.
    if right or _converts(value, kind):
        return []
    article = "an" if kind == "integer" else "a"
    return [_wrong_type(value, f"{article} {kind}", path)]


def _converts(value: Any, kind: str) -> bool:
    if isinstance(value, (dict, list)):
        return False
    if kind == "string":
        return True
    if kind == "boolean":
        return value in ("true", "false")
    return isinstance(value, str) and value.lstrip("-").isdigit()


def _wrong_type(value: Any, wanted: str, path: str) -> Failure:
    got = json.dumps(value) if _printable(value) else "a value with unknown parts"
    return Failure(path, f"{path} must be {wanted}; got {type(value).__name__} {got}")


def _printable(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def _unknown_property(path: str, name: str, properties: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, properties, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else _listed(properties)
    return f"{path} is not a property of pulumi-aws here; {hint}"


def _listed(names: Collection[str]) -> str:
    return f"there is: {', '.join(sorted(names))}"
