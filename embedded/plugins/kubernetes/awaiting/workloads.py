"""When what runs pods has rolled out."""

from __future__ import annotations

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.awaiting import pods
from embedded.plugins.kubernetes.awaiting.verdict import (
    READY,
    Look,
    Verdict,
    hopeless,
    selector_text,
    waiting,
)
from embedded.plugins.kubernetes.objects import Object, at, condition


def deployment(live: Object, look: Look) -> Verdict:
    """A Deployment is ready when all replicas are of the newest revision and available."""
    if at(live, "spec", "paused"):
        return READY
    if not _observed(live):
        return waiting("waiting for the deployment controller")
    if condition(live, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        message = condition(live, "Progressing").get("message") or "the rollout made no progress"
        return hopeless(f"ProgressDeadlineExceeded: {message}", *_why(live, look))
    status = at(live, "status") or {}
    wanted = at(live, "spec", "replicas")
    wanted = 1 if wanted is None else wanted
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    old = status.get("replicas", 0) - updated
    if updated >= wanted and available >= wanted and old <= 0:
        return READY
    progress = f"{min(available, updated)} of {wanted} replicas available"
    if old > 0:
        progress += f", {old} old ones to go"
    return _not_yet(progress, live, look)


def stateful_set(live: Object, look: Look) -> Verdict:
    """A StatefulSet is ready when all replicas are of the newest revision and ready."""
    if not _observed(live):
        return waiting("waiting for the stateful set controller")
    if at(live, "spec", "updateStrategy", "type") == "OnDelete":
        return READY
    status = at(live, "status") or {}
    wanted = at(live, "spec", "replicas")
    wanted = 1 if wanted is None else wanted
    kept = at(live, "spec", "updateStrategy", "rollingUpdate", "partition") or 0
    ready = status.get("readyReplicas", 0)
    updated = status.get("updatedReplicas", 0)
    if ready >= wanted and updated >= wanted - kept:
        return READY
    return _not_yet(f"{min(ready, updated)} of {wanted} replicas ready", live, look)


def daemon_set(live: Object, look: Look) -> Verdict:
    """A DaemonSet is ready when every node that should have its pod has an available one."""
    if not _observed(live):
        return waiting("waiting for the daemon set controller")
    if at(live, "spec", "updateStrategy", "type") == "OnDelete":
        return READY
    status = at(live, "status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    available = status.get("numberAvailable", 0)
    if available >= wanted and status.get("updatedNumberScheduled", 0) >= wanted:
        return READY
    return _not_yet(f"{available} of {wanted} nodes have an available pod", live, look)


def replication_controller(live: Object, look: Look) -> Verdict:
    """A ReplicationController is ready when its replicas are available."""
    wanted = at(live, "spec", "replicas")
    wanted = 1 if wanted is None else wanted
    available = at(live, "status", "availableReplicas") or 0
    if available >= wanted:
        return READY
    labels = {"matchLabels": at(live, "spec", "selector") or {}}
    found = pods.problems(pods.selected(look, live, selector_text(labels)))
    return waiting(f"{available} of {wanted} replicas available", *found)


def job(live: Object, look: Look) -> Verdict:
    """A Job is ready when it is complete."""
    if at(live, "spec", "suspend") or condition(live, "Complete").get("status") == "True":
        return READY
    failed = condition(live, "Failed")
    if failed.get("status") == "True":
        message = f"{failed.get('reason')}: {failed.get('message')}"
        return hopeless(f"the job failed: {message}", *_why(live, look))
    done = at(live, "status", "succeeded") or 0
    return _not_yet(f"{done} of {at(live, 'spec', 'completions') or 1} pods done", live, look)


def _observed(live: Object) -> bool:
    generation = objects.metadata(live).get("generation", 0)
    return (at(live, "status", "observedGeneration") or 0) >= generation


def _not_yet(progress: str, live: Object, look: Look) -> Verdict:
    found = _why(live, look)
    message = f"{progress}: {found[0]}" if found else progress
    return Verdict(ready=False, message=message, reasons=(progress, *found))


def _why(live: Object, look: Look) -> list[str]:
    selector = selector_text(at(live, "spec", "selector"))
    found = pods.problems(pods.selected(look, live, selector))
    failure = condition(live, "ReplicaFailure")
    if failure.get("status") == "True":
        # A quota, a limit range or an admission policy does not let pods be made.
        found.insert(0, f"{failure.get('reason')}: {failure.get('message')}")
    return found + _claims(live, look)


def _claims(live: Object, look: Look) -> list[str]:
    volumes = at(live, "spec", "template", "spec", "volumes") or []
    names = {at(volume, "persistentVolumeClaim", "claimName") for volume in volumes} - {None}
    if not names:
        return []
    claims = look("v1", "PersistentVolumeClaim", str(objects.namespace(live)), "")
    found = {objects.name(claim): at(claim, "status", "phase") for claim in claims}
    return [
        f"persistent volume claim {name} is {found.get(name) or 'missing'}"
        for name in sorted(names)
        if found.get(name) != "Bound"
    ]
