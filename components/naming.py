"""Logical names and type tokens: they are the identity of every resource."""

from __future__ import annotations

from typing import Final

# Stacks put "ballast-<stack>-" in front of a name in AWS; a stack's name has up to 15 letters.
_PREFIX: Final = len("ballast-") + 15 + len("-")
# Launch templates have the tightest limit of what is named at all, 128; then IAM roles, 64.
LONGEST: Final = 128 - _PREFIX
LONGEST_ROLE: Final = 64 - _PREFIX


def token(area: str, name: str) -> str:
    """Return the type token of a component; it is part of every child's URN."""
    return f"ballast:{area}:{name}"


def child(parent: str, role: str, key: str | None = None, *, longest: int = LONGEST) -> str:
    """Return the logical name of a child: the parent's name, its role, and what tells it apart.

    The key is a zone, a pool or a model, never a position: a list that is
    put in another order must not replace anything.
    """
    name = "-".join(part for part in (parent, role, key) if part)
    if len(name) > longest:
        message = (
            f"the resource name {name!r} has {len(name)} characters; with the stack's prefix AWS "
            f"allows {longest}. Shorten the name of the pool or model in it."
        )
        raise ValueError(message)
    return name
