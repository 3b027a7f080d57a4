"""The add-ons: versions, what each is set to, and when it is installed.

The one place where their versions stand. AWS publishes new ones every few weeks:
`aws eks describe-addon-versions --kubernetes-version 1.35 --addon-name coredns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

# Kubernetes versions in standard support on EKS -> until when (ISO date).
# https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
STANDARD_SUPPORT: Final[Mapping[str, str]] = {"1.34": "2026-12-02", "1.35": "2027-03-27"}

# Deployments that belong to the cluster itself may run where nothing else does.
SYSTEM_TOLERATIONS: Final = (
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
    {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
)


@dataclass(frozen=True, kw_only=True)
class AddonIdentity:
    """The service account of an add-on, and what it may do."""

    service_account: str
    # AWS managed policy, with its path.
    policy: str


@dataclass(frozen=True, kw_only=True)
class Addon:
    """One add-on that EKS installs and keeps."""

    name: str
    # Kubernetes version -> version of the add-on; "*": whichever.
    versions: Mapping[str, str]
    # Before the nodes: they need it to become ready. After: it needs nodes to run on.
    stage: Literal["before-nodes", "after-nodes"]
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    identity: AddonIdentity | None = None

    def version(self, kubernetes_version: str) -> str:
        """Return the version for a Kubernetes version."""
        return self.versions.get(kubernetes_version) or self.versions["*"]


ADDONS: Final = (
    Addon(
        name="vpc-cni",
        versions={"*": "v1.20.4-eksbuild.2"},
        stage="before-nodes",
        settings={
            "enableNetworkPolicy": "true",
            # Sixteen addresses at a time: more pods a node, and fewer calls to EC2.
            "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
        },
        identity=AddonIdentity(service_account="aws-node", policy="AmazonEKS_CNI_Policy"),
    ),
    Addon(
        name="kube-proxy",
        versions={"1.34": "v1.34.0-eksbuild.2", "1.35": "v1.35.0-eksbuild.2"},
        stage="before-nodes",
    ),
    Addon(
        name="eks-pod-identity-agent",
        versions={"*": "v1.3.9-eksbuild.3"},
        stage="before-nodes",
    ),
    Addon(
        name="eks-node-monitoring-agent",
        versions={"*": "v1.4.1-eksbuild.1"},
        stage="before-nodes",
    ),
    Addon(
        name="coredns",
        versions={"*": "v1.12.4-eksbuild.1"},
        stage="after-nodes",
        settings={
            "autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10},
            "tolerations": list(SYSTEM_TOLERATIONS),
        },
    ),
    Addon(
        name="aws-ebs-csi-driver",
        versions={"*": "v1.52.1-eksbuild.1"},
        stage="after-nodes",
        settings={
            "controller": {"tolerations": list(SYSTEM_TOLERATIONS)},
            "node": {"tolerateAllTaints": True},
        },
        identity=AddonIdentity(
            service_account="ebs-csi-controller-sa",
            policy="service-role/AmazonEBSCSIDriverPolicy",
        ),
    ),
    Addon(
        name="metrics-server",
        versions={"*": "v0.8.0-eksbuild.3"},
        stage="after-nodes",
        settings={"replicas": 2, "tolerations": list(SYSTEM_TOLERATIONS)},
    ),
)
