"""Who may do what in the cluster: roles, bindings, service accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Resource
from frame.rule import (
    Category,
    Relative,
    ResourceRule,
    Rule,
    Setting,
    Settings,
    Severity,
)
from frame.verdict import Outcome, Undetermined, Violation
from rules import frameworks

_ROLES: Final = (
    "kubernetes:rbac.authorization.k8s.io/*:Role",
    "kubernetes:rbac.authorization.k8s.io/*:ClusterRole",
)


_BINDINGS: Final = (
    "kubernetes:rbac.authorization.k8s.io/*:RoleBinding",
    "kubernetes:rbac.authorization.k8s.io/*:ClusterRoleBinding",
)


_READ: Final = frozenset({"get", "list", "watch", "*"})


_ESCALATING: Final = frozenset({"escalate", "bind", "impersonate"})


# Whoever may create these runs code of their choice with somebody else's rights.
_RUNNING: Final = frozenset({"pods/exec", "pods/attach", "nodes/proxy", "serviceaccounts/token"})


def _wildcards(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    for rule in resource.at("rules").each():
        for field in ("verbs", "resources", "apiGroups"):
            for item in rule.at(field).each():
                if item.unknown:
                    yield Undetermined(path=item.path)
                elif item.value == "*":
                    yield Violation(path=item.path, found=f"allows all {field}")


def _escalation(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    for rule in resource.at("rules").each():
        if rule.unknown:
            yield Undetermined(path=rule.path)
            continue
        verbs = set(rule.at("verbs").texts())
        targets = set(rule.at("resources").texts())
        for verb in sorted(verbs & _ESCALATING):
            yield Violation(path=rule.at("verbs").path, found=f"allows {verb}")
        for target in sorted(targets & _RUNNING if verbs & {"create", "*"} else set[str]()):
            yield Violation(path=rule.at("resources").path, found=f"allows to create {target}")
        yield from _reads_secrets(resource, rule, verbs, targets)


def _reads_secrets(
    resource: Resource, rule: Node, verbs: set[str], targets: set[str]
) -> Iterator[Outcome]:
    named = rule.at("resourceNames").known
    if resource.kind == "ClusterRole" and "secrets" in targets and verbs & _READ and not named:
        found = "lets its holder read the secrets of every namespace"
        yield Violation(path=rule.at("resources").path, found=found)


def _admin(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    role = resource.at("roleRef", "name")
    if role.unknown:
        yield Undetermined(path=role.path)
    elif role.value in settings["roles"]:
        yield Violation(path=role.path, found=f"grants {role.text()}")
    for subject in resource.at("subjects").each():
        name = subject.at("name")
        if name.value in ("system:anonymous", "system:unauthenticated", "system:authenticated"):
            yield Violation(path=name.path, found=f"grants the role to {name.text()}")


WILDCARDS: Final = ResourceRule(
    id="roles-have-no-wildcards",
    title="Roles name what they allow",
    why=(
        "A star also allows what the next version of the API adds: with all verbs comes escalate, "
        "with all resources come secrets and pods/exec, and one stolen token is the whole "
        "namespace, or the whole cluster."
    ),
    fix='rules: [{apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list"]}]',
    severity=Severity.HIGH,
    category=Category.SECURITY,
    tokens=_ROLES,
    covers=("K14",),
    check=_wildcards,
    frameworks=(
        frameworks.cis_eks("4.1.3 Minimize wildcard use in Roles and ClusterRoles"),
        frameworks.pci("7.2.2 Access is assigned by least privileges"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="wildcard-in-rules"),
        Relative(tool="Checkov", check="CKV_K8S_49"),
        Relative(tool="Trivy", check="KSV-0044"),
        Relative(tool="Kyverno", check="restrict-wildcard-verbs"),
        Relative(tool="Kubescape", check="C-0187"),
    ),
)


ESCALATION: Final = ResourceRule(
    id="roles-do-not-escalate",
    title="No role lets its holder gain more rights",
    why=(
        "Escalate, bind and impersonate turn any role into cluster-admin; pods/exec and "
        "nodes/proxy run code in pods with other rights; a list of all secrets holds every token "
        "of the cluster."
    ),
    fix='rules: [{apiGroups: [""], resources: [secrets], resourceNames: [NAME], verbs: [get]}]',
    severity=Severity.HIGH,
    category=Category.SECURITY,
    tokens=_ROLES,
    covers=("K14",),
    check=_escalation,
    frameworks=(
        frameworks.cis_eks("4.1.2 Minimize access to secrets"),
        frameworks.cis_eks("4.1.8 Limit use of the Bind, Impersonate and Escalate permissions"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="access-to-secrets"),
        Relative(tool="Trivy", check="KSV-0041"),
        Relative(tool="Checkov", check="CKV2_K8S_1"),
        Relative(tool="Kubescape", check="C-0015"),
    ),
)


ADMIN: Final = ResourceRule(
    id="bindings-grant-no-cluster-admin",
    title="Nothing is bound to cluster-admin, and nothing to everybody",
    why=(
        "cluster-admin reads every secret and deletes every namespace; no policy, quota or "
        "admission rule of the cluster holds for it. A serving workload needs none of that, and "
        "people get their rights by EKS access entries, which CloudTrail records."
    ),
    fix="roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}",
    severity=Severity.CRITICAL,
    category=Category.SECURITY,
    tokens=_BINDINGS,
    covers=("K14",),
    check=_admin,
    settings={
        "roles": Setting(
            type="array",
            default=["cluster-admin"],
            description="The roles that nobody may be bound to.",
            more={"items": {"type": "string"}},
        )
    },
    frameworks=(frameworks.cis_eks("4.1.1 Ensure that cluster-admin is only used where required"),),
    relatives=(
        Relative(tool="kube-linter", check="cluster-admin-role-binding"),
        Relative(tool="Polaris", check="clusterrolebindingClusterAdmin"),
        Relative(tool="Kubescape", check="C-0035"),
        Relative(tool="Trivy", check="KSV-0111"),
    ),
)


RULES: Final[Sequence[Rule]] = (WILDCARDS, ESCALATION, ADMIN)
