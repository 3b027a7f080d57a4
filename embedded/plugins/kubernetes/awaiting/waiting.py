"""Looking again until an object is ready, or gone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from embedded.plugins.host import Host
from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.api import Api, ApiError, UnreachableError, wait_until
from embedded.plugins.kubernetes.awaiting.verdict import READY, Rule, Verdict, waiting
from embedded.plugins.kubernetes.discovery import Discovery, NotServedError
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.kubernetes.objects import Object, at

# Looking is cheap on a loopback and survives a restart of the API server,
# which a watch does not without care.
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True)
class Waiter:
    """Waits for one API server's objects, saying in the resource's row what for."""

    api: Api
    discovery: Discovery
    host: Host

    def ready(self, urn: str, path: str, rule: Rule, seconds: float) -> list[str]:
        """Wait until the object is ready; return why it is not, [] when it is."""
        started = time.monotonic()
        pause, said = _FIRST_PAUSE, ""
        while True:
            verdict = self.look(path, rule)
            if verdict.ready:
                self._say(urn, "", said)
                return []
            if verdict.hopeless:
                return list(verdict.reasons)
            said = self._say(urn, verdict.message, said)
            if not wait_until(started + seconds, pause, self.api.stopped):
                return [self._ended(started, verdict.message), *_others(verdict)]
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def look(self, path: str, rule: Rule) -> Verdict:
        """Look once."""
        try:
            return rule(self.api.get(path), self.list)
        except UnreachableError as error:
            return waiting(str(error))
        except ApiError as error:
            if error.not_found:
                message = "the object was deleted by somebody while it was waited for"
                return Verdict(ready=False, reasons=(message,), hopeless=True)
            return waiting(str(error))

    def gone(self, urn: str, path: str, uid: str, seconds: float) -> list[str]:
        """Wait until the object is deleted; return what keeps it, [] when it is gone."""

        def rule(live: Object, _look: object) -> Verdict:
            if uid and objects.metadata(live).get("uid") != uid:
                return READY
            return waiting(_still_there(live))

        started = time.monotonic()
        pause, said = _FIRST_PAUSE, ""
        while True:
            verdict = self.look(path, rule)
            if verdict.ready or verdict.hopeless:
                self._say(urn, "", said)
                return []
            said = self._say(urn, verdict.message, said)
            if not wait_until(started + seconds, pause, self.api.stopped):
                return [self._ended(started, verdict.message)]
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def list(self, api_version: str, kind: str, namespace: str, selector: str) -> list[Object]:
        """Return objects that explain the state of another; none if they cannot be had."""
        query = {"labelSelector": selector} if selector else {}
        try:
            place = self.discovery.place(Kind.of(api_version, kind))
            return self.api.get(place.collection(namespace), **query).get("items") or []
        except (ApiError, NotServedError, UnreachableError):
            return []

    def _say(self, urn: str, message: str, said: str) -> str:
        if message != said:
            self.host.status(urn, message)
        return message

    def _ended(self, started: float, message: str) -> str:
        if self.api.stopped.is_set():
            return f"interrupted while waiting: {message}"
        return f"not ready after {time.monotonic() - started:.0f} s: {message}"


def _others(verdict: Verdict) -> list[str]:
    return [reason for reason in verdict.reasons if reason not in verdict.message]


def _still_there(live: Object) -> str:
    blocking = [
        str(item.get("message"))
        for item in at(live, "status", "conditions") or []
        if live.get("kind") == "Namespace" and item.get("status") == "True"
    ]
    if blocking:
        return f"being deleted: {' '.join(blocking)}"
    finalizers = objects.metadata(live).get("finalizers") or []
    if finalizers == ["foregroundDeletion"]:
        return "being deleted: what it owns goes first"
    if finalizers:
        return f"being deleted: waiting for the finalizers {', '.join(finalizers)}"
    return "being deleted"
