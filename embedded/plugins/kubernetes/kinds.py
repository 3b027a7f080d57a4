"""Kinds of objects: what a resource type's token says, and what holds of built-in kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from embedded.plugins.provider import ProviderError

_PACKAGE: Final = "kubernetes"
_LEGACY_GROUP: Final = "core"  # how tokens spell the group that has no name

# Not objects of the API server: the released provider runs Helm and Kustomize for these.
_NOT_OBJECTS: Final = frozenset({"helm.sh", "helm", "kustomize", "yaml"})

# Known by heart, because a preview without a cluster has nobody to ask.
_CLUSTER_SCOPED: Final = frozenset(
    {
        ("", "ComponentStatus"),
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("certificates.k8s.io", "ClusterTrustBundle"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "IPAddress"),
        ("networking.k8s.io", "ServiceCIDR"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("resource.k8s.io", "ResourceSlice"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("storage.k8s.io", "VolumeAttributesClass"),
        ("storagemigration.k8s.io", "StorageVersionMigration"),
    }
)

_BUILT_IN_WITHOUT_DOMAIN: Final = frozenset(
    {"", "apps", "autoscaling", "batch", "extensions", "policy"}
)


@dataclass(frozen=True)
class Kind:
    """Group, version and name of a kind."""

    group: str
    version: str
    name: str

    @classmethod
    def of(cls, api_version: str, name: str) -> Kind:
        """Return the kind that a manifest's `apiVersion` and `kind` name."""
        group, slash, version = api_version.partition("/")
        if not slash:
            return cls("", api_version, name)
        return cls("" if group == _LEGACY_GROUP else group, version, name)

    @classmethod
    def from_type(cls, token: str) -> Kind:
        """Return the kind of a resource type, `kubernetes:apps/v1:Deployment` for example."""
        package, _, rest = token.partition(":")
        module, _, name = rest.partition(":")
        group, slash, version = module.partition("/")
        if package != _PACKAGE or not slash or not name:
            message = (
                f"{token} is not a Kubernetes resource type; one looks like"
                " kubernetes:apps/v1:Deployment"
            )
            raise ProviderError(message)
        if group in _NOT_OBJECTS:
            message = (
                f"{token} needs Helm or Kustomize, which the embedded Kubernetes provider does not"
                " run; declare the objects themselves, or install the released plugin"
            )
            raise ProviderError(message)
        return cls.of(f"{group}/{version}", name)

    @property
    def api_version(self) -> str:
        """The manifest's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def built_in(self) -> bool:
        """Whether Kubernetes itself defines the group."""
        return self.group in _BUILT_IN_WITHOUT_DOMAIN or self.group.endswith(".k8s.io")

    @property
    def assumed_namespaced(self) -> bool:
        """Whether objects live in a namespace, as far as can be said without asking a cluster."""
        return (self.group, self.name) not in _CLUSTER_SCOPED

    def __str__(self) -> str:
        return f"{self.api_version} {self.name}"


def is_patch(token: str, kind: str) -> bool:
    """Tell whether the resource owns single fields of an object that somebody else made."""
    name = token.rpartition(":")[2]
    return name.endswith("Patch") and name != kind


def is_list(token: str) -> bool:
    """Tell whether the type is a list of objects, which has no object of its own."""
    kind = Kind.from_type(token)
    return kind.built_in and kind.name.endswith("List")


def kind_of(obj: Any) -> Kind:
    """Return the kind that an object says it is of."""
    try:
        return Kind.of(str(obj["apiVersion"]), str(obj["kind"]))
    except (KeyError, TypeError):
        message = f"not a Kubernetes object, which has apiVersion and kind: {str(obj)[:100]!r}"
        raise ProviderError(message) from None
