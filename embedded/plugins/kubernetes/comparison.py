"""What differs between two versions of an object's inputs, path by path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from embedded.plugins.kubernetes import quantities
from embedded.plugins.values import UNKNOWN

Path = tuple[str | int, ...]

_MISSING: Final = object()


@dataclass(frozen=True)
class Change:
    """One difference."""

    path: Path
    kind: Literal["add", "delete", "update"]
    # What is there in the version that has more: a whole subtree may come or go.
    value: Any

    @property
    def text(self) -> str:
        """The path as Pulumi writes it."""
        return spell(self.path)


def spell(path: Path) -> str:
    """Write a path as Pulumi does: spec.containers[0].image, labels["a.b/c"]."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif any(sign in step for sign in '."[]'):
            quoted = step.replace('"', '\\"')
            text += f'["{quoted}"]'
        else:
            text += f".{step}" if text else step
    return text


def changes(old: Any, new: Any, *, built_in: bool, path: Path = ()) -> Iterator[Change]:
    """Yield what has to change for `old` to become `new`.

    In built-in kinds the API server drops empty lists and objects, so that
    "empty" and "absent" are the same there; in custom resources they may not be.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            sides = old.get(key, _MISSING), new.get(key, _MISSING)
            yield from _step(sides, built_in, (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            sides = _item(old, index), _item(new, index)
            yield from _elements(sides, built_in, (*path, index))
    elif not same(old, new, built_in=built_in, path=path):
        yield Change(path, "update", new)


def same(one: Any, other: Any, *, built_in: bool, path: Path = ()) -> bool:
    """Tell whether two plain values mean the same to the API server."""
    if one is UNKNOWN or other is UNKNOWN:
        return False
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other or (built_in and quantities.same(path, one, other))


def empty(value: Any, *, built_in: bool) -> bool:
    """Tell whether the API server would drop the value."""
    if value is None or value is _MISSING:
        return True
    if not built_in:
        return False
    if isinstance(value, dict):
        return all(empty(item, built_in=built_in) for item in value.values())
    return isinstance(value, list) and not value


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _MISSING


def _step(sides: tuple[Any, Any], built_in: bool, path: Path) -> Iterator[Change]:
    old, new = sides
    old_empty, new_empty = (empty(side, built_in=built_in) for side in sides)
    if old_empty and new_empty:
        return
    if old is _MISSING or (old is None):
        yield Change(path, "add", new)
    elif new is _MISSING or (new is None):
        yield Change(path, "delete", old)
    else:
        yield from changes(old, new, built_in=built_in, path=path)


def _elements(sides: tuple[Any, Any], built_in: bool, path: Path) -> Iterator[Change]:
    # In a list even an empty element counts: `egress: [{}]` allows everything.
    old, new = sides
    if old is _MISSING:
        yield Change(path, "add", new)
    elif new is _MISSING:
        yield Change(path, "delete", old)
    else:
        yield from changes(old, new, built_in=built_in, path=path)
