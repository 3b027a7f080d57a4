"""Who can reach a pod: network policies, services, ingresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from frame import tri
from frame.networks import is_world
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
from rules.kubernetes.replicas import selected
from rules.kubernetes.workloads import WORKLOADS, pods

_POLICIES: Final = ("NetworkPolicy", "CiliumNetworkPolicy")
_POLICY_TOKEN: Final = (
    "kubernetes:networking.k8s.io/*:NetworkPolicy",
    "kubernetes:core/*:NetworkPolicy",
    "kubernetes:extensions/*:NetworkPolicy",
)
_SCHEME: Final = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_INTERNAL: Final = "service.beta.kubernetes.io/aws-load-balancer-internal"


def _check_isolated(index: Index, _settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload in index.resources:
        templates = list(pods(workload))
        if not templates or all(pod.spec.at("hostNetwork").is_true() for pod in templates):
            continue
        applies = True
        yield from _isolated(index, workload)
    if not applies:
        yield NotApplicable("no pod that a network policy could select")


def _isolated(index: Index, workload: Resource) -> Iterator[Outcome]:
    covered = tri.any_of(
        _covers(policy, workload) if sure else None
        for policy, sure in index.in_namespace(workload.namespace, *_POLICIES)
    )
    name = f"{workload.kind} {workload.object_name.shown()}"
    if covered is None:
        yield Undetermined(
            path="metadata.labels", because="whether a policy selects the pods", urn=workload.urn
        )
    elif not covered:
        yield Violation(
            path="metadata.namespace",
            found=f"no network policy of the namespace selects the pods of {name}",
            urn=workload.urn,
        )


def _covers(policy: Resource, workload: Resource) -> bool | None:
    field = "endpointSelector" if policy.kind.startswith("Cilium") else "podSelector"
    return selected(policy.at("spec", field), workload)


def _stated(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    node = resource.at("spec", "podSelector")
    if node.unknown:
        yield Undetermined(path=node.path)
    elif node.missing:
        yield Violation(path=node.path, found="not set")


def _exposed(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    names = (resource.name, resource.object_name.text())
    if any(fnmatchcase(name, glob) for name in names for glob in settings["publicServices"]):
        yield NotApplicable("meant to be reached from outside")
        return
    kind = resource.at("spec", "type")
    if kind.unknown:
        yield Undetermined(path=kind.path)
    elif kind.value == "NodePort":
        yield Violation(path=kind.path, found="is NodePort: every node answers for it")
    elif kind.value == "LoadBalancer":
        yield from _balanced(resource)
    for address in resource.at("spec", "externalIPs").each():
        if address.unknown:
            yield Undetermined(path=address.path)
        else:
            yield Violation(path=address.path, found=f"takes over the address {address.shown()}")


def _balanced(resource: Resource) -> Iterator[Outcome]:
    scheme, internal = resource.annotation(_SCHEME), resource.annotation(_INTERNAL)
    if scheme.value == "internal" or internal.text() in ("true", "0.0.0.0/0"):
        return
    allowed = list(resource.at("spec", "loadBalancerSourceRanges").each())
    if allowed and not any(is_world(item.value) or item.unknown for item in allowed):
        return
    unknown = next((node for node in (scheme, internal, *allowed) if node.unknown), None)
    if unknown:
        yield Undetermined(path=unknown.path)
    else:
        path = resource.at("spec", "type").path
        yield Violation(path=path, found="is LoadBalancer, open to the internet")


ISOLATED: Final = StackRule(
    id="pods-have-network-policy",
    title="A network policy selects every pod",
    why=(
        "Without a policy every pod of the cluster can talk to every other one: a model server's "
        "port takes prompts, adapters and metrics from anybody, and what broke into one pod sees "
        "all of them. Policies only ever allow, so one that selects a pod closes it."
    ),
    fix="kind: NetworkPolicy  # spec: {podSelector: {}, policyTypes: [Ingress, Egress]}",
    severity=Severity.MEDIUM,
    category=Category.NETWORK,
    tokens=WORKLOADS,
    covers=("K11",),
    check=_check_isolated,
    frameworks=(
        frameworks.cis_eks("4.3.2 Ensure that all namespaces have network policies defined"),
        frameworks.nsa("Network separation and hardening: network policies"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="non-isolated-pod"),
        Relative(tool="kube-score", check="pod-networkpolicy"),
        Relative(tool="Polaris", check="missingNetworkPolicy"),
        Relative(tool="Kyverno", check="require-netpol"),
        Relative(tool="Kubescape", check="C-0260"),
        Relative(tool="Checkov", check="CKV2_K8S_6"),
    ),
)

STATED: Final = ResourceRule(
    id="network-policies-name-their-pods",
    title="A network policy says which pods it is for",
    why=(
        "A policy whose selector was forgotten or misspelt is read as one for all pods of the "
        "namespace or for none, depending on who reads it. An empty selector says all, on purpose."
    ),
    fix="spec: {podSelector: {matchLabels: {app: NAME}}}",
    severity=Severity.MEDIUM,
    category=Category.NETWORK,
    tokens=_POLICY_TOKEN,
    covers=("K11",),
    check=_stated,
    relatives=(Relative(tool="Trivy", check="KSV-0038"),),
)

EXPOSED: Final = ResourceRule(
    id="services-are-not-exposed",
    title="Only the gateway can be reached from outside the cluster",
    why=(
        "vLLM, Triton, Ray and KServe answer without a password: an exposed port is a free GPU at "
        "0.53 to 142 USD an hour for whoever finds it, and some of their APIs load code. A node "
        "port answers on every node, past the load balancer and its logs."
    ),
    fix="spec: {type: ClusterIP}",
    severity=Severity.HIGH,
    category=Category.NETWORK,
    tokens=("kubernetes:core/*:Service",),
    covers=("K12",),
    check=_exposed,
    settings={
        "publicServices": Setting(
            type="array",
            default=["*gateway*"],
            description="Globs for the names of services that are the front door.",
            more={"items": {"type": "string"}},
        )
    },
    frameworks=(
        frameworks.pci("1.3.1 Inbound traffic to the CDE is restricted to what is necessary"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="exposed-services"),
        Relative(tool="kube-score", check="service-type"),
        Relative(tool="Kyverno", check="restrict-nodeport"),
        Relative(tool="Gatekeeper", check="block-nodeport"),
        Relative(tool="Kubescape", check="C-0021"),
        Relative(tool="Pulumi", check="disallow-load-balancer"),
    ),
)

RULES: Final[Sequence[Rule]] = (ISOLATED, STATED, EXPOSED)
