"""Who gets into the cluster, and as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, ordering, tagging

TOKEN = naming.token("cluster", "RoleAccess")
Rights = Literal["cluster-admin", "admin", "edit", "view", "admin-view"]
_POLICIES: Final[Mapping[Rights, str]] = {
    "cluster-admin": "AmazonEKSClusterAdminPolicy",
    "admin": "AmazonEKSAdminPolicy",
    "edit": "AmazonEKSEditPolicy",
    "view": "AmazonEKSViewPolicy",
    "admin-view": "AmazonEKSAdminViewPolicy",
}


@dataclass(frozen=True, kw_only=True)
class RoleAccessArgs:
    """One IAM role and what it may do in the cluster."""

    cluster_name: Input[str]
    role_arn: str
    rights: Rights
    # Where the rights hold. Empty: in the whole cluster.
    namespaces: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class RoleAccess(pulumi.ComponentResource):
    """Lets one IAM role into the cluster. Creates: access entry, association with its policy."""

    # Known once the role can get in.
    role_arn: Output[str]

    def __init__(
        self, name: str, args: RoleAccessArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        entry = self._build_entry(name, args)
        association = self._build_association(name, args, entry)
        self.role_arn = ordering.after(association, entry.principal_arn)
        self.register_outputs({"role_arn": self.role_arn})

    def _build_entry(self, name: str, args: RoleAccessArgs) -> aws.eks.AccessEntry:
        child = naming.child(name, "entry")
        return aws.eks.AccessEntry(
            child,
            aws.eks.AccessEntryArgs(
                cluster_name=args.cluster_name,
                principal_arn=args.role_arn,
                type="STANDARD",
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_association(
        self, name: str, args: RoleAccessArgs, entry: aws.eks.AccessEntry
    ) -> aws.eks.AccessPolicyAssociation:
        policy = _POLICIES[args.rights]
        return aws.eks.AccessPolicyAssociation(
            naming.child(name, "policy"),
            aws.eks.AccessPolicyAssociationArgs(
                cluster_name=args.cluster_name,
                principal_arn=entry.principal_arn,
                policy_arn=f"arn:aws:eks::aws:cluster-access-policy/{policy}",
                access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(
                    type="namespace" if args.namespaces else "cluster",
                    namespaces=list(args.namespaces) or None,
                ),
            ),
            self._child,
        )
