"""When storage can be used, and other kinds that some controller finishes."""

from __future__ import annotations

from embedded.plugins.kubernetes import objects, quantities
from embedded.plugins.kubernetes.awaiting.verdict import READY, Look, Verdict, hopeless, waiting
from embedded.plugins.kubernetes.objects import Object, at, condition


def claim(live: Object, look: Look) -> Verdict:
    """A claim is ready when it is bound, or when its class waits for the first pod."""
    phase = at(live, "status", "phase")
    if phase == "Bound":
        return READY
    name = at(live, "spec", "storageClassName")
    classes = look("storage.k8s.io/v1", "StorageClass", "", "")
    found = next((item for item in classes if objects.name(item) == name), {})
    if phase == "Pending" and found.get("volumeBindingMode") == "WaitForFirstConsumer":
        return READY
    if phase == "Lost":
        return hopeless("the claim lost its volume")
    if name and not found:
        return waiting(f"the storage class {name} does not exist")
    return waiting("no volume is bound to the claim yet")


def volume(live: Object, _look: Look) -> Verdict:
    """A volume is ready when it can be claimed or is claimed."""
    phase = at(live, "status", "phase")
    if phase in ("Available", "Bound"):
        return READY
    if phase == "Failed":
        return hopeless(f"the volume failed: {at(live, 'status', 'message') or 'no reason given'}")
    return waiting(f"the volume is {phase or 'being created'}")


def quota(live: Object, _look: Look) -> Verdict:
    """A quota is ready when its controller counts against it."""
    hard, counted = at(live, "spec", "hard") or {}, at(live, "status", "hard") or {}
    agreed = hard.keys() == counted.keys() and all(
        quantities.parse(hard[key]) == quantities.parse(counted[key]) for key in hard
    )
    return READY if agreed else waiting("waiting for the resource quota controller")


def secret(live: Object, _look: Look) -> Verdict:
    """A service account's token is ready when it is there; other secrets are at once."""
    if live.get("type") != "kubernetes.io/service-account-token" or live.get("data"):
        return READY
    return waiting("waiting for the token controller")


def definition(live: Object, _look: Look) -> Verdict:
    """A custom resource definition is ready when its kind is served."""
    if condition(live, "Established").get("status") == "True":
        return READY
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        return hopeless(f"the names are not accepted: {names.get('message')}")
    return waiting("the API server does not serve the new kind yet")
