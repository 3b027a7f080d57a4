"""The annotation pulumi.com/waitFor: the program's own idea of ready."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.awaiting.verdict import READY, Look, Rule, Verdict, waiting
from embedded.plugins.kubernetes.objects import Object, at, condition
from embedded.plugins.provider import ProviderError

_JSONPATH: Final = re.compile(r"jsonpath=\{?(?P<path>\.[^={}]+)\}?(?:=(?P<value>.*))?")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")


def rule(text: str) -> Rule:
    """Return the rule that the annotation's text describes: one expression, or a JSON list."""
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = text
    expressions = parsed if isinstance(parsed, list) else [text]
    rules = [_one(str(expression)) for expression in expressions]

    def every(live: Object, look: Look) -> Verdict:
        verdicts = (each(live, look) for each in rules)
        return next((verdict for verdict in verdicts if not verdict.ready), READY)

    return every


def _one(expression: str) -> Rule:
    if expression.startswith("condition="):
        return _condition(expression.removeprefix("condition="))
    found = _JSONPATH.fullmatch(expression)
    if found is None:
        message = (
            f"{objects.WAIT_FOR}: {expression!r} is not understood; write condition=Ready,"
            " condition=Ready=False or jsonpath={.status.phase}=Running"
        )
        raise ProviderError(message)
    return _jsonpath(found["path"], found["value"])


def _condition(text: str) -> Rule:
    kind, _, status = text.partition("=")

    def holds(live: Object, _look: Look) -> Verdict:
        found = condition(live, kind)
        if str(found.get("status", "")).lower() == (status or "True").lower():
            return READY
        why = f": {found.get('reason')}: {found.get('message')}" if found.get("message") else ""
        return waiting(f"waiting for the condition {kind} to be {status or 'True'}{why}")

    return holds


def _jsonpath(path: str, value: str | None) -> Rule:
    steps: list[str | int] = [
        int(index) if index else name or quoted for name, index, quoted in _STEP.findall(path)
    ]

    def holds(live: Object, _look: Look) -> Verdict:
        found = at(live, *steps)
        if found is not None and (value is None or _text(found) == value.strip("'\"")):
            return READY
        wanted = f"to be {value}" if value is not None else "to appear"
        return waiting(f"waiting for {path} {wanted}; it is {_text(found)}")

    return holds


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
