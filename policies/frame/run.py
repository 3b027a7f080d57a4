"""Rules on resources, with no engine around.

The analyzer, the tests and `./ballast policy check` all come through here, so a verdict
does not depend on who asked.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from frame.exemptions import Exemption, from_annotations
from frame.resource import Index, PackView, Resource
from frame.rule import Level, ResourceRule, Rule, StackRule
from frame.settings import PackSettings
from frame.verdict import (
    Note,
    Outcome,
    Tally,
    Undetermined,
    Verdict,
    Violation,
    decide,
)


class FindingKind(Enum):
    """How a finding is to be read."""

    VIOLATION = "violation"
    UNDETERMINED = "undetermined"
    SUPPRESSED = "suppressed"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to tell the person: which rule, where, how serious, and the words."""

    rule: Rule
    # Absent: the stack as a whole.
    urn: str
    kind: FindingKind
    level: Level
    path: str
    message: str


def examine_resource(rule: ResourceRule, resource: Resource, settings: PackSettings) -> Verdict:
    """Return what the rule says about the resource."""
    if not rule.applies_to(resource.token):
        return Verdict(not_applicable=f"{resource.token} is no concern of this rule")
    return decide(_guarded(rule, lambda: rule.check(resource, settings.of(rule))))


def examine_stack(rule: StackRule, index: Index, settings: PackSettings) -> Verdict:
    """Return what the rule says about the stack."""
    if not any(rule.applies_to(resource.token) for resource in index.resources):
        return Verdict(not_applicable="the stack has nothing of the kind")
    return decide(_guarded(rule, lambda: rule.check(index, settings.of(rule))))


def findings_of(
    rule: Rule, verdict: Verdict, subject: Resource | Index, settings: PackSettings
) -> Iterator[Finding]:
    """Turn a verdict into what is told to the person, exemptions applied."""
    level = settings.level(rule)
    for violation in verdict.violations:
        urn = _urn(violation, subject)
        note, exempted = _exemption_for(rule, urn, subject, settings)
        yield Finding(
            rule=rule,
            urn=urn,
            kind=FindingKind.SUPPRESSED if exempted else FindingKind.VIOLATION,
            level=Level.ADVISORY if exempted else level,
            path=violation.path,
            message=_redact(render(rule, violation) + note, subject),
        )
    for note in verdict.notes:
        yield Finding(
            rule=rule,
            urn=_urn(note, subject),
            kind=FindingKind.NOTE,
            level=Level.ADVISORY,
            path="",
            message=_redact(f"note: {note.said}", subject),
        )
    undetermined_level = level if settings.undetermined_is_mandatory else Level.ADVISORY
    for urn, items in _grouped(verdict.undetermined, subject):
        yield Finding(
            rule=rule,
            urn=urn,
            kind=FindingKind.UNDETERMINED,
            level=undetermined_level,
            path=items[0].path,
            message=_redact(_render_undetermined(items), subject),
        )


def evaluate(
    resources: Iterable[Resource], rules: Sequence[Rule], settings: PackSettings | None = None
) -> list[Finding]:
    """Run every rule that is not disabled over the resources, in a fixed order."""
    settings = settings or PackSettings()
    index = Index(resources)
    active = [rule for rule in rules if settings.level(rule) is not Level.DISABLED]
    found: list[Finding] = []
    for resource in index.resources:
        for rule in active:
            if isinstance(rule, ResourceRule) and rule.applies_to(resource.token):
                verdict = examine_resource(rule, resource, settings)
                found.extend(findings_of(rule, verdict, resource, settings))
    look_at(index, rules, settings)
    for rule in active:
        if isinstance(rule, StackRule):
            verdict = examine_stack(rule, index, settings)
            found.extend(findings_of(rule, verdict, index, settings))
    return found


def look_at(index: Index, rules: Sequence[Rule], settings: PackSettings) -> None:
    """Let the rules about the pack itself see the pack."""
    active = [rule for rule in rules if settings.level(rule) is not Level.DISABLED]
    index.pack = PackView(
        rule_ids=frozenset(rule.id for rule in rules),
        today=settings.today,
        tally=lambda: tally(index, active, settings),
    )


def tally(index: Index, rules: Sequence[Rule], settings: PackSettings) -> Tally:
    """Count the decided and the undecided checks of the resource rules over a stack."""
    total = Tally()
    for resource in index.resources:
        for rule in rules:
            if isinstance(rule, ResourceRule) and rule.applies_to(resource.token):
                total.add(rule.id, examine_resource(rule, resource, settings))
    return total


def render(rule: Rule, violation: Violation) -> str:
    """Write a violation out: what was found, why it matters, what to paste."""
    place = f"{violation.path}: " if violation.path else ""
    return (
        f"{place}{violation.found}\n"
        f"  why: {violation.why or rule.why}\n"
        f"  fix: {violation.fix or rule.fix}"
    )


def _render_undetermined(items: Sequence[Undetermined]) -> str:
    lines = [f"  {item.path}" + (f" ({item.because})" if item.because else "") for item in items]
    return "\n".join(["undetermined until these values are known:", *lines])


def _guarded(rule: Rule, check: Callable[[], Iterator[Outcome]]) -> Iterator[Outcome]:
    """Pass outcomes on; an error in the rule is a violation, not a pass and not a crash."""
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in a rule, it must not pass
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        yield Violation(
            path="",
            found=f"internal error in {rule.id} at {place}: {type(error).__name__}: {error}",
            why="A rule that fails has checked nothing, so it does not let the resource through.",
            fix=f"report it with this message; meanwhile exempt {rule.id} with a reason and a date",
        )


def _urn(outcome: Violation | Undetermined | Note, subject: Resource | Index) -> str:
    return subject.urn if isinstance(subject, Resource) else outcome.urn


def _grouped(
    items: Sequence[Undetermined], subject: Resource | Index
) -> Iterator[tuple[str, list[Undetermined]]]:
    groups: dict[str, list[Undetermined]] = {}
    for item in items:
        groups.setdefault(_urn(item, subject), []).append(item)
    yield from groups.items()


def _exemption_for(
    rule: Rule, urn: str, subject: Resource | Index, settings: PackSettings
) -> tuple[str, bool]:
    """Return what to add to the message, and whether the finding is suppressed."""
    resource = subject if isinstance(subject, Resource) else subject.by_urn.get(urn)
    own = from_annotations(resource) if resource else ()
    matching = [item for item in (*settings.exemptions, *own) if item.covers(rule.id, urn)]
    note = ""
    for item in matching:
        defect = item.defect(settings.today)
        if not defect:
            return _suppressed_note(item), True
        note = f"\n  the exemption in {item.source} does not count: it {defect}"
    return note, False


def _suppressed_note(item: Exemption) -> str:
    return f"\n  suppressed until {item.until} by {item.source}: {item.reason}"


def _redact(message: str, subject: Resource | Index) -> str:
    for secret in sorted(subject.secrets, key=len, reverse=True):
        # A short secret may be part of an innocent word; a long one never is.
        pattern = re.escape(secret) if len(secret) >= 8 else rf"(?<!\w){re.escape(secret)}(?!\w)"
        if secret.strip():
            message = re.sub(pattern, "[secret]", message)
    return message
