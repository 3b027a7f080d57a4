"""Logical names and type tokens: they are the identity of every resource."""

from __future__ import annotations

from typing import Final

# AWS's tightest limit is 64 characters (IAM roles). Stacks put
# "ballast-<stack>-" in front of a name, and a stack's name has up to 15.
LONGEST: Final = 64 - len("ballast-") - 15 - len("-")


def token(area: str, name: str) -> str:
    """Return the type token of a component; it is part of every child's URN."""
    return f"ballast:{area}:{name}"


def child(parent: str, role: str, key: str | None = None) -> str:
    """Return the logical name of a child: the parent's name, its role, and what tells it apart.

    The key is a zone, a pool or a model, never a position: a list that is
    put in another order must not replace anything.
    """
    name = "-".join(part for part in (parent, role, key) if part)
    if len(name) > LONGEST:
        message = (
            f"the resource name {name!r} has {len(name)} characters; with the stack's prefix AWS "
            f"allows {LONGEST}. Shorten the name of the pool or model in it."
        )
        raise ValueError(message)
    return name
