"""From a stack's settings and its deploy file to the roles in its account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import yaml
from pulumi import ResourceOptions

from components.automation.pipeline_access import DEPLOYER, PipelineAccess, PipelineAccessArgs
from components.automation.scope import Scope
from components.automation.trust import GitHubTrust, PulumiTrust
from embedded.layout import PROJECT_ROOT
from operations.deployments.deploy_file import load as load_deploy_file
from operations.deployments.plan import REVIEW_PREFIX

# Copied for review: the only stack whose account may hold copies.
_COPIED = "dev"


def main() -> None:
    """Register the roles of the selected stack's account."""
    config = pulumi.Config()  # noqa: TID251 - a project of its own, beside the platform's
    access = register(pulumi.get_stack(), config.require("organization"), config.get("stateBucket"))
    pulumi.export("deployer", access.deployer_arn)
    pulumi.export("previewer", access.previewer_arn)


def register(
    stack: str, organization: str, state_bucket: str | None, root: Path = PROJECT_ROOT
) -> PipelineAccess:
    """Register the roles as the files of the stack want them."""
    args = arguments(stack, organization, state_bucket, root)
    provider = aws.Provider(
        "aws",
        aws.ProviderArgs(
            # Never into the account of another stack, whoever is logged in to it.
            allowed_account_ids=[args.scope.account],
            region=args.scope.region,  # pyright: ignore[reportArgumentType] - plain text will do
        ),
    )
    return PipelineAccess("pipeline", args, ResourceOptions(provider=provider))


def arguments(
    stack: str, organization: str, state_bucket: str | None, root: Path
) -> PipelineAccessArgs:
    """Return what the files of the stack say about who may do what in its account."""
    stacks = root / "stacks"
    config: dict[str, Any] = yaml.safe_load((stacks / f"Pulumi.{stack}.yaml").read_text())["config"]
    settings = load_deploy_file(stacks / f"Pulumi.{stack}.deploy.yaml")
    reviews = REVIEW_PREFIX if stack == _COPIED else None
    role = settings.operation_context.oidc.aws.role_arn
    return PipelineAccessArgs(
        scope=Scope(
            account=config["ballast:account"],
            region=config["ballast:region"],
            stack=stack,
            reviews=reviews,
            state_bucket=state_bucket,
        ),
        github=GitHubTrust(
            repository=settings.git_hub.repository, branch=settings.source_context.git.branch
        ),
        pulumi_cloud=PulumiTrust(
            organization=organization,
            project="ballast",
            stacks=[stack, *([f"{REVIEW_PREFIX}*"] if reviews else [])],
            deploys=role.endswith(f"/{DEPLOYER}"),
        ),
        tags=config["ballast:tags"],
    )
