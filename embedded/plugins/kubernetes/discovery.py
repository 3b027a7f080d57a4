"""Which path of the API server serves a kind."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any, Final

from embedded.plugins.kubernetes.api import Api, ApiError
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.provider import ProviderError

# Seconds for which "not served" is believed: a definition may be on its way.
_ABSENCE_LASTS: Final = 0.4


class NotServedError(ProviderError):
    """The API server has no such kind: mostly a definition that is not installed."""

    def __init__(self, kind: Kind) -> None:
        hint = (
            "it may be too new or too old for this cluster"
            if kind.built_in
            else "make its CustomResourceDefinition first (depends_on)"
        )
        super().__init__(f"the API server does not serve {kind}; {hint}")
        self.kind = kind


@dataclass(frozen=True)
class Place:
    """Where objects of one kind live."""

    base: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        """Return the path of all objects of the kind in a namespace."""
        if self.namespaced:
            return f"{self.base}/namespaces/{namespace or 'default'}/{self.plural}"
        return f"{self.base}/{self.plural}"

    def of(self, namespace: str, name: str) -> str:
        """Return the path of one object."""
        return f"{self.collection(namespace)}/{name}"


class Discovery:
    """The API server's own list of kinds, read once a group version."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Place]] = {}
        self._read: dict[str, float] = {}

    def place(self, kind: Kind) -> Place:
        """Return where `kind` lives; raise NotServedError when the server has no such kind."""
        with self._lock:
            known = self._known.get(kind.api_version, {})
            if kind.name not in known and self._stale(kind.api_version):
                known = self._load(kind)
        if kind.name not in known:
            raise NotServedError(kind)
        return known[kind.name]

    def _stale(self, api_version: str) -> bool:
        return time.monotonic() - self._read.get(api_version, -1e9) > _ABSENCE_LASTS

    def _load(self, kind: Kind) -> dict[str, Place]:
        base = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
        try:
            listed = self._api.get(base).get("resources") or []
        except ApiError as error:
            if not error.not_found:
                raise
            listed = []
        self._read[kind.api_version] = time.monotonic()
        self._known[kind.api_version] = {
            item["kind"]: Place(base, item["name"], item["namespaced"])
            for item in listed
            if _is_object(item)
        }
        return self._known[kind.api_version]


def _is_object(item: dict[str, Any]) -> bool:
    # `deployments/status` and the like are parts of an object.
    return "/" not in item["name"]
