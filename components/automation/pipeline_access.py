"""The roles that pipelines take on, and the issuers whose word is taken for who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components import naming, tagging
from components.automation import permissions, trust
from components.automation.scope import Scope
from components.automation.trust import GitHubTrust, PulumiTrust, Subjects

TOKEN = naming.token("automation", "PipelineAccess")

# Workflows and deployment settings name them, so they are the same in every account.
DEPLOYER: Final = "ballast-deployer"
PREVIEWER: Final = "ballast-previewer"
# A cluster with its node groups takes longer than the hour that is the default.
_DEPLOYER_SECONDS: Final = 7200
_PREVIEWER_SECONDS: Final = 3600


@dataclass(frozen=True, kw_only=True)
class PipelineAccessArgs:
    """Who is trusted, and with what."""

    scope: Scope
    github: GitHubTrust
    # Absent: Pulumi Deployments is not used.
    pulumi_cloud: PulumiTrust | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class PipelineAccess(pulumi.ComponentResource):
    """A role that deploys a stack and one that only looks at it, for tokens and not for keys.

    Creates: OIDC providers, roles, policies that are also the roles' permissions boundaries.
    """

    deployer_arn: Output[str]
    previewer_arn: Output[str]

    def __init__(
        self, name: str, args: PipelineAccessArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        self._name = name
        self._args = args
        issuers = self._build_issuers()
        # IAM takes a trust policy only if the issuer in it is known.
        self._after = ResourceOptions(parent=self, depends_on=issuers)
        deployer = self._build_deployer()
        previewer = self._build_previewer()
        self.deployer_arn = deployer.arn
        self.previewer_arn = previewer.arn
        self.register_outputs(
            {"deployer_arn": self.deployer_arn, "previewer_arn": self.previewer_arn}
        )

    def _build_issuers(self) -> list[pulumi.Resource]:
        issuers: list[pulumi.Resource] = [
            self._build_issuer("github", trust.GITHUB_ISSUER, trust.GITHUB_AUDIENCE)
        ]
        if (cloud := self._args.pulumi_cloud) is not None:
            issuers.append(self._build_issuer("pulumi", trust.PULUMI_ISSUER, cloud.organization))
        return issuers

    def _build_issuer(self, key: str, issuer: str, audience: str) -> aws.iam.OpenIdConnectProvider:
        child = naming.child(self._name, "issuer", key)
        return aws.iam.OpenIdConnectProvider(
            child,
            aws.iam.OpenIdConnectProviderArgs(
                url=f"https://{issuer}",
                client_id_lists=[audience],
                tags=tagging.tags(self._args.tags, child),
            ),
            self._child,
        )

    def _build_deployer(self) -> aws.iam.Role:
        args, cloud = self._args, self._args.pulumi_cloud
        trusted = [self._github(args.github.deploying(args.scope.stack))]
        if cloud is not None:
            trusted.append(self._pulumi(cloud, cloud.deploying()))
        document = permissions.deployer(args.scope)
        return self._build_role(DEPLOYER, trusted, document, _DEPLOYER_SECONDS)

    def _build_previewer(self) -> aws.iam.Role:
        args, cloud = self._args, self._args.pulumi_cloud
        trusted = [self._github(args.github.reading())]
        if cloud is not None:
            trusted.append(self._pulumi(cloud, cloud.reading()))
        document = permissions.previewer(args.scope)
        return self._build_role(PREVIEWER, trusted, document, _PREVIEWER_SECONDS)

    def _build_role(
        self, role_name: str, trusted: list[Subjects], document: str, seconds: int
    ) -> aws.iam.Role:
        """Build a role whose boundary is what it is given: adding a policy adds nothing."""
        key = role_name.removeprefix("ballast-")
        policy = aws.iam.Policy(
            naming.child(self._name, "policy", key),
            aws.iam.PolicyArgs(name=role_name, policy=document, tags=self._tags(role_name)),
            self._child,
        )
        role = aws.iam.Role(
            naming.child(self._name, "role", key),
            aws.iam.RoleArgs(
                name=role_name,
                assume_role_policy=trust.trust_policy(self._args.scope.account, trusted),
                permissions_boundary=policy.arn,
                max_session_duration=seconds,
                tags=self._tags(role_name),
            ),
            self._after,
        )
        aws.iam.RolePolicyAttachment(
            naming.child(self._name, "attachment", key),
            aws.iam.RolePolicyAttachmentArgs(role=role.name, policy_arn=policy.arn),
            self._child,
        )
        return role

    def _tags(self, name: str) -> dict[str, str]:
        return tagging.tags(self._args.tags, name)

    @staticmethod
    def _github(subjects: list[str]) -> Subjects:
        return Subjects(
            issuer=trust.GITHUB_ISSUER, audience=trust.GITHUB_AUDIENCE, subjects=subjects
        )

    @staticmethod
    def _pulumi(cloud: PulumiTrust, subjects: list[str]) -> Subjects:
        return Subjects(issuer=trust.PULUMI_ISSUER, audience=cloud.organization, subjects=subjects)
