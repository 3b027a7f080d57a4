"""Engines that answer on loopback as real ones do, and the names by which they are found."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Behaviour:
    """How a fake engine answers; a test changes it while it runs."""

    status: int = 200
    body: Any = None
    content_type: str = "application/json"
    delay: float = 0.0
    # Closes the connection after it has read the request.
    hangs_up: bool = False


@dataclass
class FakeEngine:
    """One replica: what it was asked, and how it answers."""

    name: str
    address: str
    port: int
    behaviour: Behaviour = field(default_factory=Behaviour)
    asked: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None
    connections: list[socket.socket] = field(default_factory=list)

    def die(self) -> None:
        """Go without a word: connections are cut, and new ones refused."""
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}/v1"


@contextmanager
def engine(name: str, address: str, port: int = 0) -> Iterator[FakeEngine]:
    """Run one replica until the block ends."""
    replica = FakeEngine(name, address, port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(200, b"{}", "application/json")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            how = replica.behaviour
            replica.asked.append((self.path, dict(self.headers), body))
            if how.hangs_up:
                self.close_connection = True
                return
            time.sleep(how.delay)
            answer = {"from": replica.name} if how.body is None else how.body
            text = answer if isinstance(answer, str) else json.dumps(answer)
            self._answer(how.status, text.encode(), how.content_type)

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle(self) -> None:
            replica.connections.append(self.connection)
            # A proxy that does not wait any longer.
            with suppress(ConnectionError):
                super().handle()

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server((address, port), Handler)
    replica.server = server
    replica.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield replica
    finally:
        server.shutdown()
        server.server_close()


class Names:
    """A name server: the addresses of headless services, which a test changes."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(4096)
                self._socket.sendto(self._answer(query), client)
            except OSError:
                return

    def _answer(self, query: bytes) -> bytes:
        labels: list[str] = []
        at = 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        question = query[12 : at + 5]
        (kind,) = struct.unpack(">H", query[at + 1 : at + 3])
        known = self.addresses.get(".".join(labels)) if kind == 1 else []
        # A service without pods exists and has no address; only a name of nobody does not exist.
        code = 3 if known is None else 0
        found = known or []
        records = b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(address)
            for address in found
        )
        head = query[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(found), 0, 0)
        return head + question + records
