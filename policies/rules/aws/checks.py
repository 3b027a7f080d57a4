"""Ways to ask the same of many AWS resources."""

from __future__ import annotations

from collections.abc import Iterator

from frame.facts import Node
from frame.verdict import Outcome, Undetermined, Violation


def require_true(node: Node, found: str, fix: str = "") -> Iterator[Outcome]:
    """Yield a violation unless the switch is known to be on; AWS has it off."""
    if node.unknown:
        yield Undetermined(path=node.path)
    elif not node.is_true():
        yield Violation(path=node.path, found=f"is {node.shown()}: {found}", fix=fix)


def forbid_true(node: Node, found: str, fix: str = "") -> Iterator[Outcome]:
    """Yield a violation where the switch is on."""
    if node.unknown:
        yield Undetermined(path=node.path)
    elif node.is_true():
        yield Violation(path=node.path, found=f"is true: {found}", fix=fix)


def require_set(node: Node, found: str, fix: str = "") -> Iterator[Outcome]:
    """Yield a violation where nothing is set; that something is set can be seen of an id to come.

    An id that AWS will give is unknown and still a value.
    """
    if node.missing or node.value in ("", [], {}):
        yield Violation(path=node.path, found=f"not set: {found}", fix=fix)


def block(node: Node) -> Node:
    """Return the object, or the only one of a list: providers have it both ways."""
    return next(node.each(), node) if isinstance(node.value, list) else node
