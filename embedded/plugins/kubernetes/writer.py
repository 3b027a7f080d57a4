"""Creating and updating objects by server-side apply."""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from embedded.plugins.kubernetes import managers, objects
from embedded.plugins.kubernetes.api import APPLY, JSON_PATCH, Api, ApiError
from embedded.plugins.kubernetes.awaiting.waiting import Waiter
from embedded.plugins.kubernetes.discovery import Discovery, NotServedError, Place
from embedded.plugins.kubernetes.journal import Entry, Journal
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.kubernetes.settings import Settings
from embedded.plugins.provider import ProviderError

# Seconds between attempts while a namespace or a definition is on its way.
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_LEFTOVER_SECONDS: Final = 300.0


@dataclass(frozen=True, kw_only=True)
class Order:
    """One object to be written."""

    urn: str
    kind: Kind
    inputs: Object
    # Owns single fields of somebody else's object.
    patch: bool = False


@dataclass(frozen=True)
class Written:
    """What the API server made of it."""

    live: Object
    manager: str
    path: str


@dataclass(frozen=True)
class Writer:
    """Writes to one API server."""

    api: Api
    discovery: Discovery
    waiter: Waiter
    journal: Journal
    settings: Settings
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def create(self, order: Order) -> Written:
        """Create an object; an existing one is an error unless an interrupted run of ours made it.

        The namespace or the definition may be on its way: both are waited for.
        """
        for pause in _PAUSES:
            try:
                return self._create(order)
            except (NotServedError, ApiError) as error:
                if isinstance(error, ApiError) and not error.not_found:
                    raise
                self.waiter.host.status(order.urn, f"{error}; trying again")
            if self.api.stopped.wait(pause):
                break
        return self._create(order)

    def _create(self, order: Order) -> Written:
        place = self.discovery.place(order.kind)
        body = fitted(order.inputs, place)
        path = place.of(objects.namespace(body), objects.name(body))
        # Two resources of one program with the same name must not both succeed.
        with self._lock(path):
            live = self._without_leftover(order, path)
            manager = self._manager_to_create_with(order, body, live)
            entry = Entry(self.api.connection.server, objects.identity(body), manager)
            if not order.patch:
                self.journal.record(order.urn, entry)
            made = self._apply(path, body, manager, force=self._forced(order))
        return Written(made, manager, path)

    def _without_leftover(self, order: Order, path: str) -> Object | None:
        live = self.api.find(path)
        if live is None or not objects.metadata(live).get("deletionTimestamp"):
            return live
        uid = str(objects.metadata(live).get("uid"))
        reasons = self.waiter.gone(order.urn, path, uid, _LEFTOVER_SECONDS)
        if reasons:
            message = f"{order.kind.name} {objects.identity(live)}: {reasons[0]}"
            raise ProviderError(message)
        return None

    def _manager_to_create_with(self, order: Order, body: Object, live: Object | None) -> str:
        entry = self.journal.pending(order.urn)
        mine = (
            entry is not None
            and entry.identity == objects.identity(body)
            and entry.server == self.api.connection.server
        )
        if entry is not None and mine and (live is None or managers.made_by(live, entry.manager)):
            return entry.manager
        if live is not None and not order.patch and not self.settings.upsert:
            raise _exists(order.kind, live)
        return objects.annotation(body, objects.PATCH_MANAGER) or managers.new_manager()

    def unfinished(self, urn: str, kind: Kind) -> str:
        """Return the name of the object that an interrupted run made for the resource, or ""."""
        entry = self.journal.pending(urn)
        if entry is None or entry.server != self.api.connection.server:
            return ""
        namespace, name = objects.split_identity(entry.identity)
        try:
            live = self.api.find(self.discovery.place(kind).of(namespace, name))
        except NotServedError:
            return ""
        return name if live is not None and managers.made_by(live, entry.manager) else ""

    def update(self, order: Order, manager: str, ignore: tuple[str, ...]) -> Written:
        """Apply new inputs; an object that somebody deleted is made again."""
        place = self.discovery.place(order.kind)
        body = fitted(order.inputs, place)
        path = place.of(objects.namespace(body), objects.name(body))
        live = self.api.find(path)
        chosen = objects.annotation(body, objects.PATCH_MANAGER) or manager
        if live is not None:
            if not order.patch:
                live = self._take_over(path, live, chosen)
            body = managers.leave_ignored(body, live, chosen, ignore)
        written = self._apply(path, body, chosen, force=self._forced(order))
        if chosen != manager:
            self.relinquish(path, body, manager)
        return Written(written, chosen, path)

    def _take_over(self, path: str, live: Object, manager: str) -> Object:
        fields = managers.take_over(live, manager)
        if fields is None:
            return live
        version = objects.metadata(live)["resourceVersion"]
        patch = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/metadata/managedFields", "value": fields},
        ]
        return self.api.send("PATCH", path, patch, content_type=JSON_PATCH)

    def foresee(self, order: Order, manager: str = "", ignore: tuple[str, ...] = ()) -> Object:
        """Return what the API server would make of it; nothing is kept."""
        place = self.discovery.place(order.kind)
        body = fitted(order.inputs, place)
        path = place.of(objects.namespace(body), objects.name(body))
        force = self._forced(order)
        if manager:
            live = self.api.find(path) or {}
            force = force or managers.take_over(live, manager) is not None
            body = managers.leave_ignored(body, live, manager, ignore)
        chosen = objects.annotation(body, objects.PATCH_MANAGER) or manager
        return self._apply(path, body, chosen or managers.new_manager(), force=force, dry=True)

    def relinquish(self, path: str, body: Object, manager: str) -> None:
        """Give up the fields that `manager` owns; those nobody else owns disappear."""
        nothing = {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "metadata": {"name": objects.name(body)},
        }
        try:
            self._apply(path, nothing, manager, force=False)
        except ApiError as error:
            if not error.not_found:
                raise

    def _apply(
        self, path: str, body: Object, manager: str, *, force: bool, dry: bool = False
    ) -> Object:
        query = {
            "fieldManager": manager,
            "fieldValidation": "Strict",
            "force": "true" if force else "false",
        }
        if dry:
            query["dryRun"] = "All"
        try:
            return self.api.send("PATCH", path, body, content_type=APPLY, query=query)
        except ApiError as error:
            if error.conflict and error.details.get("causes"):
                what = f"{body['kind']} {objects.identity(body)}"
                raise managers.conflict(error, what) from None
            raise

    def _forced(self, order: Order) -> bool:
        own = objects.annotation(order.inputs, objects.PATCH_FORCE)
        return own == "true" if own else self.settings.patch_force

    def _lock(self, path: str) -> threading.Lock:
        with self._guard:
            return self._locks[path]


def fitted(inputs: Object, place: Place) -> Object:
    """Return the inputs with a namespace exactly if the kind has one."""
    if place.namespaced == bool(objects.namespace(inputs)):
        return inputs
    body = copy.copy(inputs)
    meta = dict(objects.metadata(inputs))
    if place.namespaced:
        meta["namespace"] = "default"
    else:
        meta.pop("namespace")
    body["metadata"] = meta
    return body


def _exists(kind: Kind, live: Object) -> ProviderError:
    what = f"{kind.name} {objects.identity(live)}"
    return ProviderError(
        f"{what} already exists and is not this stack's. Give the object another name, take it over"
        f" with the resource option import_={objects.identity(live)!r}, or set"
        " upsert_existing_objects on the provider. After a rename in the program, use aliases."
    )
