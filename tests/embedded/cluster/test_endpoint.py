"""Questions to a part of the control plane: only our own parts count as healthy."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.cluster.certificates import CLUSTER_CA, ETCD_CA
from embedded.cluster.endpoint import Endpoint, RefusedError
from embedded.cluster.pki import Pki

Serve = Callable[[ssl.SSLContext | None], int]


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_PATCH(self) -> None:
        self.send_response(403)
        body = json.dumps({"message": "no"}).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[http.server.HTTPServer] = []

    def start(context: ssl.SSLContext | None) -> int:
        server = _Quiet(("127.0.0.1", 0), _Answer)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def identity(pki: Pki, name: str, clients: str = CLUSTER_CA) -> ssl.SSLContext:
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=str(pki.certificate(clients))
    )
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(pki.certificate(name), pki.key(name))
    return context


def endpoint(pki: Pki, port: int) -> Endpoint:
    return Endpoint(port=port, pki=pki, authority=CLUSTER_CA, identity="admin", timeout=1.0)


def test_a_part_of_ours_that_says_so_is_healthy(pki: Pki, serve: Serve) -> None:
    port = serve(identity(pki, "kube-apiserver"))
    assert endpoint(pki, port).healthy("/readyz")


def test_a_part_that_answers_with_an_error_is_not_healthy(pki: Pki, serve: Serve) -> None:
    port = serve(identity(pki, "kube-apiserver"))
    assert not endpoint(pki, port).healthy("/other")


def test_a_server_of_another_authority_is_not_healthy(pki: Pki, serve: Serve) -> None:
    port = serve(identity(pki, "etcd"))
    assert not endpoint(pki, port).healthy("/readyz")


def test_a_server_that_does_not_trust_us_is_not_healthy(pki: Pki, serve: Serve) -> None:
    port = serve(identity(pki, "kube-apiserver", clients=ETCD_CA))
    assert not endpoint(pki, port).healthy("/readyz")


def test_a_stranger_without_tls_is_not_healthy(pki: Pki, serve: Serve) -> None:
    assert not endpoint(pki, serve(None)).healthy("/readyz")


def test_a_closed_port_is_not_healthy(pki: Pki) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert not endpoint(pki, taken.getsockname()[1]).healthy("/readyz")


def test_a_stranger_that_never_answers_is_not_healthy(pki: Pki) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        asked = Endpoint(
            port=silent.getsockname()[1],
            pki=pki,
            authority=CLUSTER_CA,
            identity="admin",
            timeout=0.2,
        )
        assert not asked.healthy("/readyz")


def test_missing_certificates_are_not_healthy(tmp_path: Path) -> None:
    assert not endpoint(Pki(tmp_path), 20443).healthy("/readyz")


def test_a_refusal_carries_the_path_the_status_and_the_reason(pki: Pki, serve: Serve) -> None:
    port = serve(identity(pki, "kube-apiserver"))
    with pytest.raises(RefusedError, match=r'PATCH /apis/x was refused with 403: .*"no"'):
        endpoint(pki, port).send("PATCH", "/apis/x", {})
