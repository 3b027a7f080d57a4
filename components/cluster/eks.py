"""The EKS control plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, ordering, tagging
from components.cluster import encryption, permissions
from components.cluster.encryption import KeyArgs
from components.cluster.identity import CONTROL_PLANE_POLICIES, ServiceRole, ServiceRoleArgs
from components.cluster.kubeconfig import kubeconfig

TOKEN = naming.token("cluster", "EksCluster")
CONTROL_PLANE_LOGS: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
CLUSTER_ADMIN: Final = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True, kw_only=True)
class EksClusterArgs:
    """What makes the control plane."""

    # The name in AWS: log group, tags and kubeconfigs refer to it.
    cluster_name: str
    kubernetes_version: str
    region: str
    account: str
    subnet_ids: Sequence[Input[str]]
    security_group_id: Input[str]
    # Networks that reach the public endpoint. Empty: the endpoint is private only.
    public_access_cidrs: Sequence[str] = ()
    service_cidr: str
    # The role that deploys and administers; it alone gets in at first.
    admin_role_arn: str
    log_retention_days: int
    # Whether EKS refuses to delete it, and the engine as well.
    deletion_protection: bool = False
    # Whether AWS may move traffic out of a zone that fails.
    zonal_shift: bool = True
    # Whether IAM can trust the cluster's own identity provider, for what cannot use Pod Identity.
    oidc_provider: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class EksCluster(pulumi.ComponentResource):
    """Stateful. An EKS control plane with encrypted secrets, all its logs, and named access.

    The log group is made first: EKS would make one without retention.
    Creates: KMS keys and aliases, log group, role, cluster, access entry with its policy,
    OIDC provider where asked for.
    """

    name: Output[str]
    arn: Output[str]
    kubeconfig: Output[str]

    def __init__(
        self, name: str, args: EksClusterArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        key = self._build_secrets_key(name, args)
        logs = self._build_log_group(name, args, self._build_log_key(name, args))
        role = self._build_role(name, args)
        cluster = self._build_cluster(name, args, role, key, logs)
        entry = self._build_access_entry(name, args, cluster)
        access = self._build_access_policy(name, cluster, entry)
        if args.oidc_provider:
            self._build_oidc_provider(name, args, cluster)
        self.name = cluster.name
        self.arn = cluster.arn
        self.kubeconfig = kubeconfig(
            # Whoever talks to the cluster needs access to it first.
            name=ordering.after(access, cluster.name),
            endpoint=cluster.endpoint,
            authority=cluster.certificate_authority.apply(_authority),
            region=args.region,
        )
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _build_secrets_key(self, name: str, args: EksClusterArgs) -> aws.kms.Key:
        # CRITICAL: without this key the cluster's secrets are lost.
        return encryption.rotating_key(
            naming.child(name, "secrets-key"),
            KeyArgs(
                alias=f"{args.cluster_name}-secrets",
                description=f"Secrets of the Kubernetes cluster {args.cluster_name}",
                tags=args.tags,
            ),
            parent=self._child,
            key=self._kept(args),
        )

    def _build_log_key(self, name: str, args: EksClusterArgs) -> aws.kms.Key:
        return encryption.rotating_key(
            naming.child(name, "logs-key"),
            KeyArgs(
                alias=f"{args.cluster_name}-logs",
                description=f"Logs of the Kubernetes cluster {args.cluster_name}",
                policy=permissions.log_key_policy(
                    account=args.account, region=args.region, log_group=_log_group(args)
                ),
                tags=args.tags,
            ),
            parent=self._child,
        )

    def _kept(self, args: EksClusterArgs) -> ResourceOptions:
        """Return the options of what must not go by mistake."""
        kept = ResourceOptions(protect=args.deletion_protection)
        return ResourceOptions.merge(self._child, kept)

    def _build_log_group(
        self, name: str, args: EksClusterArgs, key: aws.kms.Key
    ) -> aws.cloudwatch.LogGroup:
        child = naming.child(name, "logs")
        return aws.cloudwatch.LogGroup(
            child,
            aws.cloudwatch.LogGroupArgs(
                name=_log_group(args),
                kms_key_id=key.arn,
                retention_in_days=args.log_retention_days,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_role(self, name: str, args: EksClusterArgs) -> ServiceRole:
        return ServiceRole(
            naming.child(name, "control-plane"),
            ServiceRoleArgs(
                service="eks.amazonaws.com", policies=CONTROL_PLANE_POLICIES, tags=args.tags
            ),
            self._child,
        )

    def _build_cluster(
        self,
        name: str,
        args: EksClusterArgs,
        role: ServiceRole,
        key: aws.kms.Key,
        logs: aws.cloudwatch.LogGroup,
    ) -> aws.eks.Cluster:
        child = naming.child(name, "eks")
        return aws.eks.Cluster(
            child,
            aws.eks.ClusterArgs(
                name=args.cluster_name,
                version=args.kubernetes_version,
                role_arn=role.arn,
                deletion_protection=args.deletion_protection,
                vpc_config=aws.eks.ClusterVpcConfigArgs(
                    subnet_ids=args.subnet_ids,
                    security_group_ids=[args.security_group_id],
                    endpoint_private_access=True,
                    endpoint_public_access=bool(args.public_access_cidrs),
                    public_access_cidrs=list(args.public_access_cidrs) or None,
                ),
                kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                    service_ipv4_cidr=args.service_cidr
                ),
                access_config=aws.eks.ClusterAccessConfigArgs(
                    authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
                ),
                encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                    provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key.arn),
                    resources=["secrets"],
                ),
                enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
                # The add-ons are ours: EKS would put unmanaged ones in their place.
                bootstrap_self_managed_addons=False,
                # Never let the bill grow sixfold unseen: EKS upgrades before extended support.
                upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
                zonal_shift_config=aws.eks.ClusterZonalShiftConfigArgs(enabled=args.zonal_shift),
                tags=tagging.tags(args.tags, child),
            ),
            ResourceOptions.merge(self._kept(args), ResourceOptions(depends_on=[logs])),
        )

    def _build_oidc_provider(
        self, name: str, args: EksClusterArgs, cluster: aws.eks.Cluster
    ) -> aws.iam.OpenIdConnectProvider:
        child = naming.child(name, "oidc")
        return aws.iam.OpenIdConnectProvider(
            child,
            aws.iam.OpenIdConnectProviderArgs(
                url=cluster.identities.apply(_issuer),
                client_id_lists=["sts.amazonaws.com"],
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_access_entry(
        self, name: str, args: EksClusterArgs, cluster: aws.eks.Cluster
    ) -> aws.eks.AccessEntry:
        child = naming.child(name, "admin")
        return aws.eks.AccessEntry(
            child,
            aws.eks.AccessEntryArgs(
                cluster_name=cluster.name,
                principal_arn=args.admin_role_arn,
                type="STANDARD",
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_access_policy(
        self,
        name: str,
        cluster: aws.eks.Cluster,
        entry: aws.eks.AccessEntry,
    ) -> aws.eks.AccessPolicyAssociation:
        return aws.eks.AccessPolicyAssociation(
            naming.child(name, "admin-policy"),
            aws.eks.AccessPolicyAssociationArgs(
                cluster_name=cluster.name,
                principal_arn=entry.principal_arn,
                policy_arn=CLUSTER_ADMIN,
                access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            ),
            self._child,
        )


def _log_group(args: EksClusterArgs) -> str:
    """Return the name of the group that EKS writes to; it cannot be another one."""
    return f"/aws/eks/{args.cluster_name}/cluster"


def _issuer(identities: Sequence[aws.eks.outputs.ClusterIdentity]) -> str:
    oidcs = identities[0].oidcs or []
    return oidcs[0].issuer or ""


def _authority(value: aws.eks.outputs.ClusterCertificateAuthority) -> str:
    return value.data or ""
