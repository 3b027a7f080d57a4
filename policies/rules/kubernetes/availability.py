"""What keeps a service up: replicas, their spread, how they are replaced, their priority."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame import tri
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
from frame.selectors import selects
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes import scalers
from rules.kubernetes.checks import per_pod
from rules.kubernetes.replicas import (
    Bounds,
    bounds,
    scaler_bounds,
    scalers_of,
    share,
    static_bounds,
)
from rules.kubernetes.workloads import WORKLOADS, Pod, pods, tokens

_COUNTED: Final = tokens(
    "apps/Deployment",
    "apps/StatefulSet",
    "extensions/Deployment",
    "apps.openshift.io/DeploymentConfig",
    "argoproj.io/Rollout",
)
_ROLLED: Final = (*_COUNTED, *tokens("apps/DaemonSet"))


def _enough(index: Index, settings: Settings) -> Iterator[Outcome]:
    for scaler in scalers.scalers(index):
        held = scaler_bounds(scaler)
        if scaler.is_keda and held.least == 0:
            continue  # scales to zero on purpose
        yield from _at_least(held, settings["minimum"], scaler.resource)
    for workload in _counted(index):
        if next(scalers_of(index, workload), None) is None:
            held = static_bounds(workload)
            if held.least != 0:  # switched off on purpose
                yield from _at_least(held, settings["minimum"], workload)


def _at_least(held: Bounds, minimum: int, resource: Resource) -> Iterator[Outcome]:
    if held.least is None:
        yield Undetermined(path=held.least_at.path, urn=resource.urn)
    elif held.least < minimum:
        stated = held.least_at.path.rpartition(".")[2]
        yield Violation(
            path=held.least_at.path,
            found=f"{held.least} at the least; {minimum} are asked for",
            fix=f"{stated}: {minimum}",
            urn=resource.urn,
        )


def _check_spread(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for workload in _counted(index):
        held = bounds(index, workload)
        if held.most is None:
            applies = True
            urn = held.scaler.urn if held.scaler else workload.urn
            yield Undetermined(path=held.most_at.path, urn=urn)
        elif held.most >= settings["fromReplicas"]:
            applies = True
            yield from _spread(workload, held.most)
    if not applies:
        yield NotApplicable("no workload of several pods")


def _spread(workload: Resource, most: int) -> Iterator[Outcome]:
    for pod in pods(workload):
        spread = tri.any_of([*_constraints(pod), *_repelled(pod, workload.namespace)])
        if spread is None:
            yield Undetermined(path=_first_unknown(pod).path, urn=workload.urn)
        elif not spread:
            path = pod.spec.at("topologySpreadConstraints").path
            found = f"up to {most} pods of {workload.kind} {workload.object_name.shown()} "
            yield Violation(path=path, found=found + "may land on one node", urn=workload.urn)


def _counted(index: Index) -> Iterator[Resource]:
    for resource in index.of_kind("Deployment", "StatefulSet", "DeploymentConfig", "Rollout"):
        if resource.is_kubernetes:
            yield resource


def _constraints(pod: Pod) -> Iterator[bool | None]:
    for constraint in pod.spec.at("topologySpreadConstraints").each():
        selector = constraint.at("labelSelector")
        yield None if constraint.unknown else selects(selector, pod.labels)


def _repelled(pod: Pod, namespace: Node) -> Iterator[bool | None]:
    rules = pod.spec.at("affinity", "podAntiAffinity")
    for term in rules.at("requiredDuringSchedulingIgnoredDuringExecution").each():
        yield _repels(term, pod, namespace)
    for weighted in rules.at("preferredDuringSchedulingIgnoredDuringExecution").each():
        yield _repels(weighted.at("podAffinityTerm"), pod, namespace)


def _repels(term: Node, pod: Pod, namespace: Node) -> bool | None:
    if term.unknown or term.at("namespaces").unknown:
        return None
    named = term.at("namespaces").texts()
    here = not named or namespace.unknown or namespace.text() in named
    return here and selects(term.at("labelSelector"), pod.labels)


def _first_unknown(pod: Pod) -> Node:
    places = (
        pod.spec.at("topologySpreadConstraints"),
        pod.spec.at("affinity", "podAntiAffinity"),
        pod.labels,
    )
    return next((place for place in places if place.unknown), places[0])


def _rolls(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    spec = resource.at("spec")
    for name in ("strategy", "updateStrategy"):
        kind = spec.at(name, "type")
        if kind.unknown:
            yield Undetermined(path=kind.path)
        elif kind.value in ("Recreate", "OnDelete"):
            said = "takes all pods away" if kind.value == "Recreate" else "waits for a person"
            yield Violation(path=kind.path, found=f"is {kind.text()}, which {said}")
        else:
            yield from _room(resource, spec.at(name, "rollingUpdate", "maxUnavailable"))


def _room(resource: Resource, node: Node) -> Iterator[Outcome]:
    if node.unknown:
        yield Undetermined(path=node.path)
        return
    replicas = static_bounds(resource).least
    text = node.text().strip()
    if text == "100%":
        yield Violation(path=node.path, found="is 100%, which takes all pods away at once")
    elif replicas and node.known and resource.kind != "DaemonSet":
        count = share(node, replicas, up=False)
        if count is not None and count >= replicas:
            found = f"is {text} of {replicas}, which takes all pods away at once"
            yield Violation(path=node.path, found=found)


def _priority(pod: Pod, settings: Settings) -> Iterator[Outcome]:
    node = pod.spec.at("priorityClassName")
    accepted = settings["accepted"]
    if node.unknown:
        yield Undetermined(path=node.path)
    elif not node.text():
        yield Violation(path=node.path, found="not set")
    elif accepted and node.value not in accepted:
        allowed = ", ".join(accepted)
        yield Violation(path=node.path, found=f"{node.text()} is not one of {allowed}")


ENOUGH: Final = StackRule(
    id="workloads-run-enough-replicas",
    title="A service has a second pod to answer while the first one is away",
    why=(
        "With one replica every node drain, every spot reclaim (two minutes' notice) and every "
        "crash is an outage, as long as a new pod takes to start: 1 to 20 minutes for a model "
        "server."
    ),
    fix="replicas: 2",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=(*_COUNTED, *scalers.TOKENS),
    covers=("K09", "K08"),
    check=_enough,
    settings={
        "minimum": Setting(
            type="integer", default=2, description="The least number of pods.", more={"minimum": 1}
        ),
    },
    frameworks=(frameworks.well_architected("REL10-BP01 Deploy to multiple locations"),),
    relatives=(
        Relative(
            tool="kube-linter",
            check="minimum-three-replicas",
            settings={"minimum": 3},
        ),
        Relative(tool="kube-linter", check="hpa-minimum-three-replicas", settings={"minimum": 3}),
        Relative(tool="kube-score", check="deployment-replicas"),
        Relative(tool="Polaris", check="deploymentMissingReplicas"),
        Relative(tool="Kyverno", check="require-deployments-have-multiple-replicas"),
    ),
)

SPREAD: Final = StackRule(
    id="replicas-are-spread",
    title="The pods of a service are kept on different nodes",
    why=(
        "The scheduler may put all replicas on one node, and on spot it often does: the newest "
        "node has the room. When that node is reclaimed, all of them are gone at the same minute."
    ),
    fix=(
        "topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, "
        "whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: NAME}}}]"
    ),
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=_COUNTED,
    covers=("K10",),
    check=_check_spread,
    settings={
        "fromReplicas": Setting(
            type="integer", default=2, description="The number of pods from which on it matters."
        )
    },
    frameworks=(frameworks.well_architected("REL10-BP01 Deploy to multiple locations"),),
    relatives=(
        Relative(tool="kube-linter", check="no-anti-affinity"),
        Relative(tool="kube-score", check="deployment-has-host-podantiaffinity"),
        Relative(tool="Polaris", check="topologySpreadConstraint"),
        Relative(tool="Kyverno", check="topologyspreadconstraints-policy"),
    ),
)

ROLLS: Final = ResourceRule(
    id="workloads-roll-without-outage",
    title="A new version replaces the old one without taking the service away",
    why=(
        "Recreate stops every pod before the first new one starts: for a model server that is 1 to "
        "20 minutes without an answer at each change. OnDelete changes nothing until somebody "
        "deletes pods by hand."
    ),
    fix="strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1, maxSurge: 0}}",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=_ROLLED,
    covers=("K20",),
    check=_rolls,
    relatives=(
        Relative(tool="kube-linter", check="no-rolling-update-strategy"),
        Relative(tool="kube-score", check="deployment-strategy"),
        Relative(tool="Kubescape", check="C-0305"),
    ),
)

PRIORITY: Final = ResourceRule(
    id="pods-set-priority-class",
    title="Every pod has a priority class",
    why=(
        "When GPUs are short, the scheduler takes them from pods of lower priority. Without "
        "classes a batch job that came first keeps its GPUs and the service that earns the money "
        "waits."
    ),
    fix="priorityClassName: serving",
    severity=Severity.LOW,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("K18",),
    check=per_pod(_priority),
    settings={
        "accepted": Setting(
            type="array",
            default=[],
            description="The classes that may be used; empty means any.",
            more={"items": {"type": "string"}},
        )
    },
    relatives=(
        Relative(tool="kube-linter", check="priority-class-name"),
        Relative(tool="Polaris", check="priorityClassNotSet"),
        Relative(tool="Kyverno", check="require-pod-priorityclassname"),
    ),
)

RULES: Final[Sequence[Rule]] = (ENOUGH, SPREAD, ROLLS, PRIORITY)
