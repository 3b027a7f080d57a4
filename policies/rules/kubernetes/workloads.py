"""Where pods, containers and their resources are found in every kind of workload."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from frame.facts import Node
from frame.resource import Resource

# Where each kind keeps its pod templates. Keys are `group/kind`; a list is gone through.
_TEMPLATES: Final[dict[str, Sequence[Sequence[str]]]] = {
    "core/Pod": ((),),
    "core/ReplicationController": (("spec", "template"),),
    "core/PodTemplate": (("template",),),
    "apps/Deployment": (("spec", "template"),),
    "apps/StatefulSet": (("spec", "template"),),
    "apps/DaemonSet": (("spec", "template"),),
    "apps/ReplicaSet": (("spec", "template"),),
    "extensions/Deployment": (("spec", "template"),),
    "extensions/DaemonSet": (("spec", "template"),),
    "extensions/ReplicaSet": (("spec", "template"),),
    "batch/Job": (("spec", "template"),),
    "batch/CronJob": (("spec", "jobTemplate", "spec", "template"),),
    "apps.openshift.io/DeploymentConfig": (("spec", "template"),),
    "argoproj.io/Rollout": (("spec", "template"),),
    "serving.knative.dev/Service": (("spec", "template"),),
    "leaderworkerset.x-k8s.io/LeaderWorkerSet": (
        ("spec", "leaderWorkerTemplate", "leaderTemplate"),
        ("spec", "leaderWorkerTemplate", "workerTemplate"),
    ),
    "ray.io/RayCluster": (
        ("spec", "headGroupSpec", "template"),
        ("spec", "workerGroupSpecs", "*", "template"),
    ),
}
# Kinds whose number of pods is somebody's decision.
REPLICATED: Final = frozenset(
    {"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "DeploymentConfig"}
    | {"Rollout", "LeaderWorkerSet"}
)


def tokens(*keys: str) -> tuple[str, ...]:
    """Return token patterns for `group/kind` keys, whatever the version."""
    return tuple("kubernetes:{}/*:{}".format(*key.split("/")) for key in keys)


# What holds for everything that makes pods.
WORKLOADS: Final = tokens(*_TEMPLATES)
# Long-running ones only: no jobs, and no pod that nobody starts again.
SERVICES: Final = tokens(
    *(key for key in _TEMPLATES if not key.endswith(("/Job", "/CronJob", "/PodTemplate")))
)


class Role(Enum):
    """When a container of a pod runs."""

    MAIN = "container"
    INIT = "init container"
    # An init container with restartPolicy Always: runs as long as the pod does.
    SIDECAR = "sidecar"
    EPHEMERAL = "ephemeral container"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, or the template that pods are made from."""

    template: Node
    # The labels that the workload's selector asks for.
    selected: Node

    @property
    def spec(self) -> Node:
        """Return the pod's spec."""
        return self.template.at("spec")

    @property
    def labels(self) -> Node:
        """Return the labels that selectors see.

        The API takes a workload only when its pods carry what its selector asks for.
        """
        stated = self.template.at("metadata", "labels")
        return self.selected if stated.missing and self.selected.known else stated

    def annotation(self, key: str) -> Node:
        """Return an annotation of the pod."""
        return self.template.at("metadata", "annotations", key)

    def containers(self, *roles: Role) -> Iterator[Container]:
        """Go through the containers in the given roles, or through all."""
        for field, role in _FIELDS:
            for node in self.spec.at(field).each():
                actual = _role(node, role)
                if not roles or actual in roles:
                    yield Container(node, actual)


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod; its node is unknown when the list is."""

    node: Node
    role: Role

    @property
    def path(self) -> str:
        """Return where the container stands."""
        return self.node.path

    def at(self, *keys: str) -> Node:
        """Go down from the container."""
        return self.node.at(*keys)

    @property
    def label(self) -> str:
        """Return the container for a message: its role and its name."""
        name = self.at("name").text()
        return f'{self.role.value} "{name}"' if name else self.role.value


_FIELDS: Final = (
    ("initContainers", Role.INIT),
    ("containers", Role.MAIN),
    ("ephemeralContainers", Role.EPHEMERAL),
)


def _role(node: Node, role: Role) -> Role:
    sidecar = role is Role.INIT and node.at("restartPolicy").value == "Always"
    return Role.SIDECAR if sidecar else role


def pods(resource: Resource) -> Iterator[Pod]:
    """Go through the pod templates of a workload; a Pod is its own."""
    for path in _TEMPLATES.get(_key(resource.token), ()):
        for node in _walk(resource.props, path):
            selected = _selected(resource)
            if not node.missing or selected.known:
                yield Pod(node, selected)


def _selected(resource: Resource) -> Node:
    selector = resource.at("spec", "selector")
    labels = selector.at("matchLabels")
    if not labels.missing or not selector.at("matchExpressions").missing:
        return labels
    # Older kinds have a plain map there.
    return selector


def containers(resource: Resource, *roles: Role) -> Iterator[Container]:
    """Go through the containers of all pods of a workload."""
    for pod in pods(resource):
        yield from pod.containers(*roles)


def _key(token: str) -> str:
    _, _, rest = token.partition(":")
    group_version, _, kind = rest.partition(":")
    return f"{group_version.partition('/')[0]}/{kind}"


def _walk(node: Node, path: Sequence[str]) -> Iterator[Node]:
    for position, key in enumerate(path):
        if key == "*":
            for item in node.each():
                yield from _walk(item, path[position + 1 :])
            return
        node = node.at(key)
    yield node
