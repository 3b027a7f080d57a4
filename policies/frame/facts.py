"""Property values as plain data, and a cursor that never raises on them.

The SDK hands properties over behind proxies that raise as soon as an unknown
value is touched, which ends the policy and lets everything after it pass.
Rules work on plain data instead, where an unknown value is a value like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeGuard, cast

# The engine's marks for "not known before the resource exists", one per type.
UNKNOWN_MARKS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class _Sentinel:
    """A value that stands for the lack of one; neither true nor false."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __bool__(self) -> bool:
        message = f"{self._name} is neither true nor false; test `.unknown` or `.missing` first"
        raise TypeError(message)

    def __deepcopy__(self, memo: object) -> _Sentinel:
        return self


UNKNOWN: Final = _Sentinel("<unknown>")
MISSING: Final = _Sentinel("<missing>")


def is_mapping(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether the value is an object with keys."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell whether the value is a list."""
    return isinstance(value, list)


def thaw(value: Any) -> Any:
    """Return the value as dicts, lists and scalars, with UNKNOWN where it is not known yet.

    Whole numbers become int: the engine sends every number as a float.
    """
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWN_MARKS else value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if is_mapping(value):
        return {str(key): thaw(item) for key, item in value.items()}
    if is_list(value):
        return [thaw(item) for item in value]
    return _thaw_foreign(value)


def _thaw_foreign(value: Any) -> Any:
    # The SDK's proxies answer this one key with the container behind them.
    if isinstance(value, Mapping | Sequence):
        return thaw(cast("Any", value)["__target"])
    if value is UNKNOWN or value is MISSING:
        return value
    if type(value).__name__ == "Secret":
        return thaw(value.value)
    return f"<{type(value).__name__}>"


def contains_unknown(value: Any) -> bool:
    """Tell whether the value is, or holds at any depth, an UNKNOWN."""
    if value is UNKNOWN:
        return True
    if is_mapping(value):
        return any(contains_unknown(item) for item in value.values())
    return is_list(value) and any(contains_unknown(item) for item in value)


@dataclass(frozen=True, slots=True)
class Node:
    """A place inside a resource's properties: the value there, and the path to it.

    Below an unknown value everything is unknown, at the path of that value.
    Null counts as missing, as it does for the engine and for Kubernetes.
    """

    value: Any
    path: str = ""

    @property
    def unknown(self) -> bool:
        """Whether the value is not known before the deployment."""
        return self.value is UNKNOWN

    @property
    def missing(self) -> bool:
        """Whether nothing is set here."""
        return self.value is MISSING

    @property
    def known(self) -> bool:
        """Whether there is a value here, and it is known."""
        return self.value is not UNKNOWN and self.value is not MISSING

    def at(self, *keys: str) -> Node:
        """Go down by the keys."""
        value, path = self.value, self.path
        for key in keys:
            if value is UNKNOWN:
                break
            path = _join(path, key)
            value = value.get(key) if is_mapping(value) else None
            if value is None:
                value = MISSING
        return Node(value, path)

    def each(self) -> Iterator[Node]:
        """Go through a list; a list that is unknown as a whole is one unknown item."""
        if self.value is UNKNOWN:
            yield self
        elif is_list(self.value):
            for position, item in enumerate(self.value):
                yield Node(MISSING if item is None else item, f"{self.path}[{position}]")

    def blocks(self) -> Iterator[Node]:
        """Go through a list of objects, or the one object that stands in its place."""
        if is_mapping(self.value):
            yield self
        else:
            yield from self.each()

    def entries(self) -> Iterator[tuple[str, Node]]:
        """Go through a mapping; nothing when there is none."""
        if is_mapping(self.value):
            for key in self.value:
                yield key, self.at(key)

    def text(self, default: str = "") -> str:
        """Return the value as text, or the default when it is no known scalar."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, bool):
            return str(self.value).lower()
        return str(self.value) if isinstance(self.value, int | float) else default

    def number(self) -> float | None:
        """Return the value as a number, also from text; None when it is none."""
        if isinstance(self.value, bool):
            return None
        if isinstance(self.value, int | float):
            return self.value
        try:
            return float(self.value) if isinstance(self.value, str) else None
        except ValueError:
            return None

    def is_true(self) -> bool:
        """Tell whether the value is known to be true; providers send some booleans as text."""
        return self.value is True or (isinstance(self.value, str) and self.value.lower() == "true")

    def is_false(self) -> bool:
        """Tell whether the value is known to be false."""
        text = isinstance(self.value, str) and self.value.lower() == "false"
        return self.value is False or text

    def texts(self) -> list[str]:
        """Return the known texts of a list, or of the one text in its place."""
        if isinstance(self.value, str):
            return [self.value]
        return [item.value for item in self.each() if isinstance(item.value, str)]

    def shown(self) -> str:
        """Return the value for a message."""
        if not self.known:
            return "not known before the deployment" if self.unknown else "not set"
        text = self.text() or type(self.value).__name__
        return text if len(text) <= 80 else f"{text[:77]}..."


def _join(path: str, key: str) -> str:
    step = _step(key)
    return path + step if path else step.removeprefix(".")


@cache
def _step(key: str) -> str:
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f'["{key}"]'
