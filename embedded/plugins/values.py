"""Property values as the engine sends them, and as plain Python.

The engine marks what plain JSON cannot say with reserved strings and objects:
a value that is not known before the resource exists, a secret, an asset, a
reference to a resource. Providers work on plain data with three stand-ins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

_UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker, not a secret
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"


class _Unknown:
    """A value that is not known before the resource that makes it exists."""

    def __repr__(self) -> str:
        return "<unknown>"

    def __bool__(self) -> bool:
        message = "an unknown value is neither true nor false; test `is UNKNOWN` first"
        raise TypeError(message)

    def __deepcopy__(self, memo: object) -> _Unknown:
        return self

    def __copy__(self) -> _Unknown:
        return self


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in the state and hides on the screen."""

    value: Any


def decode(message: struct_pb2.Struct | None) -> dict[str, Any]:
    """Return the message as plain data; secrets unwrapped, unknowns as UNKNOWN.

    Whole numbers come back as int. Secrets need no mark here: the engine marks
    each output again whose input of the same name was secret.
    """
    if message is None:
        return {}
    return {key: _decode(value) for key, value in message.fields.items()}


def _decode(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _decode_object(message: struct_pb2.Struct) -> Any:
    signature = message.fields[_SIGNATURE].string_value if _SIGNATURE in message.fields else ""
    if signature == _SECRET:
        return _decode(message.fields["value"])
    if signature == _OUTPUT:
        return _decode(message.fields["value"]) if "value" in message.fields else UNKNOWN
    if signature == _RESOURCE:
        return _decode(message.fields["id"]) if "id" in message.fields else None
    return {key: _decode(item) for key, item in message.fields.items()}


def encode(properties: dict[str, Any]) -> struct_pb2.Struct:
    """Return plain data as a message; UNKNOWN and Secret become the engine's marks."""
    return struct_pb2.Struct(fields={key: _encode(item) for key, item in properties.items()})


def _encode(value: Any) -> struct_pb2.Value:
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=_UNKNOWN_STRING)
    if isinstance(value, Secret):
        return _encode({_SIGNATURE: _SECRET, "value": value.value})
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, dict):
        return struct_pb2.Value(struct_value=encode(value))
    if isinstance(value, (list, tuple)):
        items = [_encode(item) for item in value]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    return _encode_scalar(value)


def _encode_scalar(value: Any) -> struct_pb2.Value:
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, (int, float)):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    message = f"a {type(value).__name__} cannot be sent to the engine"
    raise TypeError(message)


def contains_unknown(value: Any) -> bool:
    """Tell whether the value is, or holds at any depth, an UNKNOWN."""
    if value is UNKNOWN:
        return True
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return False
