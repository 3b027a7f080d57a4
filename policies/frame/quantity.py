"""Kubernetes quantities: 512Mi, 1.5, 250m, 8e9."""

from __future__ import annotations

import re
from typing import Final

from frame.facts import Node

_SUFFIXES: Final = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}
_QUANTITY: Final = re.compile(
    r"([+-]?(?:\d{1,18}\.?\d{0,18}|\.\d{1,18}))(?:([eE][+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)"
)
GIB: Final = 2**30


def parse(value: object) -> float | None:
    """Return the quantity as a number of its unit; None when it is no quantity."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    return float(number + (exponent or "")) * _SUFFIXES[suffix or ""]


def of(node: Node) -> float | None:
    """Return the quantity at the node; None when there is none or it is unknown."""
    return parse(node.value)


def gib(amount: float) -> str:
    """Write an amount of bytes in the unit that people set limits in."""
    if amount >= GIB:
        return f"{amount / GIB:.3g}Gi"
    return f"{amount / 2**20:.3g}Mi"
