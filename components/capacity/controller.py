"""A controller of the cluster: one that watches the API server and acts on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import apps, core, meta, networking, policy, rbac

from components import naming
from components.capacity.controller_pod import (
    ControllerArgs,
    Rule,
    object_labels,
    pod_spec,
    selector,
)

TOKEN = naming.token("capacity", "Controller")
# Two: one that acts, and one that takes over while the other's node is drained.
_REPLICAS: Final = 2
# Nothing but this is spoken to AWS; the API server behind its service too.
_HTTPS_PORTS: Final = (443, 6443)


class Controller(pulumi.ComponentResource):
    """A controller with its own account, on the system nodes, never without a stand-in.

    Creates: service account, cluster role and binding, role and binding, network policy,
    deployment, disruption budget.
    """

    deployment_name: str

    def __init__(
        self, name: str, args: ControllerArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self, depends_on=list(args.needs))
        account = self._build_account(name, args)
        bound = self._build_rights(name, args, account)
        admitted = self._build_network_policy(name, args)
        self._build_deployment(name, args, [account, *bound, admitted])
        self._build_budget(name, args)
        self.deployment_name = args.name
        self.register_outputs({"deployment_name": self.deployment_name})

    def _build_account(self, name: str, args: ControllerArgs) -> core.v1.ServiceAccount:
        return core.v1.ServiceAccount(
            naming.child(name, "account"),
            core.v1.ServiceAccountInitArgs(
                metadata=_metadata(args), automount_service_account_token=False
            ),
            self._child,
        )

    def _build_rights(
        self, name: str, args: ControllerArgs, account: core.v1.ServiceAccount
    ) -> list[pulumi.Resource]:
        subject = rbac.v1.SubjectArgs(
            kind="ServiceAccount", name=args.name, namespace=args.namespace
        )
        cluster_role = rbac.v1.ClusterRole(
            naming.child(name, "cluster-role"),
            rbac.v1.ClusterRoleInitArgs(
                metadata=_metadata(args, in_namespace=False), rules=_rules(args.cluster_rules)
            ),
            self._child,
        )
        cluster_binding = rbac.v1.ClusterRoleBinding(
            naming.child(name, "cluster-role-binding"),
            rbac.v1.ClusterRoleBindingInitArgs(
                metadata=_metadata(args, in_namespace=False),
                role_ref=_reference("ClusterRole", args.name),
                subjects=[subject],
            ),
            self._after(account, cluster_role),
        )
        if not args.own_rules:
            return [cluster_binding]
        role = rbac.v1.Role(
            naming.child(name, "role"),
            rbac.v1.RoleInitArgs(metadata=_metadata(args), rules=_rules(args.own_rules)),
            self._child,
        )
        binding = rbac.v1.RoleBinding(
            naming.child(name, "role-binding"),
            rbac.v1.RoleBindingInitArgs(
                metadata=_metadata(args),
                role_ref=_reference("Role", args.name),
                subjects=[subject],
            ),
            self._after(account, role),
        )
        return [cluster_binding, binding]

    def _build_network_policy(self, name: str, args: ControllerArgs) -> networking.v1.NetworkPolicy:
        ports = [
            *(
                networking.v1.NetworkPolicyPortArgs(protocol="TCP", port=one)
                for one in _HTTPS_PORTS
            ),
            *(networking.v1.NetworkPolicyPortArgs(protocol=one, port=53) for one in ("UDP", "TCP")),
        ]
        return networking.v1.NetworkPolicy(
            naming.child(name, "network-policy"),
            networking.v1.NetworkPolicyInitArgs(
                metadata=_metadata(args),
                spec=networking.v1.NetworkPolicySpecArgs(
                    pod_selector=selector(args),
                    policy_types=["Ingress", "Egress"],
                    egress=[networking.v1.NetworkPolicyEgressRuleArgs(ports=ports)],
                ),
            ),
            self._child,
        )

    def _build_deployment(
        self, name: str, args: ControllerArgs, needs: Sequence[pulumi.Resource]
    ) -> apps.v1.Deployment:
        return apps.v1.Deployment(
            naming.child(name, "deployment"),
            apps.v1.DeploymentInitArgs(
                metadata=_metadata(args),
                spec=apps.v1.DeploymentSpecArgs(
                    replicas=_REPLICAS,
                    selector=selector(args),
                    strategy=apps.v1.DeploymentStrategyArgs(
                        type="RollingUpdate",
                        rolling_update=apps.v1.RollingUpdateDeploymentArgs(
                            max_unavailable=1, max_surge=1
                        ),
                    ),
                    template=core.v1.PodTemplateSpecArgs(
                        metadata=meta.v1.ObjectMetaArgs(labels=object_labels(args)),
                        spec=pod_spec(args),
                    ),
                ),
            ),
            self._after(*needs),
        )

    def _build_budget(self, name: str, args: ControllerArgs) -> policy.v1.PodDisruptionBudget:
        return policy.v1.PodDisruptionBudget(
            naming.child(name, "budget"),
            policy.v1.PodDisruptionBudgetInitArgs(
                metadata=_metadata(args),
                spec=policy.v1.PodDisruptionBudgetSpecArgs(
                    max_unavailable=1,
                    unhealthy_pod_eviction_policy="AlwaysAllow",
                    selector=selector(args),
                ),
            ),
            self._child,
        )

    def _after(self, *needs: pulumi.Resource) -> ResourceOptions:
        return ResourceOptions.merge(self._child, ResourceOptions(depends_on=list(needs)))


def _rules(rules: Sequence[Rule]) -> list[rbac.v1.PolicyRuleArgs]:
    return [
        rbac.v1.PolicyRuleArgs(
            api_groups=list(rule.groups),
            resources=list(rule.resources),
            verbs=list(rule.verbs),
            resource_names=list(rule.names) or None,
        )
        for rule in rules
    ]


def _reference(kind: str, name: str) -> rbac.v1.RoleRefArgs:
    return rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind=kind, name=name)


def _metadata(args: ControllerArgs, *, in_namespace: bool = True) -> meta.v1.ObjectMetaArgs:
    namespace = args.namespace if in_namespace else None
    return meta.v1.ObjectMetaArgs(name=args.name, namespace=namespace, labels=object_labels(args))
