"""Why pods are not ready, in words a user can act on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.awaiting.verdict import READY, Look, Verdict, hopeless, waiting
from embedded.plugins.kubernetes.objects import Object, at, condition

# Many replicas fail for the same reason: a few say it all.
_SHOWN: Final = 5
_ORDINARY: Final = frozenset({"ContainerCreating", "PodInitializing"})


def problems(pods: list[Object]) -> list[str]:
    """Return what keeps pods from being ready, the same reason once."""
    found: dict[str, str] = {}
    for pod in pods:
        if objects.metadata(pod).get("deletionTimestamp"):
            continue
        for text in _of_pod(pod):
            found.setdefault(text, f"pod {objects.identity(pod)}: {text}")
    return list(found.values())[:_SHOWN]


def _of_pod(pod: Object) -> Iterator[str]:
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield f"{scheduled.get('reason')}: {scheduled.get('message')}"
        return
    if at(pod, "status", "phase") == "Failed":
        yield f"failed: {at(pod, 'status', 'reason') or ''} {at(pod, 'status', 'message') or ''}"
    for key in ("initContainerStatuses", "containerStatuses"):
        for status in at(pod, "status", key) or []:
            yield from _of_container(status)


def _of_container(status: Object) -> Iterator[str]:
    name = status.get("name")
    pending = at(status, "state", "waiting") or {}
    if pending.get("reason") and pending["reason"] not in _ORDINARY:
        yield f"container {name}: {pending['reason']}: {pending.get('message') or ''}".rstrip(": ")
    ended = at(status, "state", "terminated") or {}
    if ended.get("exitCode"):
        yield f"container {name}: {ended.get('reason')}, exit code {ended['exitCode']}"


def selected(look: Look, obj: Object, selector: str) -> list[Object]:
    """Return the pods of the object's namespace that `selector` selects."""
    return look("v1", "Pod", str(objects.namespace(obj)), selector) if selector else []


def pod(live: Object, _look: Look) -> Verdict:
    """A Pod is ready when it is Ready, or has done its work."""
    phase = at(live, "status", "phase")
    if phase == "Succeeded" or condition(live, "Ready").get("status") == "True":
        return READY
    found = problems([live])
    if phase == "Failed":
        return hopeless("the pod failed", *found)
    return waiting(found[0] if found else f"the pod is {phase or 'being created'}", *found)
