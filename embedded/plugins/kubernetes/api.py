"""The API server over plain HTTPS.

The official client takes over a second to import, which every preview would
pay; five verbs on JSON need none of it.
"""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3

from embedded.plugins.kubernetes.kubeconfig import Connection, KubeconfigError
from embedded.plugins.provider import ProviderError

APPLY: Final = "application/apply-patch+yaml"
JSON_PATCH: Final = "application/json-patch+json"

# Seconds between attempts when the server restarts or is overloaded.
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 4.0)
_TRY_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_CONNECTIONS: Final = 16


class ApiError(ProviderError):
    """What the API server answered instead of doing it."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        self.status = status
        self.reason: str = answer.get("reason") or ""
        self.details: Mapping[str, Any] = answer.get("details") or {}
        super().__init__(str(answer.get("message") or f"HTTP {status}").strip())

    @property
    def not_found(self) -> bool:
        """Whether the object, its namespace or its kind does not exist."""
        return self.status == 404

    @property
    def conflict(self) -> bool:
        """Whether another field manager owns what was to be set."""
        return self.status == 409 and self.reason == "Conflict"

    @property
    def namespace_missing(self) -> bool:
        """Whether it is the namespace that does not exist."""
        return self.not_found and self.details.get("kind") == "namespaces"

    @property
    def immutable(self) -> bool:
        """Whether a field was to change that cannot change."""
        return self.status == 422 and "immutable" in str(self)


class UnreachableError(ProviderError):
    """No API server answered."""

    def __init__(self, server: str, cause: str) -> None:
        host = urlsplit(server).hostname or ""
        local = host in ("127.0.0.1", "localhost", "::1")
        fix = (
            "start it with `./ballast local start`"
            if local
            else "check the address in the kubeconfig and the way there"
        )
        super().__init__(f"the cluster does not answer at {server} ({cause}): {fix}")


class Api:
    """One API server. Safe to use from many threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.stopped = threading.Event()
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=_CONNECTIONS,
            ssl_context=_ssl_context(connection),
            server_hostname=connection.server_name,
            retries=False,
        )
        self._headers = {"Accept": "application/json", "User-Agent": "ballast-kubernetes"}
        if connection.token:
            self._headers["Authorization"] = f"Bearer {connection.token}"

    def reach(self) -> Mapping[str, Any]:
        """Return the server's version, without the patience that other requests have."""
        return self._once("GET", "/version", None, "", timeout=3.0)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return an object or a list."""
        return self.send("GET", path, query=query)

    def find(self, path: str) -> dict[str, Any] | None:
        """Return an object, None when it does not exist."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a request; try again, for some seconds, while the server is not itself."""
        target = f"{path}?{urlencode(query)}" if query else path
        data = None if body is None else json.dumps(body).encode()
        for pause in _PAUSES:
            try:
                return self._once(method, target, data, content_type)
            except ApiError as error:
                if error.status not in _TRY_AGAIN or _final(error):
                    raise
            except UnreachableError:
                pass
            if self.stopped.wait(pause):
                break
        return self._once(method, target, data, content_type)

    def _once(
        self, method: str, path: str, data: bytes | None, content_type: str, timeout: float = 30.0
    ) -> dict[str, Any]:
        headers = {**self._headers, "Content-Type": content_type} if data else self._headers
        try:
            response = self._pool.request(
                method,
                self.connection.server + path,
                body=data,
                headers=headers,
                timeout=urllib3.Timeout(connect=3.0, read=timeout),
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(self.connection.server, _cause(error)) from None
        answer = _parse(response.data)
        if response.status >= 400:
            raise ApiError(response.status, answer)
        return answer


def wait_until(deadline: float, pause: float, stopped: threading.Event) -> bool:
    """Sleep a moment; return whether there is time and reason left to look again."""
    left = deadline - time.monotonic()
    if left <= 0:
        return False
    return not stopped.wait(min(pause, left))


def _final(error: ApiError) -> bool:
    # An internal error of an admission webhook or a codec is not going to pass.
    return error.status == 500 and error.reason != "InternalError"


def _parse(data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data or b"{}")
    except ValueError:
        return {"message": data[:200].decode(errors="replace")}
    return answer if isinstance(answer, dict) else {"message": str(answer)}


def _cause(error: Exception) -> str:
    text = str(getattr(error, "reason", None) or error)
    for sign, meaning in (
        ("refused", "connection refused"),
        ("certificate verify failed", "its certificate is not from the kubeconfig's authority"),
        ("timed out", "no answer in time"),
        ("Name or service not known", "no such host"),
        ("closed connection without response", "connection closed"),
        ("reset by peer", "connection reset"),
    ):
        if sign in text:
            return meaning
    return text.rpartition(">: ")[2][:120]


def _ssl_context(connection: Connection) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=connection.authority)
        if connection.certificate and connection.key:
            _load_client_certificate(context, connection.certificate, connection.key)
    except ssl.SSLError as error:
        message = f"kubeconfig: a certificate or key cannot be read: {error.reason or error}"
        raise KubeconfigError(message) from None
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # The ssl module reads client certificates from files only. The folder is
    # private to this user and gone when the call returns.
    with tempfile.TemporaryDirectory(prefix="ballast-kubernetes-") as folder:
        bundle = Path(folder) / "client.pem"
        bundle.touch(mode=0o600)
        bundle.write_text(f"{certificate.strip()}\n{key.strip()}\n")
        context.load_cert_chain(bundle)
