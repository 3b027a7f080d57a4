"""The whole program, each stack of it: names that stay, providers that are named."""

from collections import Counter

import pytest

from components import naming
from operations import environments
from tests.support.engine import ROOT
from tests.support.programs import RecordedStack

STACKS = environments.names()
GOLDEN = ROOT / "tests" / "golden"

every_stack = pytest.mark.parametrize("stack_name", STACKS)


@every_stack
def test_names_are_what_they_were(
    stack_name: str, recorded_stack: RecordedStack, request: pytest.FixtureRequest
) -> None:
    """A line that goes is a resource that is deleted; run with --update-golden to accept."""
    path = GOLDEN / f"{stack_name}.urns.txt"
    urns = "".join(f"{urn}\n" for urn in sorted(one.urn for one in recorded_stack(stack_name)))
    if request.config.getoption("--update-golden"):
        path.write_text(urns)
    assert path.read_text() == urns


@every_stack
def test_no_two_resources_have_one_name(stack_name: str, recorded_stack: RecordedStack) -> None:
    counted = Counter(one.urn for one in recorded_stack(stack_name))
    assert [urn for urn, count in counted.items() if count > 1] == []


@every_stack
def test_no_resource_takes_a_default_provider(
    stack_name: str, recorded_stack: RecordedStack
) -> None:
    resources = recorded_stack(stack_name)
    bare = [
        one.name
        for one in resources
        if one.custom and not one.type.startswith("pulumi:providers:") and not one.provider
    ]
    assert bare == []


@every_stack
def test_every_resource_belongs_to_a_component(
    stack_name: str, recorded_stack: RecordedStack
) -> None:
    outside = [
        one.name
        for one in recorded_stack(stack_name)
        if "ballast:" not in one.urn and not one.type.startswith("pulumi:providers:")
    ]
    assert outside == []


@every_stack
def test_everything_that_takes_tags_says_whose_it_is(
    stack_name: str, recorded_stack: RecordedStack
) -> None:
    tagged = [one for one in recorded_stack(stack_name) if "tags" in one.inputs]
    assert len(tagged) > 20
    for one in tagged:
        assert {"Owner", "CostCenter", "Environment", "ManagedBy"} <= one.inputs["tags"].keys()


@every_stack
def test_role_names_fit_into_what_aws_allows(
    stack_name: str, recorded_stack: RecordedStack
) -> None:
    roles = [one for one in recorded_stack(stack_name) if one.type == "aws:iam/role:Role"]
    # The pattern in the stack files, with the longest stack name that is allowed for.
    assert all(len(f"ballast-{'x' * 15}-{one.name}") <= 64 for one in roles)
    assert all(len(one.name) <= naming.LONGEST_ROLE for one in roles)


def test_local_is_dev_but_for_the_ways_of_its_network(recorded_stack: RecordedStack) -> None:
    """What differs is how it gets out and what is recorded there; what serves does not."""
    local, dev = (
        {one.urn.split("::", 2)[2] for one in recorded_stack(name)} for name in ("local", "dev")
    )
    assert {urn for urn in local ^ dev if "$ballast:network:" not in urn} == set()


def test_the_main_program_is_wiring_only() -> None:
    lines = (ROOT / "__main__.py").read_text().splitlines()
    assert len(lines) <= 40
