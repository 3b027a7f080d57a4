"""Trust policies: which tokens of which issuer may take a role on. Imports no Pulumi."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

GITHUB_ISSUER: Final = "token.actions.githubusercontent.com"
# What aws-actions/configure-aws-credentials asks GitHub to write into its tokens.
GITHUB_AUDIENCE: Final = "sts.amazonaws.com"
PULUMI_ISSUER: Final = "api.pulumi.com/oidc"

# What Pulumi Deployments calls its operations.
READING: Final = ("preview", "detect-drift")
WRITING: Final = (*READING, "update", "refresh", "destroy", "remediate-drift")


@dataclass(frozen=True, kw_only=True)
class GitHubTrust:
    """A repository whose tokens name the branch beside the environment.

    The repository has to put `repo`, `context` and `ref` into the subject;
    GitHub's own default leaves the branch out where an environment is named.
    """

    # Such as example-org/ballast.
    repository: str
    # The only branch from which is deployed.
    branch: str

    def deploying(self, environment: str) -> list[str]:
        """Return the subjects of jobs that somebody approved for the environment."""
        return [f"repo:{self.repository}:environment:{environment}:ref:{self._ref}"]

    def reading(self) -> list[str]:
        """Return the subjects of jobs for pull requests and for the branch itself."""
        return [
            f"repo:{self.repository}:pull_request:ref:refs/pull/*/merge",
            f"repo:{self.repository}:ref:{self._ref}:ref:{self._ref}",
        ]

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self.branch}"


@dataclass(frozen=True, kw_only=True)
class PulumiTrust:
    """An organization in Pulumi Cloud, and the stacks whose deployments are trusted."""

    organization: str
    project: str
    # Names, or patterns such as review-*.
    stacks: Sequence[str]
    # Deployments may update; False: they only preview, and look for drift.
    deploys: bool

    def deploying(self) -> list[str]:
        """Return the subjects of deployments that may change something."""
        return self._subjects(WRITING) if self.deploys else []

    def reading(self) -> list[str]:
        """Return the subjects of deployments that only look."""
        return [] if self.deploys else self._subjects(READING)

    def _subjects(self, operations: Iterable[str]) -> list[str]:
        start = f"pulumi:deploy:org:{self.organization}:project:{self.project}"
        return [
            f"{start}:stack:{stack}:operation:{operation}:scope:write"
            for stack in self.stacks
            for operation in operations
        ]


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """The tokens of one issuer."""

    issuer: str
    audience: str
    subjects: Sequence[str]


def trust_policy(account: str, trusted: Iterable[Subjects]) -> str:
    """Return the policy document that lets these tokens, and no others, take a role on."""
    statements = [_statement(account, one) for one in trusted if one.subjects]
    if not statements:
        message = "a role that nobody is trusted with could never be taken on"
        raise ValueError(message)
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _statement(account: str, trusted: Subjects) -> dict[str, object]:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{trusted.issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{trusted.issuer}:aud": trusted.audience},
            # Subjects without a star are matched as they are.
            "StringLike": {f"{trusted.issuer}:sub": list(trusted.subjects)},
        },
    }
