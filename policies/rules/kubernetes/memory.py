"""Memory limits of containers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame import quantity
from frame.facts import Node
from frame.resource import Resource
from frame.rule import (
    Category,
    Framework,
    Level,
    Relative,
    ResourceRule,
    Rule,
    Setting,
    Settings,
    Severity,
)
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.kubernetes.workloads import WORKLOADS, Container, Pod, Role, pods


def _check(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    # The API refuses resources on an ephemeral container, so nothing can be asked of one.
    roles = (Role.MAIN, Role.SIDECAR, *((Role.INIT,) if settings["initContainers"] else ()))
    found = False
    for pod in pods(resource):
        for container in pod.containers(*roles):
            found = True
            yield from _check_container(container, pod)
    if not found:
        yield NotApplicable("no container that could have a limit")


def _check_container(container: Container, pod: Pod) -> Iterator[Outcome]:
    limit = container.at("resources", "limits", "memory")
    whole = pod.spec.at("resources", "limits", "memory")
    if _is_set(limit) or _is_set(whole):
        return
    if limit.unknown or (limit.missing and whole.unknown):
        yield Undetermined(path=limit.path if limit.unknown else whole.path)
        return
    found = f"not set for {container.label}"
    if limit.known:
        found = f"{limit.shown()!r} for {container.label} is no limit"
    yield Violation(path=limit.path, found=found, fix=_fix(container))


def _is_set(limit: Node) -> bool:
    amount = quantity.of(limit)
    # Kubernetes reads 0 as "no limit".
    return amount is not None and amount > 0


def _fix(container: Container) -> str:
    request = container.at("resources", "requests", "memory")
    value = request.shown() if _is_set(request) else "2Gi"
    return f'resources: {{limits: {{memory: "{value}"}}}}'


SET_LIMITS: Final = ResourceRule(
    id="containers-set-memory-limits",
    title="Every container has a memory limit",
    why=(
        "Without a limit one leaking container may take all of the node's memory: the kernel then "
        "kills whichever process scores highest, which on a GPU node is the model server with "
        "tens of gigabytes of weights and minutes of load time, and every other pod there is "
        "at risk. With a limit only the container that grew is restarted."
    ),
    fix='resources: {limits: {memory: "2Gi"}}',
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    level=Level.MANDATORY,
    tokens=WORKLOADS,
    covers=("K01",),
    check=_check,
    settings={
        "initContainers": Setting(
            type="boolean",
            default=True,
            description="Whether init containers that end before the pod starts need a limit too.",
        )
    },
    frameworks=(
        Framework(
            name="NSA Kubernetes Hardening Guide", version="1.2", control="Resource policies"
        ),
    ),
    relatives=(
        Relative(tool="kube-linter", check="unset-memory-requirements"),
        Relative(tool="kube-score", check="container-resources"),
        Relative(tool="Polaris", check="memoryLimitsMissing"),
        Relative(tool="Checkov", check="CKV_K8S_13", settings={"initContainers": False}),
        Relative(tool="Trivy", check="KSV-0018"),
        Relative(tool="Kubescape", check="C-0271"),
    ),
)

RULES: Final[Sequence[Rule]] = (SET_LIMITS,)
