"""What the gateway and the aggregator add, on loopback, beside a direct call, in one run.

    python -m tests.components.serving.measure

The model behind both is an Envoy that answers at once with a fixed completion, so that what
is measured is the road and not the model. Rounds of the roads alternate: whatever else the
machine does falls on all of them.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console
from rich.table import Table

from components.serving.envoy import ClientLimit, Gateway, bootstrap
from components.serving.envoy_routes import TYPES, Backend
from components.serving.inference_graph import GraphNode, Step, graph_json
from embedded.toolchain.resolve import ensure
from tests.support.envoy import Envoy, envoy
from tests.support.fake_engines import Names
from tests.support.router import router

ARGUMENTS: Final = ["--log-level", "error", "--disable-hot-restart"]
ROUNDS: Final = 5
ONE_BY_ONE: Final = 600
CLIENTS: Final = 16
SECONDS: Final = 2.0
BODY: Final = json.dumps({"messages": [{"role": "user", "content": "x" * 400}]}).encode()


class Road:
    """One way to the model, and what was measured on it."""

    def __init__(self, name: str, host: str, port: int, path: str) -> None:
        self.name, self.host, self.port = name, host, port
        self.request = (
            f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            f"content-length: {len(BODY)}\r\n\r\n"
        ).encode() + BODY
        self.latencies: list[float] = []
        self.rates: list[float] = []

    async def one_by_one(self, count: int) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        for _ in range(count):
            begun = time.perf_counter()
            await self._ask(reader, writer)
            self.latencies.append(time.perf_counter() - begun)
        writer.close()

    async def all_at_once(self) -> None:
        end = time.perf_counter() + SECONDS
        counts = await asyncio.gather(*(self._until(end) for _ in range(CLIENTS)))
        self.rates.append(sum(counts) / SECONDS)

    async def _until(self, end: float) -> int:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        count = 0
        while time.perf_counter() < end:
            await self._ask(reader, writer)
            count += 1
        writer.close()
        return count

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        (length,) = [
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        ]
        await reader.readexactly(length)


def model_config(address: str) -> str:
    """Return an Envoy that answers everything at once."""
    answer = json.dumps({"choices": [{"message": {"content": "y" * 400}}]})
    manager = {
        "@type": f"{TYPES}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "model",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "model",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"prefix": "/"},
                            "direct_response": {
                                "status": 200,
                                "body": {"inline_string": answer},
                            },
                            "response_headers_to_add": [
                                {
                                    "header": {
                                        "key": "content-type",
                                        "value": "application/json",
                                    },
                                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                                }
                            ],
                        }
                    ],
                }
            ]
        },
        "http_filters": [
            # An answer before the request is all there would cost the connection.
            {
                "name": "envoy.filters.http.buffer",
                "typed_config": {
                    "@type": f"{TYPES}.extensions.filters.http.buffer.v3.Buffer",
                    "max_request_bytes": 65536,
                },
            },
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{TYPES}.extensions.filters.http.router.v3.Router"},
            },
        ],
    }
    chain = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    listener = {
        "name": "requests",
        "address": {"socket_address": {"address": address, "port_value": 0}},
        "filter_chains": [{"filters": [chain]}],
    }
    admin = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}
    static: dict[str, Any] = {"listeners": [listener], "clusters": []}
    return json.dumps({"admin": admin, "static_resources": static})


def gateway_config(port: int) -> str:
    backend = Backend(
        name="chat",
        host="chat.x",
        port=port,
        health_path="/health",
        prefix="/models/chat",
        is_model=True,
        deadline_seconds=120,
    )
    return json.dumps(
        bootstrap(
            Gateway(
                backends=[backend],
                port=8080,
                ready_path="/ready",
                step_seconds=120,
                connection_seconds=600,
                client_limit=ClientLimit(requests_per_second=100_000, burst=100_000),
                memory_limit_gib=0.5,
            )
        )
    )


@contextmanager
def roads() -> Iterator[tuple[list[Road], dict[str, psutil.Process]]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        names = Names()
        stack.callback(names.close)
        address = f"127.{random.randint(2, 250)}.{random.randint(1, 250)}.1"
        names.addresses = {"chat.x": [address]}
        model = stack.enter_context(_envoy(model_config("0.0.0.0"), folder / "model", names))
        port = model.ports["requests"]
        front = stack.enter_context(_envoy(gateway_config(port), folder / "gateway", names))
        url = f"http://127.0.0.1:{front.ports['steps']}/models/chat/v1/chat/completions"
        step = Step(name="answer", url=url)
        graph = graph_json({"root": GraphNode(kind="ensemble", steps=(step,))}, step_seconds=120)
        executable = ensure(["router"], print)["router"]
        joined = stack.enter_context(router(executable, graph, folder / "router.log"))
        path = "/v1/chat/completions"
        listed = [
            Road("direct", address, port, path),
            Road("gateway", "127.0.0.1", front.ports["requests"], f"/models/chat{path}"),
            Road("aggregator, and the gateway behind it", "127.0.0.1", 8080, "/"),
        ]
        yield (
            listed,
            {
                "gateway": psutil.Process(front.process.pid),
                "aggregator": psutil.Process(joined.process.pid),
            },
        )


@contextmanager
def _envoy(text: str, folder: Path, names: Names) -> Iterator[Envoy]:
    folder.mkdir()
    with envoy(text, folder, names=names, arguments=ARGUMENTS) as running:
        yield running


async def measure(listed: list[Road]) -> None:
    for road in listed:
        await road.one_by_one(200)
        road.latencies.clear()
    for _ in range(ROUNDS):
        for road in listed:
            await road.one_by_one(ONE_BY_ONE)
        for road in listed:
            await road.all_at_once()


def main() -> None:
    """Measure and print."""
    with roads() as (listed, processes):
        before = {name: process.memory_info().rss for name, process in processes.items()}
        asyncio.run(measure(listed))
        after = {name: process.memory_info().rss for name, process in processes.items()}
    table = Table("road", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms", "requests/s")
    direct = statistics.quantiles(listed[0].latencies, n=100)
    for road in listed:
        found = statistics.quantiles(road.latencies, n=100)
        table.add_row(
            road.name,
            *(f"{found[at] * 1000:.2f}" for at in (49, 98)),
            *(f"{(found[at] - direct[at]) * 1000:.2f}" for at in (49, 98)),
            f"{statistics.median(road.rates):.0f}",
        )
    console = Console()
    console.print(table)
    for name in processes:
        idle, busy = before[name] / 2**20, after[name] / 2**20
        console.print(f"{name}: {idle:.0f} MiB resident at the start, {busy:.0f} MiB at the end")
    load = psutil.getloadavg()[0]
    console.print(f"{psutil.cpu_count()} cores, load average {load:.1f} over the last minute")


if __name__ == "__main__":
    main()
