"""The few calls that the bridge makes to the API server, without a client library.

The `kubernetes` package takes 60 MiB of memory, and five calls do not need it.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import urllib.parse
from pathlib import Path
from typing import Any

from embedded.cloud.eks.control_plane import ControlPlane

_TIMEOUT = 10.0
_MERGE_PATCH = "application/merge-patch+json"


class Unreachable(Exception):
    """The API server does not answer, or not yet in a useful way."""


class Refused(Exception):
    """The API server said no; `status` says how."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One connection with the administrator's certificate, kept open."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self.control_plane = control_plane
        url = urllib.parse.urlsplit(control_plane.server)
        self._connection = http.client.HTTPSConnection(
            url.hostname or "", url.port, timeout=_TIMEOUT, context=_context(control_plane)
        )

    def nodes(self, selector: str) -> list[dict[str, Any]]:
        """Return the nodes that have a label."""
        query = urllib.parse.urlencode({"labelSelector": selector})
        return self._call("GET", f"/api/v1/nodes?{query}")["items"]

    def create_node(self, node: dict[str, Any]) -> None:
        """Create a node."""
        self._call("POST", "/api/v1/nodes", node)

    def patch_node(self, name: str, patch: dict[str, Any]) -> None:
        """Change a node."""
        self._call("PATCH", f"/api/v1/nodes/{name}", patch, _MERGE_PATCH)

    def delete_node(self, name: str) -> None:
        """Delete a node."""
        self._call("DELETE", f"/api/v1/nodes/{name}")

    def pods_on(self, node: str) -> list[dict[str, Any]]:
        """Return the pods that are bound to a node."""
        query = urllib.parse.urlencode({"fieldSelector": f"spec.nodeName={node}"})
        return self._call("GET", f"/api/v1/pods?{query}")["items"]

    def evict(self, pod: dict[str, Any]) -> None:
        """Ask for a pod to go, within its disruption budget."""
        meta = pod["metadata"]
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
        }
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction"
        self._call("POST", path, eviction)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _call(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json", "Content-Type": kind}
        try:
            content = None if body is None else json.dumps(body)
            self._connection.request(method, path, content, headers)
            response = self._connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            # The next request opens the connection anew.
            self._connection.close()
            message = f"{method} {path}: {error}"
            raise Unreachable(message) from error
        if response.status in {401, 403, 500, 503, 504}:
            # While it starts, it knows nobody and answers nothing.
            message = f"{method} {path}: {response.status} {answer.get('message', '')}"
            raise Unreachable(message)
        if response.status >= 400:
            raise Refused(response.status, answer.get("message", ""))
        return answer


def _context(control_plane: ControlPlane) -> ssl.SSLContext:
    authority = base64.b64decode(control_plane.certificate_authority).decode()
    context = ssl.create_default_context(cadata=authority)
    # Python reads a client certificate from files only.
    with tempfile.TemporaryDirectory(prefix="ballast-") as folder:
        certificate, key = Path(folder) / "certificate", Path(folder) / "key"
        certificate.write_bytes(base64.b64decode(control_plane.client_certificate))
        key.touch(mode=0o600)
        key.write_bytes(base64.b64decode(control_plane.client_key))
        context.load_cert_chain(certificate, key)
    return context
