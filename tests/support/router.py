"""KServe's router on the graph that is deployed, on loopback."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from catalog.engines import KSERVE_ROUTER
from tests.support.envoy import Answer


class Router:
    """A running router. Its port is a constant of the program."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process = process
        self.address = address

    def ask(self, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(self.address, KSERVE_ROUTER.port, timeout=30)
        try:
            connection.request("POST", "/", body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def ready(self) -> bool:
        connection = http.client.HTTPConnection(self.address, KSERVE_ROUTER.port, timeout=2)
        try:
            connection.request("GET", KSERVE_ROUTER.ready_path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def router(
    executable: Path, graph: str, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[Router]:
    """Run the router until the block ends."""
    _until_free(KSERVE_ROUTER.port)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(executable), "--graph-json", graph],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], **(env or {})},
        )
        running = Router(process, "127.0.0.1")
        try:
            deadline = time.monotonic() + 20
            while not running.ready():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "the router is not ready"
                time.sleep(0.05)
            yield running
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _until_free(port: int) -> None:
    """Wait for a run beside this one: the router takes the port on every address."""
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                assert time.monotonic() < deadline, f"port {port} is taken"
                time.sleep(0.2)
            else:
                return
