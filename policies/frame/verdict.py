"""What a rule can say about a resource.

A check yields outcomes as it finds them, and goes on: what is known to be wrong
counts although something before it is unknown, and what is unknown counts
although something else is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that the rule forbids."""

    # The property, as the program would write it.
    path: str
    # What is there: a sentence that goes on from the path.
    found: str
    # A line to paste. Absent: the rule's own.
    fix: str = ""
    # Why it matters here, in numbers. Absent: the rule's own.
    why: str = ""
    # Stack rules: the resource that is wrong. Absent: the stack.
    urn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undetermined:
    """A property that has to be known before the rule can decide."""

    path: str
    # What hangs on it; goes on from "cannot be decided before the deployment: ".
    because: str = ""
    urn: str = ""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The rule has nothing to say here."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that people should know although nothing is wrong: a cost, what is left."""

    said: str
    urn: str = ""


Outcome = Violation | Undetermined | NotApplicable | Note


class Kind(Enum):
    """The four verdicts."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    VIOLATION = "violation"
    UNDETERMINED = "undetermined"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that one rule said about one resource, or about one stack."""

    violations: tuple[Violation, ...] = ()
    undetermined: tuple[Undetermined, ...] = ()
    not_applicable: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def kind(self) -> Kind:
        """Return the verdict: known-bad beats unknown, and unknown beats good."""
        if self.violations:
            return Kind.VIOLATION
        if self.undetermined:
            return Kind.UNDETERMINED
        return Kind.NOT_APPLICABLE if self.not_applicable else Kind.PASS


@dataclass(kw_only=True)
class Tally:
    """How much of the pack could be decided."""

    decided: int = 0
    # Rule id to the paths that it waits for.
    undetermined: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def undecided(self) -> int:
        """Return how many checks could not be decided."""
        return sum(len(paths) for paths in self.undetermined.values())

    def add(self, rule: str, verdict: Verdict) -> None:
        """Count one verdict."""
        if verdict.undetermined:
            paths = (item.path for item in verdict.undetermined)
            self.undetermined.setdefault(rule, []).extend(paths)
        elif verdict.kind is not Kind.NOT_APPLICABLE:
            self.decided += 1


def decide(outcomes: Iterable[Outcome]) -> Verdict:
    """Sum outcomes up; the same finding twice counts once, and the order stays."""
    violations: dict[Violation, None] = {}
    undetermined: dict[Undetermined, None] = {}
    notes: dict[Note, None] = {}
    reason = ""
    for outcome in outcomes:
        if isinstance(outcome, Violation):
            violations[outcome] = None
        elif isinstance(outcome, Undetermined):
            undetermined[outcome] = None
        elif isinstance(outcome, Note):
            notes[outcome] = None
        else:
            reason = reason or outcome.reason
    return Verdict(tuple(violations), tuple(undetermined), reason, tuple(notes))
