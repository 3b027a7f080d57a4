"""Three-valued logic: True, False, or None for what is not known yet."""

from __future__ import annotations

from collections.abc import Iterable


def any_of(values: Iterable[bool | None]) -> bool | None:
    """Return True when one is true whatever the others are, None when one may be."""
    undecided = False
    for value in values:
        if value:
            return True
        undecided = undecided or value is None
    return None if undecided else False


def all_of(values: Iterable[bool | None]) -> bool | None:
    """Return False when one is false whatever the others are, None when one may be."""
    undecided = False
    for value in values:
        if value is False:
            return False
        undecided = undecided or value is None
    return None if undecided else True


def negate(value: bool | None) -> bool | None:
    """Turn true and false around; what is not known stays so."""
    return None if value is None else not value
