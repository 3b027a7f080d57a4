"""Compares inputs the way the released provider does: sets, documents, defaults, unknowns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from embedded.plugins.aws import documents
from embedded.plugins.aws.resource import Resource
from embedded.plugins.values import UNKNOWN, contains_unknown

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROTOCOLS: Final = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "all": "-1"}
_BLANKS: Final = (None, "", False, 0)


def is_blank(value: Any) -> bool:
    """Tell whether the value is what an absent property has; zero values are absent in AWS."""
    if value is UNKNOWN:
        return False
    if isinstance(value, (list, dict)):
        return len(value) == 0
    return value in _BLANKS


@dataclass(frozen=True)
class Change:
    """One changed property: where (with indices), where in the table, and how."""

    path: str
    pattern: str
    kind: str


@dataclass(frozen=True)
class Comparison:
    """Finds the changes between two sets of inputs of one resource type."""

    resource: Resource

    def changes(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
        """Return every changed path at the finest depth."""
        names = sorted((old.keys() | new.keys()) & self.resource.carried)
        return [
            change
            for name in names
            for change in self._value(name, name, old.get(name), new.get(name))
        ]

    def same(self, pattern: str, old: Any, new: Any) -> bool:
        """Tell whether two values of the property at `pattern` mean the same."""
        return not any(True for _ in self._value(pattern, pattern, old, new))

    def _value(self, path: str, pattern: str, old: Any, new: Any) -> Iterator[Change]:
        if new is UNKNOWN:
            yield Change(path, pattern, "add" if is_blank(old) else "update")
        elif (is_blank(old) and is_blank(new)) or (
            new is None and pattern in self.resource.computed
        ):
            return
        elif isinstance(old, dict) and isinstance(new, dict):
            yield from self._object(path, pattern, old, new)
        elif isinstance(old, list) and isinstance(new, list):
            yield from self._list(path, pattern, old, new)
        elif not self._equal(pattern, old, new):
            yield Change(path, pattern, _kind(old, new))

    def _object(
        self, path: str, pattern: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Change]:
        for key in sorted(old.keys() | new.keys()):
            inner = f"{pattern}.{key}"
            if inner not in self.resource.read_only:
                yield from self._value(_join(path, key), inner, old.get(key), new.get(key))

    def _list(self, path: str, pattern: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
        if pattern in self.resource.sets:
            yield from self._set(path, pattern, old, new)
            return
        for index, (before, after) in enumerate(zip(old, new, strict=False)):
            yield from self._value(f"{path}[{index}]", pattern, before, after)
        for index in range(len(new), len(old)):
            yield Change(f"{path}[{index}]", pattern, "delete")
        for index in range(len(old), len(new)):
            yield Change(f"{path}[{index}]", pattern, "add")

    def _set(self, path: str, pattern: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
        gone = self._unmatched(pattern, old, new)
        added = self._unmatched(pattern, new, old)
        for index in sorted(gone.keys() | added.keys()):
            if index in gone and index in added:
                kind = "update"
            else:
                kind = "delete" if index in gone else "add"
            yield Change(f"{path}[{index}]", pattern, kind)

    def _unmatched(self, pattern: str, these: list[Any], those: list[Any]) -> dict[int, Any]:
        left = list(those)
        unmatched: dict[int, Any] = {}
        for index, item in enumerate(these):
            twin = next((other for other in left if self._same_item(pattern, item, other)), None)
            if twin is None:
                unmatched[index] = item
            else:
                left.remove(twin)
        return unmatched

    def _same_item(self, pattern: str, one: Any, other: Any) -> bool:
        if contains_unknown(one) or contains_unknown(other):
            return False
        return self.same(f"{pattern}.*" if not isinstance(one, dict) else pattern, one, other)

    def _equal(self, pattern: str, old: Any, new: Any) -> bool:
        if pattern in self.resource.documents:
            return documents.same(old, new)
        if isinstance(old, str) and isinstance(new, str):
            return self._normal(pattern, old) == self._normal(pattern, new)
        if isinstance(old, (bool, int, float)) != isinstance(new, (bool, int, float)):
            return _as_text(old) == _as_text(new)
        return old == new

    def _normal(self, pattern: str, text: str) -> str:
        """Return the text as all its spellings are: protocols, addresses, references."""
        resource = self.resource
        if pattern in resource.caseless:
            return text.lower()
        if pattern in resource.protocols:
            return _PROTOCOLS.get(text.lower(), text.lower())
        if pattern in resource.without_scheme:
            return text.removeprefix("https://")
        return text.rpartition("/")[2] if pattern in resource.last_segment else text


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(old: Any, new: Any) -> str:
    if is_blank(old) and old is not False:
        return "add"
    return "delete" if new is None else "update"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f'{path}["{key}"]'
