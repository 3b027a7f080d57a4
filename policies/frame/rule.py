"""The declarative record of one rule.

Policy objects, reference pages, the coverage table and the settings that the
engine checks are all made from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import translate
from functools import cache
from typing import Any, Literal

from frame.resource import Index, Resource
from frame.verdict import Outcome

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# The engine reads these keys of a pack's configuration as something else.
_RESERVED = {"all", "environments"}


class Severity(Enum):
    """How bad a violation is when it reaches production."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Category(Enum):
    """What a violation costs."""

    RELIABILITY = "reliability"
    COST = "cost"
    SECURITY = "security"
    NETWORK = "network"
    SCALING = "scaling"


class Level(Enum):
    """What the engine does about a violation."""

    DISABLED = "disabled"
    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    REMEDIATE = "remediate"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One value that a stack's configuration may change."""

    type: Literal["boolean", "integer", "number", "string", "array", "object"]
    default: Any
    description: str
    # JSON Schema beyond the type: enum, items, minimum, ...
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that the engine validates the value with."""
        base = {"type": self.type, "default": self.default, "description": self.description}
        return {**base, **self.more}


@dataclass(frozen=True, kw_only=True)
class Framework:
    """The control of a published framework that the rule serves."""

    name: str
    version: str
    control: str


@dataclass(frozen=True, kw_only=True)
class Relative:
    """A check of another tool that asks the same, with the settings that make it so."""

    tool: str
    check: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


Settings = Mapping[str, Any]
ResourceCheck = Callable[[Resource, Settings], Iterator[Outcome]]
StackCheck = Callable[[Index, Settings], Iterator[Outcome]]
Remedy = Callable[[Resource, Settings], Mapping[str, Any] | None]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every rule states about itself."""

    id: str
    title: str
    # One paragraph with numbers: what happens to people who break the rule.
    why: str
    # The line to paste, where a finding brings none of its own.
    fix: str
    severity: Severity
    category: Category
    # Type tokens with wildcards. Stack rules: what has to be in the stack for the rule to apply.
    tokens: Sequence[str]
    # Rows of the check matrix: K.., A.., L...
    covers: Sequence[str]
    since: str = "0.1.0"
    # Without a stack's configuration.
    level: Level = Level.ADVISORY
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    frameworks: Sequence[Framework] = ()
    relatives: Sequence[Relative] = ()

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id) or self.id in _RESERVED:
            message = f"a rule's id is words joined by hyphens, and not {self.id!r}"
            raise ValueError(message)

    @property
    def url(self) -> str:
        """Return where the rule's page lies, relative to the checkout."""
        return f"docs/policies/{self.id}.md"

    def applies_to(self, token: str) -> bool:
        """Tell whether the rule has something to say about resources of the type."""
        return _matcher(tuple(self.tokens))(token)

    def with_defaults(self, given: Settings | None = None) -> dict[str, Any]:
        """Return the settings in force: the given ones over the defaults."""
        defaults = {key: setting.default for key, setting in self.settings.items()}
        return {**defaults, **(given or {})}


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule that needs to see one resource only; it can stop it before it is made."""

    check: ResourceCheck
    # Returns the properties put right. Only where that is safe and idempotent.
    remedy: Remedy | None = None


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule that joins resources; it runs once, at the end of a preview."""

    check: StackCheck


@cache
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    pattern = re.compile("|".join(translate(pattern) for pattern in patterns))

    @cache
    def matches(token: str) -> bool:
        return pattern.match(token) is not None

    return matches
