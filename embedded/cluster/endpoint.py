"""Questions to a part of the control plane over TLS, in both directions verified."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any

from embedded.cluster.pki import Pki
from embedded.layout import LOOPBACK


class RefusedError(Exception):
    """The API server turned a request down; the message is its own."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One HTTPS port on loopback: whom it must be signed by, who we are to it."""

    port: int
    pki: Pki
    authority: str
    identity: str
    timeout: float = 2.0

    def healthy(self, path: str) -> bool:
        """Tell whether the port is ours and answers `path` with 200."""
        try:
            status, _ = self._ask("GET", path)
        except (OSError, http.client.HTTPException):
            return False
        return status == http.HTTPStatus.OK

    def send(self, method: str, path: str, body: Any = None) -> None:
        """Send one request to the API server; raise RefusedError when it says no."""
        status, answer = self._ask(method, path, body)
        if status >= http.HTTPStatus.BAD_REQUEST:
            message = (
                f"{method} {path} was refused with {status}: {answer.decode(errors='replace')}"
            )
            raise RefusedError(message)

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=str(self.pki.certificate(self.authority)))
        context.load_cert_chain(self.pki.certificate(self.identity), self.pki.key(self.identity))
        connection = http.client.HTTPSConnection(
            LOOPBACK, self.port, context=context, timeout=self.timeout
        )
        headers = {"Content-Type": "application/apply-patch+yaml"} if method == "PATCH" else {}
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
