"""Values that wait: `depends_on` of a component does not reach the component's children."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi import CustomResource, Output


def after(resource: CustomResource, value: Output[str]) -> Output[str]:
    """Return `value`, known once `resource` exists, so that whoever uses it comes later."""
    return Output.all(value, resource.id).apply(_first)


def _first(values: Sequence[str]) -> str:
    return values[0]
