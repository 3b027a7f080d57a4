"""How Kubernetes finds out whether a container works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node, contains_unknown
from frame.rule import Category, Relative, ResourceRule, Rule, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules.kubernetes.checks import per_container
from rules.kubernetes.workloads import SERVICES, Container, Pod, Role

_HANDLERS: Final = ("httpGet", "grpc", "tcpSocket", "exec")


def _readiness(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    yield from _required(container, "readinessProbe")


def _liveness(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    yield from _required(container, "livenessProbe")


def _required(container: Container, name: str) -> Iterator[Outcome]:
    probe = container.at(name)
    if probe.unknown:
        yield Undetermined(path=probe.path)
    elif probe.missing:
        yield Violation(path=probe.path, found=f"not set for {container.label}")
    elif not any(not probe.at(handler).missing for handler in _HANDLERS):
        yield Violation(path=probe.path, found=f"asks nothing of {container.label}")


def _differ(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    readiness, liveness = container.at("readinessProbe"), container.at("livenessProbe")
    if readiness.missing or liveness.missing:
        return
    if contains_unknown(readiness.value) or contains_unknown(liveness.value):
        yield Undetermined(path=liveness.path)
    elif _question(readiness) == _question(liveness) and _patience(liveness) <= _patience(
        readiness
    ):
        found = f"asks {container.label} the same as readinessProbe, and gives up no later"
        yield Violation(path=liveness.path, found=found)


def _question(probe: Node) -> object:
    return [probe.at(handler).value for handler in _HANDLERS if probe.at(handler).known]


def _patience(probe: Node) -> float:
    """Return the seconds that pass until a probe that fails has its effect."""
    period = probe.at("periodSeconds").number() or 10
    return period * (probe.at("failureThreshold").number() or 3)


READINESS: Final = ResourceRule(
    id="containers-have-readiness-probe",
    title="Every serving container says when it can take requests",
    why=(
        "Without a readiness probe a pod gets requests as soon as its process runs: a model server "
        "answers errors for the 1 to 20 minutes that its weights take to load, at each "
        "scale-up and after each spot reclaim."
    ),
    fix="readinessProbe: {httpGet: {path: /health, port: 8000}, periodSeconds: 5}",
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=SERVICES,
    covers=("K05",),
    check=per_container(_readiness, Role.MAIN),
    relatives=(
        Relative(tool="kube-linter", check="no-readiness-probe"),
        Relative(tool="kube-score", check="pod-probes"),
        Relative(tool="Polaris", check="readinessProbeMissing"),
        Relative(tool="Checkov", check="CKV_K8S_9"),
        Relative(tool="Kubescape", check="C-0018"),
    ),
)

LIVENESS: Final = ResourceRule(
    id="containers-have-liveness-probe",
    title="Every serving container is restarted when it hangs",
    why=(
        "A server whose CUDA context is broken keeps its process and its GPU and answers nothing: "
        "without a liveness probe it stays so until a person notices."
    ),
    fix="livenessProbe: {httpGet: {path: /health, port: 8000}, failureThreshold: 6}",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=SERVICES,
    covers=("K05",),
    check=per_container(_liveness, Role.MAIN),
    relatives=(
        Relative(tool="kube-linter", check="no-liveness-probe"),
        Relative(tool="Polaris", check="livenessProbeMissing"),
        Relative(tool="Checkov", check="CKV_K8S_8"),
        Relative(tool="Kubescape", check="C-0056"),
    ),
)

DIFFERENT: Final = ResourceRule(
    id="liveness-gives-up-later-than-readiness",
    title="A busy server is taken out of service before it is restarted",
    why=(
        "With the same question and the same patience, a server that is too busy to answer is "
        "killed the moment it should only get no new requests: its load moves to the others, which "
        "are killed next, and each needs minutes to load its weights again."
    ),
    fix="livenessProbe: {failureThreshold: 6}  # readinessProbe: {failureThreshold: 2}",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=SERVICES,
    covers=("K05",),
    check=per_container(_differ, Role.MAIN),
    relatives=(
        Relative(tool="kube-score", check="pod-probes-identical"),
        Relative(tool="Kyverno", check="ensure-probes-different"),
    ),
)

RULES: Final[Sequence[Rule]] = (READINESS, LIVENESS, DIFFERENT)
