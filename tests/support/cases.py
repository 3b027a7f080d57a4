"""A rule's cases as data: one thing that is right, and single edits that make it wrong or not.

Every bad case differs from the good one by one edit, which also shows that the good one is not
wrong, or right, for another reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from frame.facts import UNKNOWN
from frame.rule import Rule, StackRule
from frame.verdict import Kind, Verdict
from tests.support.policy import Given, but, judge, judge_stack

Edit = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cases:
    """What one rule says about one good resource, and about it with single edits."""

    rule: Rule
    good: Given
    # Stack rules: what else is in the stack.
    beside: Sequence[Given] = ()
    # Edit, and where the violation is.
    bad: Sequence[tuple[Edit, str]] = ()
    # Edits that look alike and are right.
    fine: Sequence[Edit] = ()
    # Edits after which the rule has nothing to say.
    silent: Sequence[Edit] = ()
    # Paths that the rule needs to know.
    needs: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def verdict(self, edit: Edit) -> Verdict:
        given = Given(
            token=self.good.token,
            name=self.good.name,
            props=but(self.good.props, edit),
            through=self.good.through,
            depends_on=self.good.depends_on,
        )
        if isinstance(self.rule, StackRule):
            return judge_stack(self.rule, [*self.beside, given], **self.settings)
        return judge(self.rule, given, **self.settings)


def check_all(families: Sequence[Cases], rules: Sequence[Rule]) -> type:
    """Return a test class with one test for each kind of case; every rule has to have cases."""

    class TestFamily:
        @pytest.mark.parametrize("cases", families, ids=lambda cases: cases.rule.id)
        def test_what_is_right_passes(self, cases: Cases) -> None:
            assert cases.verdict({}).kind is Kind.PASS

        @pytest.mark.parametrize(("cases", "edit", "path"), _each(families, "bad"))
        def test_one_edit_makes_it_wrong(self, cases: Cases, edit: Edit, path: str) -> None:
            found = cases.verdict(edit).violations
            assert [item.path for item in found] == [path]

        @pytest.mark.parametrize(("cases", "edit"), _each(families, "fine"))
        def test_a_near_miss_passes(self, cases: Cases, edit: Edit) -> None:
            assert cases.verdict(edit).kind is Kind.PASS

        @pytest.mark.parametrize(("cases", "edit"), _each(families, "silent"))
        def test_what_it_is_not_about_is_not_applicable(self, cases: Cases, edit: Edit) -> None:
            assert cases.verdict(edit).kind is Kind.NOT_APPLICABLE

        @pytest.mark.parametrize(("cases", "path"), _each(families, "needs"))
        def test_a_value_that_it_needs_is_undetermined_while_unknown(
            self, cases: Cases, path: str
        ) -> None:
            verdict = cases.verdict({path: UNKNOWN})
            assert verdict.kind is Kind.UNDETERMINED
            assert any(item.path for item in verdict.undetermined)

        @pytest.mark.parametrize("rule", rules, ids=lambda rule: rule.id)
        def test_every_rule_has_good_bad_and_unknown_cases(self, rule: Rule) -> None:
            own = [cases for cases in families if cases.rule.id == rule.id]
            assert any(cases.bad for cases in own)
            assert any(cases.needs for cases in own)

    return TestFamily


def _each(families: Sequence[Cases], kind: str) -> list[Any]:
    listed: list[Any] = []
    for cases in families:
        for position, entry in enumerate(getattr(cases, kind)):
            values = entry if kind == "bad" else (entry,)
            listed.append(pytest.param(cases, *values, id=f"{cases.rule.id}-{position}"))
    return listed
