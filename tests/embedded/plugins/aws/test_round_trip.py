"""Every type of the table: made, read, changed in place, foreseen to be replaced, deleted."""

from __future__ import annotations

import pytest

from embedded.plugins.aws.services import RESOURCES
from tests.embedded.plugins.aws.conftest import Engine, Made
from tests.embedded.plugins.aws.examples import EXAMPLES
from tests.embedded.plugins.aws.ground import Example, World

# A hundred calls a type: in the fast tier only what the other files here show.
pytestmark = pytest.mark.embedded

ALL = [
    pytest.param(example, id=" ".join([example.token.split(":")[-1], example.kind]).strip())
    for example in sorted(EXAMPLES, key=lambda example: example.token)
]


@pytest.fixture(scope="module")
def world(engine: Engine) -> World:
    return World(engine.create)


def drift(made: Made) -> dict[str, str]:
    """Return what a refresh would show as changed."""
    identity, inputs, outputs = made.read()
    assert identity == made.id
    return made.engine.provider.diff(made.target, inputs, outputs, made.inputs).changes


def test_every_type_of_the_table_has_an_example() -> None:
    assert {example.token for example in EXAMPLES} == RESOURCES.keys()


@pytest.mark.parametrize("example", ALL)
def test_a_resource_lives_as_its_program_says(
    engine: Engine, world: World, example: Example
) -> None:
    inputs = example.inputs(world)
    made = engine.create(example.token, inputs, "lived")
    assert drift(made) == {}
    assert made.diff(inputs).changes == {}

    for change in example.updates(world):
        inputs = {name: value for name, value in {**inputs, **change}.items() if value is not None}
        diff = made.diff(inputs)
        assert {path.split(".")[0].split("[")[0] for path in diff.changes} >= change.keys()
        assert diff.replaces == set()
        made.update(inputs)
        assert drift(made) == {}, change
        assert made.diff(inputs).changes == {}

    for name, value in example.replaces(world).items():
        diff = made.diff({**inputs, name: value})
        assert {path.split(".")[0].split("[")[0] for path in diff.replaces} == {name}

    made.delete()
    assert made.gone != example.stays
    made.delete()


@pytest.mark.parametrize("example", ALL)
def test_an_import_by_id_finds_what_the_program_says(
    engine: Engine, world: World, example: Example
) -> None:
    made = engine.create(example.token, example.inputs(world), "imported")
    identity, inputs, outputs = made.imported(example.import_id(made))
    assert identity == made.id
    changes = engine.provider.diff(made.target, inputs, outputs, made.inputs).changes
    resource = RESOURCES[example.token]
    lost = {path.split(".")[0] for path in (*resource.unread, *resource.steers)}
    assert {path.split(".")[0].split("[")[0] for path in changes} <= lost
    made.delete()
