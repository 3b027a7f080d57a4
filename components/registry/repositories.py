"""The registry that every environment pulls its images from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components import naming, tagging
from components.cluster import encryption
from components.cluster.encryption import KeyArgs

TOKEN = naming.token("registry", "Registry")
_PULL: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """A registry of others, whose images are kept here from the first pull on."""

    # The first part of the mirrored images' names.
    prefix: str
    # Such as registry.k8s.io.
    upstream: str
    # Secret with a user and a token; some registries let nobody in without one.
    credential_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """What makes the registry."""

    repositories: Sequence[str]
    mirrors: Sequence[Mirror]
    # Accounts that may pull, besides the registry's own.
    pulled_by: Sequence[str] = ()
    # How long an image that lost its tag is kept.
    untagged_days: int
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Registry(pulumi.ComponentResource):
    """Stateful. Repositories whose tags never change, and caches of the registries we use.

    What ran once can be pulled again, whatever becomes of it upstream. Creates: KMS key and
    alias; a repository each with its policies; a pull-through cache rule each.
    """

    repository_urls: dict[str, Output[str]]

    def __init__(self, name: str, args: RegistryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        key = self._build_key(name, args)
        self.repository_urls = {
            repository: self._build_repository(name, args, repository, key)
            for repository in args.repositories
        }
        for mirror in args.mirrors:
            self._build_mirror(name, mirror)
        self.register_outputs({"repository_urls": self.repository_urls})

    def _build_key(self, name: str, args: RegistryArgs) -> aws.kms.Key:
        return encryption.rotating_key(
            naming.child(name, "images-key"),
            KeyArgs(alias=f"{name}-images", description="Container images", tags=args.tags),
            parent=self._child,
        )

    def _build_repository(
        self, name: str, args: RegistryArgs, repository: str, key: aws.kms.Key
    ) -> Output[str]:
        child = naming.child(name, "repository", repository.replace("/", "-"))
        # CRITICAL: what runs anywhere was pulled from here.
        made = aws.ecr.Repository(
            child,
            aws.ecr.RepositoryArgs(
                name=repository,
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(
                    scan_on_push=True
                ),
                encryption_configurations=[
                    aws.ecr.RepositoryEncryptionConfigurationArgs(
                        encryption_type="KMS", kms_key=key.arn
                    )
                ],
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )
        aws.ecr.LifecyclePolicy(
            naming.child(child, "lifecycle"),
            aws.ecr.LifecyclePolicyArgs(
                repository=made.name, policy=lifecycle_policy(args.untagged_days)
            ),
            self._child,
        )
        if args.pulled_by:
            aws.ecr.RepositoryPolicy(
                naming.child(child, "readers"),
                aws.ecr.RepositoryPolicyArgs(
                    repository=made.name, policy=pull_policy(args.pulled_by)
                ),
                self._child,
            )
        return made.repository_url

    def _build_mirror(self, name: str, mirror: Mirror) -> None:
        aws.ecr.PullThroughCacheRule(
            naming.child(name, "mirror", mirror.prefix),
            aws.ecr.PullThroughCacheRuleArgs(
                ecr_repository_prefix=mirror.prefix,
                upstream_registry_url=mirror.upstream,
                credential_arn=mirror.credential_arn,
            ),
            self._child,
        )


def lifecycle_policy(untagged_days: int) -> str:
    """Return the rule that removes what lost its tag; tagged images stay."""
    rule = {
        "rulePriority": 1,
        "description": f"Images without a tag go after {untagged_days} days",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": untagged_days,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})


def pull_policy(accounts: Sequence[str]) -> str:
    """Return the policy that lets other accounts pull, and nothing else."""
    statement = {
        "Sid": "OtherAccountsPull",
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
        "Action": list(_PULL),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
