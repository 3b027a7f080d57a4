"""Service accounts of pods, and the tokens that they bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Index, Resource
from frame.rule import (
    Category,
    Relative,
    Rule,
    Setting,
    Settings,
    Severity,
    StackRule,
)
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes.workloads import WORKLOADS, Pod, pods

PodCheck = Callable[[Index, Resource, Pod], Iterator[Outcome]]


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


RULES: Final[Sequence[Rule]] = (TOKENS, ACCOUNTS)
