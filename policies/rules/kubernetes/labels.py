"""Labels by which people and bills find a workload."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.resource import Resource
from frame.rule import Category, Relative, ResourceRule, Rule, Setting, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules.kubernetes.workloads import SERVICES, pods


def _check(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    places = [("metadata.labels", resource.at("metadata", "labels"))]
    if resource.kind != "Pod":
        places += [(pod.labels.path, pod.labels) for pod in pods(resource)]
    for path, labels in places:
        for name in settings["labels"]:
            node = labels.at(name)
            if node.unknown:
                yield Undetermined(path=node.path)
            elif not node.text():
                yield Violation(
                    path=path, found=f"has no {name}", fix=f'labels: {{"{name}": NAME}}'
                )


LABELS: Final = ResourceRule(
    id="workloads-carry-owner-and-cost-labels",
    title="Workloads say what they belong to, on themselves and on their pods",
    why=(
        "Split cost allocation on EKS and Kubecost divide a node's price by the labels of its "
        "pods: a GPU node at 0.53 to 142 USD an hour whose pods carry none is booked to nobody, "
        "and at night nobody knows whom to call."
    ),
    fix="labels: {app.kubernetes.io/name: NAME, app.kubernetes.io/part-of: SYSTEM}",
    severity=Severity.LOW,
    category=Category.COST,
    tokens=SERVICES,
    covers=("K21",),
    check=_check,
    settings={
        "labels": Setting(
            type="array",
            default=["app.kubernetes.io/name", "app.kubernetes.io/part-of"],
            description="The labels that have to be there.",
            more={"items": {"type": "string"}},
        )
    },
    relatives=(
        Relative(tool="kube-linter", check="required-label-owner", settings={"labels": ["owner"]}),
        Relative(tool="Gatekeeper", check="K8sRequiredLabels"),
        Relative(tool="Kyverno", check="require-labels"),
        Relative(tool="Kubescape", check="C-0076"),
    ),
)

RULES: Final[Sequence[Rule]] = (LABELS,)
