"""What a look at an object says about its readiness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from embedded.plugins.kubernetes.objects import Object


@dataclass(frozen=True)
class Verdict:
    """Ready, not yet, or never; and why."""

    ready: bool
    # One line for the resource's row while it is being waited for.
    message: str = ""
    # What keeps it from being ready, for the error at the end.
    reasons: tuple[str, ...] = ()
    # Waiting longer is of no use.
    hopeless: bool = False


READY = Verdict(ready=True)

# Lists objects: apiVersion, kind, namespace, label selector.
Look = Callable[[str, str, str, str], list[Object]]
Rule = Callable[[Object, Look], Verdict]


def waiting(message: str, *reasons: str) -> Verdict:
    """Return "not yet"; the message is the reason where no other is given."""
    return Verdict(ready=False, message=message, reasons=reasons or (message,))


def hopeless(message: str, *reasons: str) -> Verdict:
    """Return "never"."""
    return Verdict(ready=False, message=message, reasons=(message, *reasons), hopeless=True)


def selector_text(selector: Any) -> str:
    """Write a label selector as a query takes it."""
    if not isinstance(selector, dict):
        return ""
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        terms.append(_expression(expression))
    return ",".join(terms)


def _expression(expression: Object) -> str:
    key, values = expression["key"], ",".join(expression.get("values") or [])
    return {
        "In": f"{key} in ({values})",
        "NotIn": f"{key} notin ({values})",
        "Exists": key,
        "DoesNotExist": f"!{key}",
    }[expression["operator"]]
