"""The gateway's configuration, as the local stack deploys it, in a real Envoy."""

from __future__ import annotations

import http.client
import json
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from components.serving.envoy import ClientLimit, Gateway, bootstrap
from components.serving.envoy_routes import Backend, Canary
from tests.support.environment import eventually
from tests.support.envoy import Envoy, envoy
from tests.support.fake_engines import Behaviour, FakeEngine, Names, engine
from tests.support.programs import RecordedStack

pytestmark = pytest.mark.embedded

DOMAIN = "inference.svc.cluster.local"
ARGUMENTS = ["--log-level", "warning", "--disable-hot-restart"]


@dataclass
class Stand:
    """A gateway in front of fake engines."""

    gateway: Envoy
    names: Names
    chat: list[FakeEngine]
    embedding: FakeEngine
    aggregator: FakeEngine

    def heal(self) -> None:
        for one in (*self.chat, self.embedding, self.aggregator):
            one.behaviour = Behaviour()
            one.asked.clear()


def deployed(recorded_stack: RecordedStack) -> tuple[str, list[str]]:
    """Return the configuration and the arguments of the local stack's gateway."""
    resources = recorded_stack("local")
    (config,) = [
        one
        for one in resources
        if one.type.endswith(":ConfigMap") and "envoy.json" in one.inputs["data"]
    ]
    (pod,) = [
        one.inputs["spec"]["template"]["spec"]["containers"][0]
        for one in resources
        if one.type.endswith(":Deployment")
        and one.inputs["metadata"]["name"] == "inference-gateway"
    ]
    assert pod["command"] == ["envoy"]
    assert pod["args"][0] == "--config-path"
    return config.inputs["data"]["envoy.json"], pod["args"][2:]


@pytest.fixture(scope="module")
def network() -> str:
    """Addresses of this run: 127.0.0.0/8 is all loopback."""
    return f"127.{random.randint(2, 250)}.{random.randint(1, 250)}"


@pytest.fixture
def stand(recorded_stack: RecordedStack, running: dict[str, Any]) -> Stand:
    if "stand" not in running:
        text, arguments = deployed(recorded_stack)
        running["stand"] = running["stack"].enter_context(
            serving(text, arguments, running["network"], running["folder"])
        )
    found: Stand = running["stand"]
    found.heal()
    return found


