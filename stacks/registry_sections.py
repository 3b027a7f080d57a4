"""The registry's settings."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from stacks.domain import AccountId, AtLeastOne
from stacks.section import Section

# ECR asks for a secret before it caches these.
WITH_CREDENTIALS: Final = frozenset({"ghcr.io", "registry-1.docker.io"})

RepositoryName = Annotated[
    str, Field(pattern=r"^[a-z0-9]+(?:[._/-][a-z0-9]+)*$", min_length=2, max_length=100)
]


class MirrorSettings(Section):
    """A registry of others whose images are kept here."""

    prefix: Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$", max_length=20)] = Field(
        description="first part of the mirrored images' names"
    )
    upstream: Annotated[str, Field(pattern=r"^[a-z0-9.-]+\.[a-z]+$")] = Field(
        description="the registry, such as registry.k8s.io"
    )
    credential_arn: (
        Annotated[
            str, Field(pattern=r"^arn:aws:secretsmanager:\S+:secret:ecr-pullthroughcache/\S+$")
        ]
        | None
    ) = Field(default=None, description="secret with a user and a token, ecr-pullthroughcache/...")


class RegistrySettings(Section):
    """Images of our own, and mirrors of others'."""

    repositories: tuple[RepositoryName, ...] = Field(default=(), description="our own images")
    mirrors: tuple[MirrorSettings, ...] = Field(default=(), description="registries to keep")
    pulled_by: tuple[AccountId, ...] = Field(
        default=(), description="other accounts that pull images"
    )
    untagged_days: AtLeastOne = Field(
        default=14, description="how long an image that lost its tag is kept"
    )
