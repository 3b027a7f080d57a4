"""What the stages share: their namespace, what is closed in it, and their priority."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import core, meta, networking, scheduling

from components import naming
from components.serving import limits
from components.serving.pod import PART_OF, PRIORITY_CLASS

TOKEN = naming.token("serving", "Foundation")
_POD_SECURITY: Final[Mapping[str, str]] = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}


@dataclass(frozen=True, kw_only=True)
class FoundationArgs:
    """Where the pipeline lives."""

    namespace: str
    # What the namespace may take at most, as a resource quota has it.
    quota: Mapping[str, str]


class Foundation(pulumi.ComponentResource):
    """A namespace where nothing may talk, and no pod may do more than it must, until it is said.

    Creates: namespace, network policies (deny all, allow DNS), resource quota, limit range,
    priority class.
    """

    namespace: str

    def __init__(
        self, name: str, args: FoundationArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        namespace = self._build_namespace(name, args)
        self._build_deny_all(name, args, namespace)
        self._build_allow_dns(name, args, namespace)
        self._build_quota(name, args, namespace)
        self._build_limits(name, args, namespace)
        self._build_priority(name)
        self.namespace = args.namespace
        self.register_outputs({"namespace": self.namespace})

    def _build_namespace(self, name: str, args: FoundationArgs) -> core.v1.Namespace:
        return core.v1.Namespace(
            naming.child(name, "namespace"),
            core.v1.NamespaceInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    name=args.namespace, labels={**_POD_SECURITY, **PART_OF}
                )
            ),
            self._child,
        )

    def _build_deny_all(
        self, name: str, args: FoundationArgs, namespace: core.v1.Namespace
    ) -> networking.v1.NetworkPolicy:
        return networking.v1.NetworkPolicy(
            naming.child(name, "deny-all"),
            networking.v1.NetworkPolicyInitArgs(
                metadata=_metadata("deny-all", args),
                spec=networking.v1.NetworkPolicySpecArgs(
                    pod_selector=meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
                ),
            ),
            self._after(namespace),
        )

    def _build_allow_dns(
        self, name: str, args: FoundationArgs, namespace: core.v1.Namespace
    ) -> networking.v1.NetworkPolicy:
        resolvers = networking.v1.NetworkPolicyPeerArgs(
            namespace_selector=meta.v1.LabelSelectorArgs(
                match_labels={"kubernetes.io/metadata.name": "kube-system"}
            ),
            pod_selector=meta.v1.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
        )
        ports = [
            networking.v1.NetworkPolicyPortArgs(protocol=protocol, port=53)
            for protocol in ("UDP", "TCP")
        ]
        return networking.v1.NetworkPolicy(
            naming.child(name, "allow-dns"),
            networking.v1.NetworkPolicyInitArgs(
                metadata=_metadata("allow-dns", args),
                spec=networking.v1.NetworkPolicySpecArgs(
                    pod_selector=meta.v1.LabelSelectorArgs(),
                    policy_types=["Egress"],
                    egress=[networking.v1.NetworkPolicyEgressRuleArgs(to=[resolvers], ports=ports)],
                ),
            ),
            self._after(namespace),
        )

    def _build_quota(
        self, name: str, args: FoundationArgs, namespace: core.v1.Namespace
    ) -> core.v1.ResourceQuota:
        return core.v1.ResourceQuota(
            naming.child(name, "quota"),
            core.v1.ResourceQuotaInitArgs(
                metadata=_metadata("pipeline", args),
                spec=core.v1.ResourceQuotaSpecArgs(hard=dict(args.quota)),
            ),
            self._after(namespace),
        )

    def _build_limits(
        self, name: str, args: FoundationArgs, namespace: core.v1.Namespace
    ) -> core.v1.LimitRange:
        return core.v1.LimitRange(
            naming.child(name, "limits"),
            core.v1.LimitRangeInitArgs(
                metadata=_metadata("containers", args), spec=limits.defaults()
            ),
            self._after(namespace),
        )

    def _build_priority(self, name: str) -> scheduling.v1.PriorityClass:
        return scheduling.v1.PriorityClass(
            naming.child(name, "priority"),
            scheduling.v1.PriorityClassInitArgs(
                metadata=meta.v1.ObjectMetaArgs(name=PRIORITY_CLASS, labels=PART_OF),
                value=100_000,
                global_default=False,
                description="Pods that answer requests; batch work makes room for them",
            ),
            self._child,
        )

    def _after(self, namespace: core.v1.Namespace) -> ResourceOptions:
        return ResourceOptions.merge(self._child, ResourceOptions(depends_on=[namespace]))


def _metadata(name: str, args: FoundationArgs) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(name=name, namespace=args.namespace, labels=PART_OF)
