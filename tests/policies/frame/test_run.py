"""How verdicts become findings: errors, exemptions, secrets, levels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy.policy import _PolicyAnalyzerServicer

from frame import pack, run
from frame.facts import UNKNOWN
from frame.resource import Resource
from frame.rule import Category, Level, ResourceRule, Setting, Severity, StackRule
from frame.run import FindingKind
from frame.settings import DECIDED_RULE, EXEMPTIONS_RULE, PackSettings
from frame.verdict import Kind, NotApplicable, Outcome, Undetermined, Violation, decide
from rules.honesty import DECIDED, EXEMPTIONS
from tests.support.policy import (
    Given,
    Refused,
    Secret,
    analyze,
    analyze_stack,
    analyzer,
    judge_stack,
    resource,
    to_struct,
)

TOKEN = "kubernetes:core/v1:Pod"


def _check(item: Resource, settings: Any) -> Iterator[Outcome]:
    if item.at("first").unknown:
        yield Undetermined(path="first")
    if item.at("bad").known:
        yield Violation(path="bad", found=f"is {item.at('bad').text()}")
    if item.at("crash").known:
        raise KeyError(item.at("crash").text())
    if item.at("last").unknown:
        yield Undetermined(path="last")


def rule(**changes: Any) -> ResourceRule:
    record: dict[str, Any] = {
        "id": "nothing-is-bad",
        "title": "Nothing is bad",
        "why": "Bad things cost 3 USD.",
        "fix": "bad: null",
        "severity": Severity.LOW,
        "category": Category.COST,
        "tokens": ("kubernetes:core/*:Pod",),
        "covers": ("K01",),
        "check": _check,
        "level": Level.MANDATORY,
    }
    return ResourceRule(**{**record, **changes})


def given(**props: Any) -> Given:
    return Given(token=TOKEN, props=props)


def findings(settings: PackSettings | None = None, **props: Any) -> list[run.Finding]:
    return run.evaluate([resource(given(**props))], [rule()], settings)


def test_known_bad_beats_unknown_beats_good_and_nothing_is_lost() -> None:
    bad, unknown = Violation(path="a", found="b"), Undetermined(path="c")
    assert decide([]).kind is Kind.PASS
    assert decide([NotApplicable("no")]).kind is Kind.NOT_APPLICABLE
    assert decide([NotApplicable("no"), unknown]).kind is Kind.UNDETERMINED
    both = decide([unknown, bad, unknown])
    assert both.kind is Kind.VIOLATION
    assert (both.violations, both.undetermined) == ((bad,), (unknown,))


def test_a_message_says_what_why_and_how_to_fix_it() -> None:
    (found,) = findings(bad="wolf")
    assert found.message == "bad: is wolf\n  why: Bad things cost 3 USD.\n  fix: bad: null"
    assert found.level is Level.MANDATORY


def test_an_error_in_a_rule_is_a_violation_that_names_rule_file_and_line() -> None:
    first, second = findings(bad="wolf", crash="oops")
    assert first.path == "bad"
    line = _check.__code__.co_firstlineno + 6
    assert f"internal error in nothing-is-bad at test_run.py:{line}: KeyError" in second.message
    assert second.level is Level.MANDATORY


def test_an_error_at_the_engine_is_a_finding_and_no_failed_call() -> None:
    (diagnostic,) = analyze([rule()], given(crash="oops"))
    assert diagnostic.policyName == "nothing-is-bad"
    assert "internal error" in diagnostic.message


@pytest.mark.parametrize("secret", ["hunter2-hunter2", "x"])
def test_a_secret_is_not_shown_even_by_a_rule_that_crashes_on_it(secret: str) -> None:
    for props in ({"bad": Secret(secret)}, {"crash": Secret(secret)}):
        (diagnostic,) = analyze([rule()], given(**props))
        assert "[secret]" in diagnostic.message
        assert f" {secret}" not in diagnostic.message


def test_what_is_undetermined_is_advice_unless_the_stack_says_otherwise() -> None:
    (found,) = findings(first=UNKNOWN, last=UNKNOWN)
    assert (found.kind, found.level) == (FindingKind.UNDETERMINED, Level.ADVISORY)
    assert found.message.splitlines()[1:] == ["  first", "  last"]
    strict = PackSettings(values={DECIDED_RULE: {"undetermined": "mandatory"}})
    assert findings(strict, first=UNKNOWN)[0].level is Level.MANDATORY


def test_a_disabled_rule_is_silent() -> None:
    off = PackSettings(levels={"nothing-is-bad": Level.DISABLED})
    assert findings(off, bad="wolf") == []


def annotated(text: str) -> dict[str, Any]:
    return {"metadata": {"annotations": {"policy.ballast.dev/ignore.nothing-is-bad": text}}}


@pytest.mark.parametrize(
    ("text", "suppressed", "said"),
    [
        ("vendor image; until=2027-01-31", True, "suppressed until 2027-01-31"),
        ("vendor image until=2027-01-31", True, "vendor image"),
        ("vendor image; until=2026-01-31", False, "expired on 2026-01-31"),
        ("; until=2027-01-31", False, "has no reason"),
        ("vendor image", False, "has no expiry date"),
        ("vendor image; until=soon", False, "no date"),
    ],
)
def test_an_annotation_suppresses_only_with_reason_and_date(
    text: str, suppressed: bool, said: str
) -> None:
    (found,) = findings(PackSettings(today=date(2026, 11, 24)), bad="wolf", **annotated(text))
    assert (found.kind is FindingKind.SUPPRESSED) is suppressed
    assert found.level is (Level.ADVISORY if suppressed else Level.MANDATORY)
    assert said in found.message


def test_an_exemption_of_another_rule_suppresses_nothing() -> None:
    other = {"policy.ballast.dev/ignore.other-rule": "x; until=2099-01-01"}
    (found,) = findings(bad="wolf", metadata={"annotations": other})
    assert found.kind is FindingKind.VIOLATION


def test_a_configured_exemption_covers_the_urns_of_its_glob() -> None:
    entry = {"rule": "nothing-is-bad", "urn": "*::it", "reason": "why", "until": "2099-01-01"}
    config = PackSettings(values={EXEMPTIONS_RULE: {"exemptions": [entry]}})
    assert findings(config, bad="wolf")[0].kind is FindingKind.SUPPRESSED
    miss = PackSettings(values={EXEMPTIONS_RULE: {"exemptions": [{**entry, "urn": "*::them"}]}})
    assert findings(miss, bad="wolf")[0].kind is FindingKind.VIOLATION


def test_an_aws_resource_carries_its_exemption_as_a_tag() -> None:
    props = {
        "bad": "wolf",
        "tags": {"policy.ballast.dev/ignore.nothing-is-bad": "why until=2099-01-01"},
    }
    item = resource(Given(token="aws:ec2/vpc:Vpc", props=props))
    (found,) = run.evaluate([item], [rule(tokens=("aws:*",))])
    assert found.kind is FindingKind.SUPPRESSED


@pytest.mark.parametrize(
    ("entry", "defect"),
    [
        (
            {"rule": "nothing-is-bad", "urn": "*", "reason": " ", "until": "2099-01-01"},
            "has no reason",
        ),
        ({"rule": "nothing-is-bad", "urn": "*", "reason": "r", "until": "2020-01-01"}, "expired"),
        ({"rule": "nothing-is-worse", "urn": "*", "reason": "r", "until": "2099-01-01"}, "no rule"),
    ],
)
def test_an_exemption_that_does_not_count_is_a_violation_of_its_own(
    entry: Any, defect: str
) -> None:
    config = {EXEMPTIONS_RULE: {"exemptions": [entry]}}
    (found,) = analyze_stack([rule(), EXEMPTIONS], [given()], config)
    assert defect in found.message
    assert found.policyName == EXEMPTIONS_RULE


def test_an_exemption_that_counts_passes() -> None:
    entry = {"rule": "nothing-is-bad", "urn": "*", "reason": "r", "until": "2099-01-01"}
    assert (
        analyze_stack([rule(), EXEMPTIONS], [given()], {EXEMPTIONS_RULE: {"exemptions": [entry]}})
        == []
    )


def test_the_share_that_is_undetermined_is_summed_up_and_may_be_limited() -> None:
    resources = [
        given(first=UNKNOWN),
        *(Given(token=TOKEN, props={}, name=f"p{n}") for n in range(3)),
    ]
    (advice,) = analyze_stack([rule(), DECIDED], resources)
    assert "1 of 4 checks (25%) wait for values: nothing-is-bad 1" in advice.message
    config = {DECIDED_RULE: {"maxShare": 0.2, "enforcementLevel": "mandatory"}}
    (violation,) = analyze_stack([rule(), DECIDED], resources, config)
    assert "at most 20% may" in violation.message
    assert judge_stack(DECIDED, [given()]).kind is Kind.PASS


def test_a_configuration_with_a_name_that_no_rule_has_is_refused() -> None:
    served = analyzer([rule()])
    message = proto.ConfigureAnalyzerRequest()
    message.policyConfig["nothing-is-bed"].enforcementLevel = proto.ADVISORY
    with pytest.raises(Refused, match="did you mean 'nothing-is-bad'"):
        served.Configure(message, _Context())


class _Context:
    def abort(self, code: Any, message: str) -> None:
        raise Refused(message)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two rules are called"):
        pack.policies([rule(), rule()])


@pytest.mark.parametrize("name", ["all", "environments", "Upper", "under_score", "-x", ""])
def test_an_id_that_the_engine_would_misread_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="joined by hyphens"):
        rule(id=name)


def test_the_policy_object_says_what_the_record_says() -> None:
    setting = Setting(type="integer", default=3, description="How many.")
    (policy,) = pack.policies([rule(settings={"count": setting})])
    assert (policy.name, policy.description) == ("nothing-is-bad", "Nothing is bad")
    assert policy.remediation_steps == "bad: null"
    assert policy.tags == ["cost", "K01"]
    assert policy.config_schema is not None
    assert policy.config_schema.properties["count"]["default"] == 3


def test_under_the_sdks_own_analyzer_a_policy_object_says_the_same() -> None:
    served = _PolicyAnalyzerServicer(
        "p", "1", pack.policies([rule()]), pack.EnforcementLevel.ADVISORY
    )
    props = to_struct({"first": UNKNOWN, "bad": "wolf"})
    request = proto.AnalyzeRequest(type=TOKEN, urn="urn:x", name="x", properties=props)
    said = [item.message for item in served.Analyze(request, None).diagnostics]
    assert len(said) == 2
    assert "bad: is wolf" in said[0]
    assert "undetermined" in said[1]


def test_a_stack_rule_is_silent_where_the_stack_has_nothing_for_it() -> None:
    def never(*_: Any) -> Iterator[Outcome]:
        raise AssertionError

    record = rule()
    fields = {
        name: getattr(record, name) for name in ("title", "why", "fix", "severity", "category")
    }
    quiet = StackRule(id="quiet", tokens=("aws:*",), covers=(), check=never, **fields)
    assert judge_stack(quiet, [given()]).kind is Kind.NOT_APPLICABLE
