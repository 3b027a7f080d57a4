"""Tags: one function, so that every resource carries the same set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MANAGED_BY: Final = {"ManagedBy": "pulumi", "Project": "ballast"}


def tags(base: Mapping[str, str], name: str, **more: str) -> dict[str, str]:
    """Return the tags of one resource.

    They are set on each resource and not through the provider's default tags,
    so that a preview, and the policies in it, see them.
    """
    return {**MANAGED_BY, **base, "Name": name, **more}
