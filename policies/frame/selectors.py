"""Kubernetes label selectors."""

from __future__ import annotations

from collections.abc import Iterator

from frame import tri
from frame.facts import Node


def selects(selector: Node, labels: Node) -> bool | None:
    """Tell whether the selector picks what carries the labels; None when not known yet.

    An empty selector picks everything, and a missing one nothing.
    """
    if selector.missing:
        return False
    if selector.unknown:
        return None
    return tri.all_of(_terms(selector, labels))


def matches_plain(selector: Node, labels: Node) -> bool | None:
    """Tell whether a plain map of labels (a Service's selector) picks what carries the labels."""
    if selector.unknown:
        return None
    if selector.missing or not selector.value:
        return False
    return tri.all_of(_equal(labels.at(key), node) for key, node in selector.entries())


def _terms(selector: Node, labels: Node) -> Iterator[bool | None]:
    wanted = selector.at("matchLabels")
    if wanted.unknown:
        yield None
    for key, node in wanted.entries():
        yield _equal(labels.at(key), node)
    for expression in selector.at("matchExpressions").each():
        yield _expression(expression, labels)


def _equal(actual: Node, wanted: Node) -> bool | None:
    if actual.unknown or wanted.unknown:
        return None
    return actual.known and actual.text() == wanted.text()


def _expression(expression: Node, labels: Node) -> bool | None:
    key, operator = expression.at("key"), expression.at("operator")
    if key.unknown or operator.unknown:
        return None
    actual = labels.at(key.text())
    if actual.unknown:
        return None
    if operator.value in ("Exists", "DoesNotExist"):
        return actual.known is (operator.value == "Exists")
    found = tri.any_of(_equal(actual, value) for value in expression.at("values").each())
    return tri.negate(found) if operator.value == "NotIn" else found
