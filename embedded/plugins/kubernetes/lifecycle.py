"""What happens to an object on a cluster: foreseen, created, updated, read, deleted."""

from __future__ import annotations

from dataclasses import dataclass

from embedded.plugins.kubernetes import objects, shapes
from embedded.plugins.kubernetes.api import ApiError
from embedded.plugins.kubernetes.awaiting import rules
from embedded.plugins.kubernetes.cluster import Cluster
from embedded.plugins.kubernetes.deleter import Deleter
from embedded.plugins.kubernetes.discovery import NotServedError
from embedded.plugins.kubernetes.kinds import Kind, is_patch, kind_of
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.kubernetes.writer import Order, Written
from embedded.plugins.provider import InitFailedError, ProviderError, Target

_DELETE_SECONDS = 300.0
# Answers that say what the program got wrong, wherever the object is to live.
_MALFORMED = (400, 422)


def order(target: Target, inputs: Object) -> Order:
    """Return the resource as something to be written."""
    kind = kind_of(inputs)
    wire = shapes.to_wire(inputs)
    return Order(urn=target.urn, kind=kind, inputs=wire, patch=is_patch(target.type, kind.name))


@dataclass(frozen=True)
class Lifecycle:
    """One cluster's objects, as resources."""

    cluster: Cluster

    def create(self, target: Target, inputs: Object) -> tuple[str, Object]:
        """Create the object, wait until it works, and return its id and outputs."""
        wanted = order(target, inputs)
        written = self.cluster.writer.create(wanted)
        live = self._ready(target, wanted, written, inputs, "was created")
        return objects.identity(live), shapes.outputs(live, inputs, written.manager)

    def update(self, target: Target, manager: str, news: Object) -> Object:
        """Update the object, wait until it works again, and return its outputs."""
        wanted = order(target, news)
        written = self.cluster.writer.update(wanted, manager, target.ignore_changes)
        live = self._ready(target, wanted, written, news, "was updated")
        return shapes.outputs(live, news, written.manager)

    def _ready(
        self, target: Target, wanted: Order, written: Written, inputs: Object, done: str
    ) -> Object:
        rule = rules.find(wanted.kind, wanted.inputs)
        reasons: list[str] = []
        if rule is not None:
            seconds = rules.seconds(wanted.inputs, target.timeout, rule[1])
            reasons = self.cluster.waiter.ready(target.urn, written.path, rule[0], seconds)
        try:
            live = self.cluster.api.find(written.path) or written.live
        except ProviderError:
            # It was written: better to remember it as it was then than not at all.
            live = written.live
        if reasons:
            identity = objects.identity(live)
            reasons[0] = f"{wanted.kind.name} {identity} {done}, but {reasons[0]}"
            outputs = shapes.outputs(live, inputs, written.manager)
            raise InitFailedError(identity, shapes.with_secrets(inputs), outputs, reasons)
        return live

    def foresee(self, target: Target, inputs: Object, manager: str) -> Object:
        """Return the outputs that a create (no manager yet) or an update would have."""
        plain = shapes.with_secrets(inputs)
        wanted = order(target, inputs)
        if wanted.patch:
            return plain
        try:
            dry = self.cluster.writer.foresee(wanted, manager, target.ignore_changes)
        except NotServedError:
            return plain
        except ApiError as error:
            if error.namespace_missing:
                self._check_elsewhere(wanted)
            elif error.status != 403 and not error.immutable and not error.not_found:
                raise
            return plain
        return shapes.foreseen(dry)

    def _check_elsewhere(self, wanted: Order) -> None:
        """Let the API server validate an object whose namespace this very update makes."""
        meta = {**wanted.inputs["metadata"], "namespace": "default"}
        inputs = {**wanted.inputs, "metadata": meta}
        try:
            self.cluster.writer.foresee(Order(urn=wanted.urn, kind=wanted.kind, inputs=inputs))
        except ApiError as error:
            if error.status in _MALFORMED and not error.immutable:
                raise

    def read(
        self, target: Target, inputs: Object, outputs: Object
    ) -> tuple[str, Object, Object] | None:
        """Return id, inputs and outputs as they are; None when the object is gone."""
        known = inputs or outputs
        kind = kind_of(known) if known else Kind.from_type(target.type)
        live = self._find(kind, target.id)
        if live is None:
            return None
        now = shapes.drifted(inputs, outputs, live, kind) if inputs else shapes.adopted(live)
        state = shapes.outputs(live, now, shapes.manager_of(outputs))
        if inputs:
            self._report_health(target, kind, now, state)
        return target.id, shapes.with_secrets(now), state

    def _find(self, kind: Kind, identity: str) -> Object | None:
        try:
            place = self.cluster.discovery.place(kind)
        except NotServedError:
            return None
        return self.cluster.api.find(place.of(*objects.split_identity(identity)))

    def _report_health(self, target: Target, kind: Kind, inputs: Object, state: Object) -> None:
        rule = rules.find(kind, inputs)
        if rule is None:
            return
        verdict = rule[0](state, self.cluster.waiter.list)
        if not verdict.ready:
            reasons = [f"{kind.name} {target.id}: {reason}" for reason in verdict.reasons]
            raise InitFailedError(target.id, shapes.with_secrets(inputs), state, reasons)

    def ready_now(self, kind: Kind, news: Object, identity: str) -> bool:
        """Tell whether the object works at this moment; one without a rule always does."""
        rule = rules.find(kind, news)
        if rule is None:
            return True
        place = self.cluster.discovery.place(kind)
        path = place.of(*objects.split_identity(identity))
        return self.cluster.waiter.look(path, rule[0]).ready

    def delete(self, target: Target, inputs: Object, outputs: Object) -> None:
        """Delete the object and wait until it is gone."""
        wanted = order(target, shapes.inputs_of(inputs, outputs) or outputs)
        seconds = rules.seconds(wanted.inputs, target.timeout, _DELETE_SECONDS)
        deleter = Deleter(self.cluster.writer)
        deleter.delete(wanted, target.id, shapes.manager_of(outputs), seconds)
