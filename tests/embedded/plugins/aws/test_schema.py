"""schema.json is what the installed SDK says, and the table fits it and the API's own model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.plugins.aws import schema_generator
from embedded.plugins.aws.resource import Resource
from embedded.plugins.aws.schema import SCHEMA_FILE, Schema
from embedded.plugins.aws.services import RESOURCES

ALL = [pytest.param(resource, id=resource.type) for resource in RESOURCES.values()]


def paths(resource: Resource, kinds: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every property path of the type, nested ones too."""
    for name, kind in kinds.items():
        path = f"{prefix}.{name}" if prefix else name
        yield path
        inner = kind[0] if isinstance(kind, list) else kind
        if isinstance(inner, str) and inner.startswith("#"):
            yield from paths(resource, dict(Schema.load().members(inner)), path)


def test_the_committed_schema_is_what_the_sdk_says() -> None:
    assert schema_generator.generate() == SCHEMA_FILE.read_text(), (
        "run: python -m embedded.plugins.aws.schema_generator"
    )


@pytest.mark.parametrize("resource", ALL)
def test_a_record_speaks_of_properties_that_pulumi_aws_has(resource: Resource) -> None:
    schema = Schema.load()
    everything = {**schema.inputs(resource.type), **schema.outputs(resource.type)}
    known = {*paths(resource, everything), "*"}
    named = {
        *resource.carried,
        *resource.replaces,
        *resource.computed,
        *resource.read_only,
        *resource.without,
        *resource.unread,
        *resource.defaults,
        *resource.sets,
        *resource.documents,
        *resource.caseless,
        *resource.last_segment,
        *resource.protocols,
        *resource.without_scheme,
        *resource.outputs,
        *resource.reads,
        *resource.names,
    } - {"region"}
    assert named <= known


@pytest.mark.parametrize("resource", ALL)
def test_every_output_of_pulumi_aws_is_filled_or_nothing_is_promised(resource: Resource) -> None:
    assert set(resource.outputs) - {"arn"} <= {
        *Schema.load().outputs(resource.type),
        *Schema.load().inputs(resource.type),
    }


@pytest.mark.parametrize("resource", ALL)
def test_what_is_carried_reaches_the_api_down_to_the_last_property(resource: Resource) -> None:
    shape = schema_generator.input_shape(resource)
    if shape is None:
        pytest.fail("a record whose create is a function names its API model in `shape`")
    kinds = Schema.load().inputs(resource.type)
    lost = [
        path
        for name in resource.sends
        if schema_generator.member_of(shape, resource.names.get(name, name)) is not None
        for path in _lost(resource, shape, name, name, kinds[name])
    ]
    assert lost == []


def _lost(resource: Resource, shape: Any, name: str, path: str, kind: Any) -> Iterator[str]:
    """Nested paths that neither have a place in the API nor are refused by Check."""
    member = schema_generator.member_of(shape, resource.names.get(path, name))
    if member is None:
        yield path
        return
    inner = kind[0] if isinstance(kind, list) else kind
    while member.type_name == "list":
        member = member.member
    if not (isinstance(inner, str) and inner.startswith("#")) or path == "enabledClusterLogTypes":
        return
    for key, nested in Schema.load().object_inputs(inner).items():
        where = f"{path}.{key}"
        if where not in (*resource.read_only, *resource.without):
            yield from _lost(resource, member, key, where, nested)
