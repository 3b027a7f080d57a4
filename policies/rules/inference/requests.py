"""How a container asks for GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame import quantity
from frame.facts import Node
from frame.rule import Category, ResourceRule, Rule, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules.kubernetes import gpu
from rules.kubernetes.checks import per_container
from rules.kubernetes.workloads import WORKLOADS, Container, Pod, Role


def _shape(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    resources = container.at("resources")
    for field in ("limits", "requests"):
        if resources.at(field).unknown:
            yield Undetermined(path=resources.at(field).path)
    names = dict.fromkeys(name for name, _ in gpu.gpu_quantities(container))
    for name in names:
        limit, request = resources.at("limits", name), resources.at("requests", name)
        yield from _whole(name, limit, request)
        yield from _equal(name, limit, request)


def _whole(name: str, *places: Node) -> Iterator[Outcome]:
    for node in places:
        amount = quantity.of(node)
        if node.unknown:
            yield Undetermined(path=node.path)
        elif node.known and (amount is None or amount != int(amount) or amount < 0):
            yield Violation(path=node.path, found=f"{node.shown()} is no whole number of {name}")


def _equal(name: str, limit: Node, request: Node) -> Iterator[Outcome]:
    if limit.missing and not request.missing:
        yield Violation(path=limit.path, found=f"{name} is requested, and not limited")
    most, least = quantity.of(limit), quantity.of(request)
    if most is not None and least is not None and most != least:
        found = f"{limit.shown()} is not the request of {request.shown()}"
        yield Violation(path=limit.path, found=found)


REQUESTS: Final = ResourceRule(
    id="gpu-requests-are-whole-and-limited",
    title="GPUs are asked for in whole numbers, and as a limit",
    why=(
        "GPUs are not divided by the scheduler: a half one, a request without a limit, or one that "
        "differs from its limit is refused by the API server, at the deployment and not in the "
        "preview. Parts of a GPU have names of their own: nvidia.com/mig-1g.10gb."
    ),
    fix='limits: {nvidia.com/gpu: "1"}',
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("L11",),
    check=per_container(_shape, Role.MAIN, Role.SIDECAR, Role.INIT),
)

RULES: Final[Sequence[Rule]] = (REQUESTS,)
