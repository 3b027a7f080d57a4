"""Ways to ask the same of every container, or of every pod, of a workload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from frame.facts import Node
from frame.resource import Resource
from frame.rule import ResourceCheck, Settings
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.kubernetes.workloads import Container, Pod, Role, pods

ContainerCheck = Callable[[Container, Pod, Settings], Iterator[Outcome]]
PodCheck = Callable[[Pod, Settings], Iterator[Outcome]]

# Everything that runs code, debuggers included.
EVERYTHING: Final = (Role.INIT, Role.SIDECAR, Role.MAIN, Role.EPHEMERAL)
# What lives as long as the pod.
LASTING: Final = (Role.MAIN, Role.SIDECAR)


def per_container(check: ContainerCheck, *roles: Role) -> ResourceCheck:
    """Ask the check of each container in the roles, or in any."""

    def run(resource: Resource, settings: Settings) -> Iterator[Outcome]:
        found = False
        for pod in pods(resource):
            for container in pod.containers(*(roles or EVERYTHING)):
                found = True
                if container.node.unknown:
                    yield Undetermined(path=container.path)
                else:
                    yield from check(container, pod, settings)
        if not found:
            yield NotApplicable("no container")

    return run


def per_pod(check: PodCheck) -> ResourceCheck:
    """Ask the check of each pod template of a workload."""

    def run(resource: Resource, settings: Settings) -> Iterator[Outcome]:
        found = False
        for pod in pods(resource):
            if pod.spec.unknown:
                found = True
                yield Undetermined(path=pod.spec.path)
            elif pod.spec.known:
                found = True
                yield from check(pod, settings)
        if not found:
            yield NotApplicable("no pod")

    return run


def forbid_true(node: Node, found: str, fix: str = "") -> Iterator[Outcome]:
    """Yield a violation where the switch is on."""
    if node.unknown:
        yield Undetermined(path=node.path)
    elif node.is_true():
        yield Violation(path=node.path, found=found, fix=fix)


def require_false(node: Node, found: str, fix: str = "") -> Iterator[Outcome]:
    """Yield a violation unless the switch is known to be off: Kubernetes takes it for on."""
    if node.unknown:
        yield Undetermined(path=node.path)
    elif not node.is_false():
        yield Violation(path=node.path, found=found, fix=fix)


def require_set(node: Node, found: str, fix: str = "") -> Iterator[Outcome]:
    """Yield a violation where nothing is set."""
    if node.unknown:
        yield Undetermined(path=node.path)
    elif node.missing or node.value in ("", {}, []):
        yield Violation(path=node.path, found=found, fix=fix)
