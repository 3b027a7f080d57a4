"""Fills call templates and property paths with values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_FIELD: Final = re.compile(r"\{(\w+)\}")
_OMITTED: Final = object()


def render(template: Any, scope: Mapping[str, Any]) -> Any:
    """Return the template with its fields filled in; absent values are left out."""
    value = _render(template, scope)
    return None if value is _OMITTED else value


def _render(template: Any, scope: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        return _text(template, scope)
    if isinstance(template, Mapping):
        items = {key: _render(item, scope) for key, item in template.items()}
        return {key: item for key, item in items.items() if item is not _OMITTED}
    if isinstance(template, list):
        rendered = [_render(item, scope) for item in template]
        return [item for item in rendered if item is not _OMITTED]
    return template


def _text(template: str, scope: Mapping[str, Any]) -> Any:
    whole = _FIELD.fullmatch(template)
    if whole:
        value = scope.get(whole.group(1))
        return _OMITTED if value is None else value
    return _FIELD.sub(lambda match: _plain(scope[match.group(1)]), template)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def complete(template: str, scope: Mapping[str, Any]) -> bool:
    """Tell whether the scope has every field of the template."""
    return all(scope.get(name) is not None for name in _FIELD.findall(template))


def parse(template: str, text: str) -> dict[str, str] | None:
    """Return the fields that `text` was made of, or None when it does not fit.

    The last field takes the rest: ARNs hold colons themselves.
    """
    pieces = _FIELD.split(template)
    names = pieces[1::2]
    pattern = re.escape(pieces[0])
    for name, literal in zip(names, pieces[2::2], strict=True):
        last = name == names[-1]
        pattern += f"(?P<{name}>{'.+' if last else '.+?'}){re.escape(literal)}"
    match = re.fullmatch(pattern, text)
    return match.groupdict() if match else None
