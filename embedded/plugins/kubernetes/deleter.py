"""Deleting objects, and waiting until they are gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.api import ApiError
from embedded.plugins.kubernetes.discovery import NotServedError
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.kubernetes.writer import Order, Writer
from embedded.plugins.provider import ProviderError

_PROTECTED: Final = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


@dataclass(frozen=True)
class Deleter:
    """Deletes from one API server."""

    writer: Writer

    def delete(self, order: Order, identity: str, manager: str, seconds: float) -> None:
        """Delete an object and wait until it is gone."""
        try:
            place = self.writer.discovery.place(order.kind)
        except NotServedError:
            # Its definition is gone, and with it every object of the kind.
            return
        namespace, name = objects.split_identity(identity)
        path = place.of(namespace, name)
        if order.patch or (order.kind.name == "Namespace" and name in _PROTECTED):
            body = {"apiVersion": order.kind.api_version, "kind": order.kind.name}
            self.writer.relinquish(path, {**body, "metadata": {"name": name}}, manager)
            return
        answer = self._delete(path, order.inputs)
        if answer is None or _leaves_alone(order):
            return
        reasons = self.writer.waiter.gone(order.urn, path, _uid(answer), seconds)
        if reasons:
            message = f"{order.kind.name} {identity} is still there: {'; '.join(reasons)}"
            raise ProviderError(message)

    def _delete(self, path: str, inputs: Object) -> Object | None:
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation(inputs),
        }
        try:
            return self.writer.api.send("DELETE", path, options)
        except ApiError as error:
            if error.not_found:
                return None
            raise


def propagation(inputs: Object) -> str:
    """Return how what an object owns is deleted; before it, unless an annotation says otherwise."""
    policy = objects.annotation(inputs, objects.PROPAGATION).lower()
    return {"orphan": "Orphan", "background": "Background"}.get(policy, "Foreground")


# Kinds for which the released provider takes skipAwait to mean deletion too.
_LEFT_ALONE: Final = frozenset(
    {"DaemonSet", "Deployment", "Job", "Namespace", "Pod", "ReplicationController", "StatefulSet"}
)


def _leaves_alone(order: Order) -> bool:
    skip = objects.flagged(order.inputs, objects.SKIP_AWAIT)
    return skip and order.kind.built_in and order.kind.name in _LEFT_ALONE


def _uid(answer: Object) -> str:
    # A DELETE answers with the object, or with a status whose details name it.
    found: Any = objects.metadata(answer).get("uid") or objects.at(answer, "details", "uid")
    return str(found or "")
