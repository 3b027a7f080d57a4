"""Quantities such as 500m or 8Gi, which have more than one spelling."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

_SUFFIXES: Final = {
    "n": Decimal(10) ** -9,
    "u": Decimal(10) ** -6,
    "m": Decimal(10) ** -3,
    "": Decimal(1),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}

# The fields of built-in kinds whose values, or whose entries' values, are quantities.
_FIELDS: Final = frozenset(
    {
        "averageValue",
        "divisor",
        "podFixed",
        "sizeLimit",
        "storage",
        "value",
    }
)
_MAPS: Final = frozenset(
    {
        "allocatable",
        "capacity",
        "default",
        "defaultRequest",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "overhead",
        "podFixed",
        "requests",
    }
)


def parse(value: Any) -> Decimal | None:
    """Return a quantity's number, None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value)
    digits = text.rstrip("numkKMGTPEi")
    factor = _SUFFIXES.get(text[len(digits) :])
    try:
        return None if factor is None else Decimal(digits) * factor
    except InvalidOperation:
        return None


def same(path: tuple[str | int, ...], one: Any, other: Any) -> bool:
    """Tell whether two spellings at `path` say the same quantity."""
    names = [step for step in path if isinstance(step, str)]
    # An environment variable's `value` is text, whatever it looks like.
    if len(names) < 2 or names[-2] == "env":
        return False
    if names[-1] not in _FIELDS and names[-2] not in _MAPS:
        return False
    number = parse(one)
    return number is not None and number == parse(other)
