"""Resources as an event log has them, with marks instead of what is secret or not known yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

UNKNOWN: Final = "(known after the update)"
SECRET: Final = "(secret)"  # noqa: S105 - stands in for one
# How the engine marks secrets and values that a preview cannot know.
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # a string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource, after the change or before it."""

    urn: str
    type: str
    parent: str
    inputs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]


def read(state: Mapping[str, Any]) -> Resource:
    """Return the resource that an event's `old` or `new` describes."""
    return Resource(
        urn=state["urn"],
        type=state["type"],
        parent=state.get("parent") or "",
        inputs=plain(state.get("inputs") or {}),
    )


def plain(value: Any) -> Any:
    """Return the value with marks in place of secrets and unknowns."""
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return SECRET
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        if value in _UNKNOWNS:
            return UNKNOWN
        return SECRET if value == "[secret]" else value
    return value


def section(value: Any) -> Mapping[str, Any]:
    """Return the value where it is an object; else, also where it is not known, an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """Return the value where it is a list; else, also where it is not known, an empty one."""
    return list(value) if isinstance(value, list) else []


class Components:
    """Which component a resource belongs to, found by climbing from parent to parent."""

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        self._resources = resources

    def of(self, urn: str) -> str:
        """Return the nearest component's own name and kind, such as `GpuPool gpu24`."""
        while resource := self._resources.get(urn):
            if resource.type.startswith("ballast:"):
                return f"{resource.type.rpartition(':')[2]} {resource.name}"
            urn = resource.parent
        return "Stack"

    def area(self, urn: str) -> str:
        """Return the nearest component's area, such as `capacity`."""
        while resource := self._resources.get(urn):
            if resource.type.startswith("ballast:"):
                return resource.type.split(":")[1]
            urn = resource.parent
        return ""
