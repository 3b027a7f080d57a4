"""Who may do what in the cluster: roles, bindings, service accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Index, Resource
from frame.rule import (
    Category,
    Relative,
    ResourceRule,
    Rule,
    Setting,
    Settings,
    Severity,
    StackRule,
)
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes.workloads import WORKLOADS, Pod, pods

_ROLES: Final = (
    "kubernetes:rbac.authorization.k8s.io/*:Role",
    "kubernetes:rbac.authorization.k8s.io/*:ClusterRole",
)
_BINDINGS: Final = (
    "kubernetes:rbac.authorization.k8s.io/*:RoleBinding",
    "kubernetes:rbac.authorization.k8s.io/*:ClusterRoleBinding",
)
PodCheck = Callable[[Index, Resource, Pod], Iterator[Outcome]]

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


def _check_tokens(index: Index, _settings: Settings) -> Iterator[Outcome]:
    yield from _for_pods(index, _token_outcome)


def _check_accounts(index: Index, settings: Settings) -> Iterator[Outcome]:
    harmless = settings["harmlessWithoutToken"]

    def check(index: Index, workload: Resource, pod: Pod) -> Iterator[Outcome]:
        node = _account(pod)
        if node.unknown:
            yield Undetermined(path=node.path, urn=workload.urn)
        elif node.text("default") != "default" or (
            harmless and _mounts(index, workload, pod)[0] is False
        ):
            return
        else:
            yield Violation(path=node.path, found=f"is {node.text('default')}", urn=workload.urn)

    yield from _for_pods(index, check)


def _for_pods(index: Index, check: PodCheck) -> Iterator[Outcome]:
    applies = False
    for workload in index.resources:
        for pod in pods(workload):
            applies = True
            yield from check(index, workload, pod)
    if not applies:
        yield NotApplicable("no pod")


def _token_outcome(index: Index, workload: Resource, pod: Pod) -> Iterator[Outcome]:
    mounted, node = _mounts(index, workload, pod)
    if mounted is None:
        yield Undetermined(path=node.path, urn=workload.urn)
    elif mounted:
        found = "is true" if node.known else "not set, which means true"
        yield Violation(path=node.path, found=found, urn=workload.urn)


def _mounts(index: Index, workload: Resource, pod: Pod) -> tuple[bool | None, Node]:
    """Tell whether the pod gets a token: its own word first, then its account's."""
    own = pod.spec.at("automountServiceAccountToken")
    if own.unknown:
        return None, own
    if not own.missing:
        return not own.is_false(), own
    account = _account(pod)
    name = Node("default", account.path) if account.missing else account
    found, open_end = index.named("ServiceAccount", workload.namespace, name)
    for item in found:
        stated = item.at("automountServiceAccountToken")
        return (None if stated.unknown else not stated.is_false()), own
    return (None if open_end else True), own


def _account(pod: Pod) -> Node:
    name = pod.spec.at("serviceAccountName")
    return pod.spec.at("serviceAccount") if name.missing else name


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

TOKENS: Final = StackRule(
    id="pods-mount-no-service-account-token",
    title="Pods that do not talk to the API server carry no token for it",
    why=(
        "Every pod gets a token for the Kubernetes API unless it says no. A model server never "
        "uses it; whoever makes it read a file by a path in a request has it. Pod Identity brings "
        "AWS credentials without it."
    ),
    fix="automountServiceAccountToken: false",
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K16",),
    check=_check_tokens,
    frameworks=(
        frameworks.cis_eks("4.1.6 Service Account Tokens are only mounted where necessary"),
        frameworks.nsa("Pod security: protecting pod service account tokens"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_K8S_38"),
        Relative(tool="Trivy", check="KSV-0036"),
        Relative(tool="Polaris", check="automountServiceAccountToken"),
        Relative(tool="Kyverno", check="restrict-automount-sa-token"),
        Relative(tool="Kubescape", check="C-0034"),
    ),
)

ACCOUNTS: Final = StackRule(
    id="pods-use-own-service-account",
    title="Pods with a token have a service account of their own",
    why=(
        "All pods that name no account share the namespace's default one: a right that one of them "
        "needs, in the cluster or in AWS, is a right of all of them."
    ),
    fix="serviceAccountName: NAME",
    severity=Severity.LOW,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K16",),
    check=_check_accounts,
    settings={
        "harmlessWithoutToken": Setting(
            type="boolean",
            default=True,
            description="Whether the default account is all right for a pod without a token.",
        )
    },
    frameworks=(
        frameworks.cis_eks("4.1.5 Ensure that default service accounts are not actively used"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="default-service-account"),
        Relative(tool="Checkov", check="CKV_K8S_41"),
        Relative(tool="Kubescape", check="C-0189"),
    ),
)

RULES: Final[Sequence[Rule]] = (WILDCARDS, ESCALATION, ADMIN, TOKENS, ACCOUNTS)
