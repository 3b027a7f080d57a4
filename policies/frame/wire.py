"""The engine's messages as plain data, in one pass.

The SDK decodes every resource again for every policy; with a hundred rules that
is where the time of a preview would go. The result is the same as thawing
what the SDK hands to a policy, and the texts that the engine marks as secret are
kept aside, so that no message repeats them.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value

from frame.facts import UNKNOWN, UNKNOWN_MARKS

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark, not a secret


def read(message: Struct) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the message as plain data, and every text inside a secret."""
    secrets: set[str] = set()
    data = {key: _read(value, secrets, inside=False) for key, value in message.fields.items()}
    return data, frozenset(secrets)


def _read(value: Value, secrets: set[str], *, inside: bool) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        plain = UNKNOWN if value.string_value in UNKNOWN_MARKS else value.string_value
    elif kind == "number_value":
        number = value.number_value
        plain = int(number) if number.is_integer() else number
    elif kind == "struct_value":
        return _read_object(value.struct_value, secrets, inside=inside)
    elif kind == "list_value":
        return [_read(item, secrets, inside=inside) for item in value.list_value.values]
    else:
        return value.bool_value if kind == "bool_value" else None
    if inside and plain is not UNKNOWN:
        secrets.add(str(plain))
    return plain


def _read_object(message: Struct, secrets: set[str], *, inside: bool) -> Any:
    fields = message.fields
    if SIGNATURE not in fields:
        return {key: _read(item, secrets, inside=inside) for key, item in fields.items()}
    if fields[SIGNATURE].string_value == SECRET:
        return _read(fields["value"], secrets, inside=True)
    # Assets and archives: that there is one is all that a rule may ask.
    return "<asset>"