@pytest.fixture(scope="module")
def running(network: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What is started once for all tests of the deployed configuration."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("gateway")
        yield {"stack": stack, "network": network, "folder": folder}


@contextmanager
def serving(text: str, arguments: list[str], network: str, folder: Path) -> Iterator[Stand]:
    with ExitStack() as stack:
        names = Names()
        stack.callback(names.close)
        chat = [stack.enter_context(engine(f"chat-{n}", f"{network}.1{n}", 8000)) for n in (1, 2)]
        embedding = stack.enter_context(engine("embedding", f"{network}.21", 8080))
        aggregator = stack.enter_context(engine("aggregator", f"{network}.31", 8080))
        names.addresses = {
            f"chat.{DOMAIN}": [one.address for one in chat],
            f"ai-model-service.{DOMAIN}": [embedding.address],
            f"result-aggregator.{DOMAIN}": [aggregator.address],
        }
        gateway = stack.enter_context(envoy(text, folder, names=names, arguments=arguments))
        eventually(lambda: healthy(gateway, "chat") == 2, within=15)
        yield Stand(gateway, names, chat, embedding, aggregator)


def healthy(gateway: Envoy, cluster: str) -> float:
    name = f'envoy_cluster_membership_healthy{{envoy_cluster_name="{cluster}"}}'
    return gateway.stats().get(name, -1)


def test_a_model_is_asked_by_its_path_and_by_its_header(stand: Stand) -> None:
    by_path = stand.gateway.ask("/models/ai-model-service/v1/embeddings")
    by_header = stand.gateway.ask("/v1/embeddings", headers={"x-model": "ai-model-service"})
    assert by_path.json == by_header.json == {"from": "embedding"}
    assert [path for path, _, _ in stand.embedding.asked] == ["/v1/embeddings"] * 2


def test_the_aggregator_is_asked_by_its_path(stand: Stand) -> None:
    assert stand.gateway.ask("/aggregate/").json == {"from": "aggregator"}


def test_an_unknown_model_is_answered_with_those_there_are(stand: Stand) -> None:
    answer = stand.gateway.ask("/models/bert/v1/embeddings")
    assert answer.status == 404
    assert "/models/chat/" in answer.json["error"]["message"]


def test_a_path_cannot_be_disguised(stand: Stand) -> None:
    assert stand.gateway.ask("/models/chat/..%2f..%2fmodels/ai-model-service/x").status == 400
    assert stand.gateway.ask("/models/chat/../ai-model-service/v1/x").json == {"from": "embedding"}


def test_the_replica_with_the_fewest_requests_gets_the_next(stand: Stand) -> None:
    stand.chat[0].behaviour = Behaviour(delay=4.0)
    waiting = [
        threading.Thread(target=stand.gateway.ask, args=("/models/chat/x",)) for _ in range(8)
    ]
    for thread in waiting:
        thread.start()
    eventually(lambda: len(stand.chat[0].asked) >= 2, within=3)
    # What waits there goes on waiting; what comes now would be answered at once.
    stand.chat[0].behaviour = Behaviour()
    busy, idle = (len(one.asked) for one in stand.chat)
    for _ in range(60):
        stand.gateway.ask("/models/chat/x")
    to_busy, to_idle = (len(one.asked) for one in stand.chat)
    for thread in waiting:
        thread.join()
    # Two are drawn with replacement: one draw in four sees the busy one alone.
    assert to_busy - busy < (to_idle - idle) / 1.5


def test_a_replica_that_hangs_up_is_not_asked_again_for_what_it_may_have_begun(
    stand: Stand,
) -> None:
    for one in stand.chat:
        one.behaviour = Behaviour(hangs_up=True)
    assert stand.gateway.ask("/models/chat/x").status in {502, 503}
    assert sum(len(one.asked) for one in stand.chat) <= 3


def test_every_request_has_an_id_that_the_client_and_the_log_know(stand: Stand) -> None:
    answer = stand.gateway.ask("/models/ai-model-service/v1/embeddings")
    identity = answer.headers["x-request-id"]
    (_, headers, _) = stand.embedding.asked[0]
    assert {key.lower(): value for key, value in headers.items()}["x-request-id"] == identity
    line = eventually(
        lambda: [one for one in stand.gateway.logged() if one["request_id"] == identity]
    )[0]
    assert (line["status"], line["backend"]) == (200, "ai-model-service")
    assert line["path"] == "/models/ai-model-service/v1/embeddings"
    assert line["pod"] == f"{stand.embedding.address}:8080"
    assert isinstance(line["duration_ms"], int)


def test_a_failing_replica_is_left_out(stand: Stand) -> None:
    stand.chat[1].behaviour = Behaviour(status=500)
    statuses = [stand.gateway.ask("/models/chat/x").status for _ in range(60)]
    assert 1 <= statuses.count(500) <= 5
    assert statuses[-20:] == [200] * 20
    ejected = 'envoy_cluster_outlier_detection_ejections_active{envoy_cluster_name="chat"}'
    assert stand.gateway.stats()[ejected] == 1


def test_a_model_without_replicas_says_when_to_ask_again_and_is_found_when_it_is_back(
    stand: Stand,
) -> None:
    name = f"ai-model-service.{DOMAIN}"
    there, stand.names.addresses[name] = stand.names.addresses[name], []
    path = "/models/ai-model-service/v1/embeddings"
    answer = eventually(lambda: (got := stand.gateway.ask(path)).status == 503 and got, within=12)
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["error"]["code"] == 503
    # What wakes it: the signal `gateway-demand` counts these.
    refused = 'envoy_cluster_upstream_cx_none_healthy{envoy_cluster_name="ai-model-service"}'
    assert stand.gateway.stats()[refused] >= 1
    stand.names.addresses[name] = there
    eventually(lambda: stand.gateway.ask(path).status == 200, within=12)


def test_a_step_s_failure_is_an_object_whatever_the_model_says(stand: Stand) -> None:
    stand.embedding.behaviour = Behaviour(
        status=500, body="Internal Server Error", content_type="text/plain"
    )
    path = "/models/ai-model-service/v1/embeddings"
    step = stand.gateway.ask(path, door="steps")
    assert (step.status, step.json["error"]["code"]) == (500, 500)
    # A client gets what the model said.
    assert stand.gateway.ask(path).body == b"Internal Server Error"
    stand.embedding.behaviour = Behaviour(status=422, body={"error": "too long"})
    assert stand.gateway.ask(path, door="steps").json == {"error": "too long"}


def test_only_metrics_come_out_of_the_admin_port(stand: Stand) -> None:
    assert stand.gateway.get("/stats/prometheus", door="metrics").status == 200
    for path in ("/quitquitquit", "/config_dump", "/", "/stats", "/stats/prometheus/../../help"):
        assert stand.gateway.get(path, door="metrics").status == 404
    with socket.socket() as outside:
        outside.settimeout(2)
        address = stand.chat[0].address.rsplit(".", 1)[0] + ".99"
        # Another address of the machine: the requests' door is open there, the admin port not.
        outside.connect((address, stand.gateway.ports["requests"]))
    with socket.socket() as outside, pytest.raises(ConnectionRefusedError):
        outside.connect((address, stand.gateway.ports["admin"]))


def test_the_metrics_have_the_names_that_the_catalogue_asks_for(stand: Stand) -> None:
    stand.gateway.ask("/models/chat/x")
    names = {name.partition("{")[0] for name in stand.gateway.stats()}
    assert {
        "envoy_cluster_upstream_rq_active",
        "envoy_cluster_upstream_rq_pending_active",
        "envoy_cluster_upstream_rq_completed",
        "envoy_cluster_upstream_cx_none_healthy",
        "envoy_cluster_membership_healthy",
    } <= names


# What follows needs settings that the local stack does not have, in the same configuration.


def backend(name: str, **changes: Any) -> Backend:
    default = Backend(
        name=name,
        host=f"{name}.{DOMAIN}",
        port=8000,
        health_path="/health",
        prefix=f"/models/{name}",
        is_model=True,
        deadline_seconds=1,
    )
    return replace(default, **changes)


def special(backends: list[Backend], limit: ClientLimit | None = None, age: int = 30) -> str:
    return json.dumps(
        bootstrap(
            Gateway(
                backends=backends,
                port=8080,
                ready_path="/ready",
                step_seconds=1,
                connection_seconds=age,
                client_limit=limit,
                memory_limit_gib=0.5,
            )
        )
    )


@contextmanager
def small(
    text: str, network: str, folder: Path, *hosts: str, replicas_of: str | None = None
) -> Iterator[tuple[Envoy, dict[str, FakeEngine]]]:
    with ExitStack() as stack:
        names = Names()
        stack.callback(names.close)
        engines = {
            host: stack.enter_context(engine(host, f"{network}.{100 + n}", 8000))
            for n, host in enumerate(hosts)
        }
        for host, one in engines.items():
            names.addresses.setdefault(f"{replicas_of or host}.{DOMAIN}", []).append(one.address)
        gateway = stack.enter_context(envoy(text, folder, names=names, arguments=ARGUMENTS))
        wanted = {replicas_of: len(hosts)} if replicas_of else dict.fromkeys(hosts, 1)
        eventually(
            lambda: all(healthy(gateway, host) == count for host, count in wanted.items()),
            within=15,
        )
        yield gateway, engines


def test_a_request_ends_at_its_deadline(network: str, tmp_path: Path) -> None:
    with small(special([backend("chat")]), network, tmp_path, "chat") as (gateway, engines):
        engines["chat"].behaviour = Behaviour(delay=3)
        begun = time.monotonic()
        answer = gateway.ask("/models/chat/x")
        assert time.monotonic() - begun < 2
        assert (answer.status, answer.json["error"]["code"]) == (504, 504)


def test_a_dead_replica_s_requests_are_tried_on_another(network: str, tmp_path: Path) -> None:
    """Until its health check fails, nobody but the retry knows that it is dead."""
    text = special([backend("chat")])
    with small(text, network, tmp_path, "chat", "other", replicas_of="chat") as (gateway, engines):
        for _ in range(10):
            gateway.ask("/models/chat/x")
        engines["other"].die()
        statuses = Counter(gateway.ask("/models/chat/x").status for _ in range(30))
        retried = gateway.stats()['envoy_cluster_upstream_rq_retry{envoy_cluster_name="chat"}']
    assert statuses == {200: 30}
    assert retried > 0


def test_a_client_is_held_to_its_rate_and_no_other_with_it(network: str, tmp_path: Path) -> None:
    limit = ClientLimit(requests_per_second=1, burst=5)
    text = special([backend("chat")], limit)
    with small(text, network, tmp_path, "chat") as (gateway, _):
        answers = [gateway.ask("/models/chat/x") for _ in range(15)]
        refused = [one for one in answers if one.status == 429]
        assert 8 <= len(refused) <= 10
        assert refused[0].headers["retry-after"] == "1"
        assert refused[0].json["error"]["code"] == 429
        other = http.client.HTTPConnection(
            "127.0.0.1", gateway.ports["requests"], source_address=(f"{network}.77", 0)
        )
        other.request("POST", "/models/chat/x", b"{}")
        assert other.getresponse().status == 200
        other.close()
        # The aggregator comes in by its own door.
        steps = [gateway.ask("/models/chat/x", door="steps").status for _ in range(15)]
        assert steps == [200] * 15


def test_a_canary_gets_its_share(network: str, tmp_path: Path) -> None:
    canary = Canary(backend="chat-next", percent=20)
    text = special([backend("chat", canary=canary), backend("chat-next")])
    with small(text, network, tmp_path, "chat", "chat-next") as (gateway, _):
        counted = Counter(gateway.ask("/models/chat/x").json["from"] for _ in range(400))
    # 80 of 400, give or take four standard deviations.
    assert 48 <= counted["chat-next"] <= 112


def test_a_gateway_that_goes_loses_no_request(network: str, tmp_path: Path) -> None:
    """As Kubernetes ends it: no new connections, time for the old to grow older, then SIGTERM."""
    age = 2
    text = special([backend("chat")], age=age)
    with small(text, network, tmp_path, "chat") as (gateway, engines):
        engines["chat"].behaviour = Behaviour(delay=0.2)
        told: list[float] = []
        statuses: list[int] = []
        begun = time.monotonic()

        def client() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", gateway.ports["requests"])
            while time.monotonic() - begun < age + 3:
                connection.request("POST", "/models/chat/x", b"{}")
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
                if answer.getheader("connection") == "close":
                    told.append(time.monotonic() - begun)
                    return

        clients = [threading.Thread(target=client) for _ in range(4)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(timeout=5) == 0
    assert set(statuses) == {200}
    assert len(told) == 4
    assert all(age - 0.5 <= at <= age + 1 for at in told)
