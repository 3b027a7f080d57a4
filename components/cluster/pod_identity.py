"""What the pods of one service account may do in AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, ordering, tagging
from components.cluster import permissions
from components.cluster.permissions import Allow

TOKEN = naming.token("cluster", "PodIdentity")


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    """Who takes the role, and what it may do."""

    # None: an add-on makes the association itself.
    cluster_name: Input[str] | None
    namespace: str
    service_account: str
    # Names of AWS managed policies, with their path.
    managed_policies: Sequence[str] = ()
    allow: Sequence[Allow] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class PodIdentity(pulumi.ComponentResource):
    """A role for the pods of one service account, instead of permissions of the whole node.

    Creates: role, its policies, Pod Identity association.
    """

    # Known once the policies are attached.
    role_arn: Output[str]

    def __init__(
        self, name: str, args: PodIdentityArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        role = self._build_role(name, args)
        arn = role.arn
        for policy in args.managed_policies:
            arn = ordering.after(self._build_attachment(name, role, policy), arn)
        if args.allow:
            arn = ordering.after(self._build_policy(name, role, args), arn)
        if args.cluster_name is not None:
            self._build_association(name, args, args.cluster_name, arn)
        self.role_arn = arn
        self.register_outputs({"role_arn": self.role_arn})

    def _build_role(self, name: str, args: PodIdentityArgs) -> aws.iam.Role:
        child = naming.child(name, "role", longest=naming.LONGEST_ROLE)
        return aws.iam.Role(
            child,
            aws.iam.RoleArgs(
                assume_role_policy=permissions.pod_trust(args.namespace, args.service_account),
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_attachment(
        self, name: str, role: aws.iam.Role, policy: str
    ) -> aws.iam.RolePolicyAttachment:
        short = policy.rpartition("/")[2].removeprefix("Amazon").replace("_", "")
        return aws.iam.RolePolicyAttachment(
            naming.child(name, short),
            aws.iam.RolePolicyAttachmentArgs(
                role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}"
            ),
            self._child,
        )

    def _build_policy(
        self, name: str, role: aws.iam.Role, args: PodIdentityArgs
    ) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(
            naming.child(name, "policy"),
            aws.iam.RolePolicyArgs(role=role.name, policy=permissions.document(args.allow)),
            self._child,
        )

    def _build_association(
        self, name: str, args: PodIdentityArgs, cluster_name: Input[str], role_arn: Output[str]
    ) -> None:
        child = naming.child(name, "association")
        aws.eks.PodIdentityAssociation(
            child,
            aws.eks.PodIdentityAssociationArgs(
                cluster_name=cluster_name,
                namespace=args.namespace,
                service_account=args.service_account,
                role_arn=role_arn,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )
