"""The registry: mirrors that ECR takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from stacks.problems import Problem
from stacks.registry_sections import WITH_CREDENTIALS, RegistrySettings


def mirrors_can_be_read(registry: RegistrySettings) -> Iterator[Problem]:
    """ECR refuses a rule for these registries without a secret, and a prefix twice."""
    prefixes: list[str] = []
    for index, mirror in enumerate(registry.mirrors):
        path = f"ballast:registry.mirrors[{index}]"
        if mirror.upstream in WITH_CREDENTIALS and mirror.credential_arn is None:
            allowed = "the ARN of a secret ecr-pullthroughcache/..."
            fix = f"{mirror.upstream} lets nobody in without a token. Put one into the secret."
            yield Problem(f"{path}.credential_arn", None, allowed, fix)
        if mirror.prefix in prefixes:
            fix = "Another mirror has it: their images would have the same names."
            yield Problem(f"{path}.prefix", mirror.prefix, "a prefix of its own", fix)
        prefixes.append(mirror.prefix)


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("registry",), mirrors_can_be_read),
)
