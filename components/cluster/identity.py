"""IAM roles with AWS's managed policies, and no more of them than the part needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components import naming, ordering, tagging
from components.cluster import permissions

TOKEN = naming.token("cluster", "ServiceRole")

CONTROL_PLANE_POLICIES: Final = ("AmazonEKSClusterPolicy",)
NODE_POLICIES: Final = (
    "AmazonEKSWorkerNodeMinimalPolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    # Shell access goes through Session Manager: no SSH key, no open port.
    "AmazonSSMManagedInstanceCore",
)


@dataclass(frozen=True, kw_only=True)
class ServiceRoleArgs:
    """Who may take the role, and what it may do."""

    # Such as eks.amazonaws.com.
    service: str
    # Names of AWS managed policies.
    policies: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class ServiceRole(pulumi.ComponentResource):
    """A role that one AWS service takes on.

    Creates: role, policy attachments.
    """

    # Known once the policies are attached: a cluster made before that fails.
    arn: Output[str]

    def __init__(
        self, name: str, args: ServiceRoleArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        role = self._build_role(name, args)
        arn = role.arn
        for policy in args.policies:
            arn = ordering.after(self._build_attachment(name, role, policy), arn)
        self.arn = arn
        self.register_outputs({"arn": self.arn})

    def _build_role(self, name: str, args: ServiceRoleArgs) -> aws.iam.Role:
        child = naming.child(name, "role", longest=naming.LONGEST_ROLE)
        return aws.iam.Role(
            child,
            aws.iam.RoleArgs(
                assume_role_policy=permissions.service_trust(args.service),
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_attachment(
        self, name: str, role: aws.iam.Role, policy: str
    ) -> aws.iam.RolePolicyAttachment:
        return aws.iam.RolePolicyAttachment(
            naming.child(name, _short(policy)),
            aws.iam.RolePolicyAttachmentArgs(
                role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}"
            ),
            self._child,
        )


def _short(policy: str) -> str:
    return policy.removeprefix("Amazon").replace("_", "")
