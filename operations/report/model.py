"""What a preview said, in the terms of whoever has to approve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from operations.cost.estimate import Estimate
from operations.report.scaling import Curve
from operations.report.topology import Topology


class Operation(StrEnum):
    """What happens to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    OTHER = "other"


class Kind(StrEnum):
    """How a policy's finding is to be read."""

    VIOLATION = "violation"
    UNDETERMINED = "undetermined"
    SUPPRESSED = "suppressed"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happens to one resource. Names of properties only: values may be secret."""

    operation: Operation
    type: str
    name: str
    component: str
    # Properties whose change makes a new resource out of it.
    reasons: Sequence[str] = ()
    # Properties that change.
    properties: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one policy said about one resource, or about the stack."""

    policy: str
    kind: Kind
    mandatory: bool
    severity: str
    resource: str
    title: str
    # Where, and what was found; a line each.
    found: str
    why: str = ""
    fix: str = ""
    # Of what is suppressed: until when, by whom, why.
    exemption: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of it."""

    stack: str
    changes: Sequence[Change]
    unchanged: int
    findings: Sequence[Finding]
    # How many policies were run.
    policies: int
    estimate: Estimate
    # The same before the change; absent: the stack does not exist yet.
    before: Estimate | None
    topology: Topology
    curves: Sequence[Curve]
    # What the engine itself could not do.
    errors: Sequence[str] = field(default=())

    @property
    def blocked(self) -> bool:
        """Whether the change cannot be made as it is."""
        return bool(self.errors) or any(one.mandatory for one in self.of(Kind.VIOLATION))

    def of(self, kind: Kind) -> list[Finding]:
        """Return the findings of a kind, the mandatory and the severe first."""
        order = ("critical", "high", "medium", "low")
        found = [one for one in self.findings if one.kind is kind]
        return sorted(
            found,
            key=lambda one: (
                not one.mandatory,
                order.index(one.severity) if one.severity in order else len(order),
                one.policy,
                one.resource,
            ),
        )

    def count(self, operation: Operation) -> int:
        """Return how many resources an operation happens to."""
        return sum(change.operation is operation for change in self.changes)
