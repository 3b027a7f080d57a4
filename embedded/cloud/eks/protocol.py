"""Reads and writes the EKS API by botocore's own description of it.

What the description does not know, or knows otherwise, is refused: a setting
that is silently dropped here would only be missed in AWS.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

from embedded.cloud.eks.errors import InvalidParameter

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}


def read_parameters(
    operation: Any, labels: Mapping[str, str], query: Mapping[str, list[str]], body: bytes
) -> dict[str, Any]:
    """Return the operation's parameters by the names of its description."""
    shape = operation.input_shape
    content = _read_body(body)
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        location = member.serialization.get("location")
        if location == "uri":
            found[name] = labels[wire]
        elif location == "querystring" and wire in query:
            found[name] = _from_query(member, query[wire], wire)
        elif location is None and content.get(wire) is not None:
            found[name] = content.pop(wire)
        content.pop(wire, None)
    if content:
        _refuse_unknown(operation.name, content, _body_names(shape))
    check(found, shape, operation.name)
    return found


def _read_body(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        message = "the body is not a JSON object"
        raise InvalidParameter(message)
    return content


def _body_names(shape: Any) -> list[str]:
    return [
        name for name, member in shape.members.items() if "location" not in member.serialization
    ]


def _from_query(member: Any, values: list[str], name: str) -> Any:
    if member.type_name == "list":
        return values
    text = values[0]
    if member.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if member.type_name == "integer":
        if not re.fullmatch(r"-?\d+", text):
            message = f"{name}: {text!r} is not a whole number"
            raise InvalidParameter(message)
        return int(text)
    return text


def check(value: Any, shape: Any, path: str) -> None:
    """Raise InvalidParameter unless `value` is what `shape` describes."""
    expected = _PYTHON_TYPES.get(shape.type_name, (object,))
    if not _is_a(value, expected):
        message = f"{path}: expected {shape.type_name}, got {json.dumps(value)}"
        raise InvalidParameter(message)
    if shape.type_name == "structure":
        _check_structure(value, shape, path)
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            check(item, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            check(key, shape.key, f"{path} key")
            check(item, shape.value, f"{path}.{key}")
    if expected != (object,):
        _check_limits(value, shape, path)


def _is_a(value: Any, expected: tuple[type, ...]) -> bool:
    """Tell whether the value has one of the types; True is no whole number here."""
    return isinstance(value, expected) and (not isinstance(value, bool) or bool in expected)


def _check_structure(value: dict[str, Any], shape: Any, path: str) -> None:
    unknown = value.keys() - shape.members.keys()
    if unknown:
        _refuse_unknown(path, unknown, list(shape.members))
    missing = [name for name in shape.required_members if value.get(name) is None]
    if missing:
        message = f"{path}: missing required parameter {', '.join(missing)}"
        raise InvalidParameter(message)
    for name, item in value.items():
        if item is not None:
            check(item, shape.members[name], f"{path}.{name}")


def _check_limits(value: Any, shape: Any, path: str) -> None:
    limits = shape.metadata
    size = value if isinstance(value, int) else len(value)
    if size < limits.get("min", size) or size > limits.get("max", size):
        what = "value" if isinstance(value, int) else "length"
        allowed = f"{limits.get('min', 'any')} to {limits.get('max', 'any')}"
        message = f"{path}: {what} {size} is outside {allowed}"
        raise InvalidParameter(message)
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        message = f"{path}: {value!r} is not one of {', '.join(enum)}"
        raise InvalidParameter(message)
    pattern = limits.get("pattern")
    if pattern and not re.fullmatch(pattern.removeprefix("^"), str(value)):
        message = f"{path}: {value!r} does not match {pattern}"
        raise InvalidParameter(message)


def _refuse_unknown(path: str, unknown: Any, known: list[str]) -> None:
    message = f"{path}: unknown parameter {', '.join(sorted(unknown))}; known: {', '.join(known)}"
    raise InvalidParameter(message)


def write_answer(answer: Mapping[str, Any]) -> bytes:
    """Return the answer as the API sends it: no nulls, dates as seconds."""
    return json.dumps(_plain(answer), separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return round(value.timestamp(), 3)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
