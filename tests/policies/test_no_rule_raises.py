"""No input makes a rule raise, and no order of the resources changes what it says."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frame import run
from frame.facts import UNKNOWN
from frame.resource import Index
from frame.run import FindingKind
from rules import RULES
from tests.support.policy import Given, but, to_index
from tests.support.samples import STACK

SCALARS = (None, UNKNOWN, "", "x", "0", "-1", "*", "{", "[]", 0, -1, 1e30, 0.5, True, False)
CONTAINERS = ([], {}, [[]], [{}], [None], [UNKNOWN], {"": ""}, {"a": None}, {"name": 3})
JUNK = st.sampled_from((*SCALARS, *CONTAINERS, "10.0.0.0/8", "arn:aws:iam::1:role/x"))


def places(value: Any, path: str = "") -> list[str]:
    """Return the path of everything inside the value."""
    found: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            step = f"{path}.{key}" if path and key.isidentifier() else key
            step = step if key.isidentifier() else f'{path}["{key}"]'
            found += [step, *places(item, step)]
    elif isinstance(value, list):
        for position, item in enumerate(value):
            step = f"{path}[{position}]"
            found += [step, *places(item, step)]
    return found


PLACES = {item.name: places(item.props) for item in STACK}


@st.composite
def spoiled_stacks(draw: Any) -> list[Given]:
    """Return the sample stack with a few values replaced by junk, and some resources gone."""
    result: list[Given] = []
    for item in STACK:
        count = draw(st.integers(0, 3))
        props = item.props
        for path in draw(st.lists(st.sampled_from(PLACES[item.name]), max_size=count)):
            try:
                props = but(props, {path: draw(JUNK)})
            except (KeyError, IndexError, TypeError):
                continue  # the junk before took the place away
        if draw(st.integers(0, 9)):
            result.append(Given(token=item.token, name=item.name, props=props))
    return result


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(spoiled_stacks())
def test_no_input_makes_a_rule_raise(resources: list[Given]) -> None:
    index = to_index(resources)
    found = run.evaluate(index.resources, RULES)
    assert [item.message for item in found if "internal error" in item.message] == []
    again = run.evaluate(list(reversed(index.resources)), RULES)
    assert [(item.urn, item.message) for item in found] == [
        (item.urn, item.message) for item in again
    ]


def test_every_rule_has_something_to_look_at_in_the_sample_stack() -> None:
    index: Index = to_index(STACK)
    # To have one of these is what their rules forbid.
    forbidden = {"default-vpc-is-not-used"}
    idle = [
        rule.id
        for rule in RULES
        if rule.id not in forbidden
        and not any(rule.applies_to(resource.token) for resource in index.resources)
    ]
    assert idle == []


def test_the_sample_stack_is_right_in_every_respect() -> None:
    found = run.evaluate(to_index(STACK).resources, RULES)
    wrong = [(item.rule.id, item.message) for item in found if item.kind is FindingKind.VIOLATION]
    assert wrong == []
