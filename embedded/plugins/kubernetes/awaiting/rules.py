"""Which rule says that an object of a kind is ready, and how long it may take."""

from __future__ import annotations

from typing import Final

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.awaiting import custom, network, pods, storage, workloads
from embedded.plugins.kubernetes.awaiting.verdict import Rule
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.kubernetes.objects import Object

_RULES: Final[dict[tuple[str, str], tuple[Rule, float]]] = {
    ("apps", "DaemonSet"): (workloads.daemon_set, 600.0),
    ("apps", "Deployment"): (workloads.deployment, 600.0),
    ("apps", "StatefulSet"): (workloads.stateful_set, 600.0),
    ("batch", "Job"): (workloads.job, 600.0),
    ("", "PersistentVolume"): (storage.volume, 300.0),
    ("", "PersistentVolumeClaim"): (storage.claim, 300.0),
    ("", "Pod"): (pods.pod, 600.0),
    ("", "ReplicationController"): (workloads.replication_controller, 600.0),
    ("", "ResourceQuota"): (storage.quota, 60.0),
    ("", "Secret"): (storage.secret, 60.0),
    ("", "Service"): (network.service, 600.0),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (storage.definition, 60.0),
    ("networking.k8s.io", "Ingress"): (network.ingress, 600.0),
}
_CUSTOM_SECONDS: Final = 600.0


def find(kind: Kind, inputs: Object) -> tuple[Rule, float] | None:
    """Return the rule and its seconds; None where existing is enough."""
    if objects.flagged(inputs, objects.SKIP_AWAIT):
        return None
    own = objects.annotation(inputs, objects.WAIT_FOR)
    if own:
        return custom.rule(own), _CUSTOM_SECONDS
    return _RULES.get((kind.group, kind.name))


def seconds(inputs: Object, option: float, default: float) -> float:
    """Return how long to wait: the program's option, the annotation, or the kind's own time."""
    if option:
        return option
    text = objects.annotation(inputs, objects.TIMEOUT_SECONDS)
    return float(text) if text.isdigit() else default
