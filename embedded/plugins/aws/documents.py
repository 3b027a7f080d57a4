"""JSON policy documents: compared by what they mean, not by how they are written."""

from __future__ import annotations

import json
from typing import Any, Final

# Where AWS takes one value or a list of values.
_LISTS: Final = frozenset({"Action", "NotAction", "Resource", "NotResource"})
_PRINCIPALS: Final = frozenset({"Principal", "NotPrincipal"})


def same(left: Any, right: Any) -> bool:
    """Tell whether two documents, text or data, say the same."""
    first, second = _parse(left), _parse(right)
    if first is None or second is None:
        return left == right
    return _meaning(first) == _meaning(second)


def text(document: Any) -> Any:
    """Return a document given as data as the JSON text that the API takes."""
    if isinstance(document, (dict, list)):
        return json.dumps(document, separators=(",", ":"))
    return document


def _parse(document: Any) -> Any:
    if isinstance(document, str):
        try:
            return json.loads(document)
        except ValueError:
            return None
    return document if isinstance(document, (dict, list)) else None


def _meaning(document: Any) -> Any:
    if not isinstance(document, dict) or "Statement" not in document:
        return document
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    meanings = sorted((_statement(item) for item in listed), key=_key)
    return {**document, "Statement": meanings}


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    return {key: _clause(key, value) for key, value in statement.items() if value != ""}


def _clause(key: str, value: Any) -> Any:
    if key in _LISTS:
        return _unordered(value)
    if key in _PRINCIPALS:
        # "*" and {"AWS": "*"} both mean everybody.
        who = {"AWS": "*"} if value == "*" else value
        return {kind: _unordered(names) for kind, names in who.items()}
    if key == "Condition":
        return {
            test: {variable: _unordered(wanted) for variable, wanted in variables.items()}
            for test, variables in value.items()
        }
    return value


def _unordered(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return sorted({_scalar(item) for item in values})


def _scalar(value: Any) -> str:
    # Conditions may say true or "true", 1 or "1".
    return str(value).lower() if isinstance(value, bool) else str(value)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
