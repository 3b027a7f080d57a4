"""Whatever stands in a stack file, the answer is settings or a message, never a traceback."""

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stacks.problems import report
from stacks.settings import Settings, parse
from tests.support.engine import as_config, stack_config

GOOD = {
    key.removeprefix("ballast:"): value
    for key, value in stack_config("local").items()
    if key.startswith("ballast:")
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 70_000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "cpu", "root", "10.0.0.0/16", "us-east-1a", "g6.2xlarge", "chat"])
    | st.text(max_size=12)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every place in a nested value."""
    items = list(value.items()) if isinstance(value, dict) else []
    items += list(enumerate(value)) if isinstance(value, list) else []
    return [path, *(found for key, inner in items for found in places(inner, (*path, key)))]


SECTIONS = {name: json.loads(text) for name, text in GOOD.items() if text.startswith("{")}
PLACES = [(name, path) for name, value in SECTIONS.items() for path in places(value)]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return the value with `new` at `path`."""
    if not path:
        return new
    copied = copy.copy(value)
    copied[path[0]] = put(value[path[0]], path[1:], new)
    return copied


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), anything), min_size=1, max_size=2))
def test_anything_anywhere_is_taken_or_explained(changes: list[Any]) -> None:
    sections = dict(SECTIONS)
    for (name, path), new in changes:
        try:
            sections[name] = put(sections[name], path, new)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    found = parse({**GOOD, **as_config(sections)})
    if isinstance(found, Settings):
        return
    message = report("local", found)
    assert found
    assert all(problem.path.startswith("ballast:") for problem in found)
    assert all(problem.allowed and problem.fix for problem in found), message


@given(st.dictionaries(st.sampled_from(list(GOOD)) | st.text(max_size=8), st.text(max_size=20)))
def test_any_text_for_any_section_is_taken_or_explained(raw: dict[str, str]) -> None:
    found = parse(raw)
    assert isinstance(found, Settings) or found
