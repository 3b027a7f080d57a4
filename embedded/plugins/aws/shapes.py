"""Moves values between pulumi-aws' shapes and the API's, guided by both models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded.plugins.aws.schema import Schema
from embedded.plugins.provider import ProviderError


def renamed(value: Any, path: str, names: Mapping[str, str]) -> Any:
    """Return the value with nested keys under the names that the API has for them."""
    if isinstance(value, list):
        return [renamed(item, path, names) for item in value]
    if isinstance(value, Mapping):
        return {
            names.get(f"{path}.{key}", key): renamed(item, f"{path}.{key}", names)
            for key, item in value.items()
            if item is not None
        }
    return value


def fit(value: Any, shape: Any, path: str) -> Any:
    """Return the value as the botocore shape wants it.

    Keys match without regard to case; one object becomes a list of one where the API
    has a list (pulumi-aws flattens blocks that occur at most once), and the reverse.
    """
    kind = shape.type_name
    if kind == "structure":
        single: Any = value[0] if isinstance(value, list) and len(value) == 1 else value
        return _structure(single, shape, path)
    if kind == "list":
        if isinstance(value, Mapping) and _is_key_value(shape.member):
            return [{"Key": key, "Value": text} for key, text in value.items()]
        items = value if isinstance(value, list) else [value]
        return [fit(item, shape.member, path) for item in items]
    if kind == "map":
        return {key: fit(item, shape.value, path) for key, item in value.items()}
    return _scalar(value, kind)


def _is_key_value(shape: Any) -> bool:
    return shape.type_name == "structure" and set(shape.members) == {"Key", "Value"}


def _structure(value: Mapping[str, Any], shape: Any, path: str) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    fitted: dict[str, Any] = {}
    for key, item in value.items():
        name = key if key in shape.members else members.get(key.lower())
        if name is None:
            message = f"{path}.{key} is not supported by the embedded AWS provider"
            raise ProviderError(message)
        if item is not None:
            fitted[name] = fit(item, shape.members[name], f"{path}.{key}")
    return fitted


def _scalar(value: Any, kind: str) -> Any:
    if kind == "boolean" and isinstance(value, str):
        return value == "true"
    if kind in ("integer", "long") and isinstance(value, str):
        return int(value)
    return as_text(value) if kind == "string" else value


def as_text(value: Any) -> Any:
    """Return a scalar as the text that APIs take for it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


def unfit(data: Any, kind: Any, path: str, names: Mapping[str, str]) -> Any:
    """Return API data as the pulumi-aws type `kind`; the reverse of `fit`."""
    if data is None:
        return None
    if isinstance(kind, list):
        items = data if isinstance(data, list) else [data]
        return [unfit(item, kind[0], path, names) for item in items]
    if isinstance(kind, dict):
        if isinstance(data, list):
            return {item["Key"]: item.get("Value", "") for item in data}
        return {key: unfit(item, kind["*"], path, names) for key, item in data.items()}
    if kind.startswith("#"):
        return _object(data, kind, path, names)
    return _plain(data, kind)


def _object(data: Any, kind: str, path: str, names: Mapping[str, str]) -> Any:
    single = data
    if isinstance(data, list):
        if not data:
            return None
        single = data[0]
    lowered = {key.lower(): item for key, item in single.items()}
    found: dict[str, Any] = {}
    for name, member in Schema.load().members(kind).items():
        key = names.get(f"{path}.{name}", name)
        value = unfit(lowered.get(key.lower()), member, f"{path}.{name}", names)
        if value is not None:
            found[name] = value
    return found


def _plain(data: Any, kind: str) -> Any:
    if isinstance(data, list):
        data = data[0] if data else None
    if hasattr(data, "isoformat"):
        return data.strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == "string":
        return as_text(data)
    if kind == "integer" and isinstance(data, str) and data.lstrip("-").isdigit():
        return int(data)
    if kind == "boolean" and isinstance(data, str):
        return data.lower() == "true"
    return data
