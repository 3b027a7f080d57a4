"""Rules about the pack itself: what it was told to overlook, and what it could not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.exemptions import from_annotations, from_settings
from frame.resource import Index
from frame.rule import Category, Level, Rule, Setting, Settings, Severity, StackRule
from frame.settings import DECIDED_RULE, EXEMPTIONS_RULE
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation


def _check_exemptions(index: Index, settings: Settings) -> Iterator[Outcome]:
    listed = [("", item) for item in from_settings(settings["exemptions"])]
    carried = [(item.urn, own) for item in index.resources for own in from_annotations(item)]
    for urn, exemption in (*listed, *carried):
        defect = exemption.defect(index.pack.today)
        if exemption.rule not in index.pack.rule_ids:
            defect = f"names {exemption.rule!r}, and no rule is called that"
        if defect:
            yield Violation(path=exemption.source, found=f"the exemption {defect}", urn=urn)
    if not listed and not carried:
        yield NotApplicable("nothing is exempted")


def _check_decided(index: Index, settings: Settings) -> Iterator[Outcome]:
    tally = index.pack.tally()
    total = tally.decided + tally.undecided
    if not tally.undecided:
        return
    share = tally.undecided / total
    counts = sorted(
        ((len(paths), name) for name, paths in tally.undetermined.items()), reverse=True
    )
    by_rule = ", ".join(f"{name} {count}" for count, name in counts)
    said = f"{tally.undecided} of {total} checks ({share:.0%}) wait for values: {by_rule}"
    if share > settings["maxShare"]:
        yield Violation(path="", found=f"{said}; at most {settings['maxShare']:.0%} may")
    else:
        yield Undetermined(path=said)


EXEMPTIONS: Final = StackRule(
    id=EXEMPTIONS_RULE,
    title="Every exemption names a rule, says why, and ends",
    why=(
        "An exemption without an end is a rule that was switched off for good by somebody who "
        "meant a week. With a reason and a date the next person can tell whether it still holds; "
        "after that date the finding is back."
    ),
    fix=(
        '{"rule": "containers-set-memory-limits", "urn": "*::loader", '
        '"reason": "vendor chart, ticket OPS-12", "until": "2027-03-31"}'
    ),
    severity=Severity.HIGH,
    category=Category.SECURITY,
    level=Level.MANDATORY,
    tokens=("*",),
    covers=("frame",),
    check=_check_exemptions,
    settings={
        "exemptions": Setting(
            type="array",
            default=[],
            description="Findings that are shown as suppressed: rule, URN glob, reason, last day.",
            more={
                "items": {
                    "type": "object",
                    "required": ["rule", "urn", "reason", "until"],
                    "additionalProperties": False,
                    "properties": {
                        "rule": {"type": "string"},
                        "urn": {"type": "string"},
                        "reason": {"type": "string"},
                        "until": {"type": "string"},
                    },
                }
            },
        )
    },
)

DECIDED: Final = StackRule(
    id=DECIDED_RULE,
    title="Most checks can be decided in the preview",
    why=(
        "What depends on a value that is not known yet is decided during the deployment, when half "
        "of it stands already. The more checks wait, the less a green preview says."
    ),
    fix="set the values that the paths name in the program, instead of taking them from an output",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=("*",),
    covers=("L20",),
    check=_check_decided,
    settings={
        "undetermined": Setting(
            type="string",
            default="advisory",
            description="For every rule: whether a finding that cannot be decided counts as advice "
            "or at the rule's own level.",
            more={"enum": ["advisory", "mandatory"]},
        ),
        "maxShare": Setting(
            type="number",
            default=0.34,
            description="The share of checks that may wait for values.",
            more={"minimum": 0, "maximum": 1},
        ),
    },
)

RULES: Final[Sequence[Rule]] = (EXEMPTIONS, DECIDED)
