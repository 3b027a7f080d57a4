"""The aggregator's graph, as it is deployed, in KServe's real router, the gateway before it."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from catalog.engines import KSERVE_ROUTER
from components.serving.envoy import STEPS_PORT, Gateway, bootstrap
from components.serving.envoy_routes import Backend
from components.serving.inference_graph import GraphNode, Step, graph_json
from embedded.toolchain.resolve import ensure
from tests.support.envoy import envoy
from tests.support.fake_engines import Behaviour, FakeEngine, Names, engine
from tests.support.programs import RecordedStack
from tests.support.router import Router, router

pytestmark = pytest.mark.embedded

STEP_SECONDS = 2
ENVOY_ARGUMENTS = ["--log-level", "warning", "--disable-hot-restart"]


@pytest.fixture(scope="module")
def executable() -> Path:
    return ensure(["router"], print)["router"]


@pytest.fixture
def network() -> str:
    return f"127.{random.randint(2, 250)}.{random.randint(1, 250)}"


@pytest.fixture
def deployed(recorded_stack: RecordedStack) -> tuple[str, Mapping[str, str]]:
    """Return the graph and the environment of the local stack's aggregator."""
    (container,) = [
        one.inputs["spec"]["template"]["spec"]["containers"][0]
        for one in recorded_stack("local")
        if one.type.endswith(":Deployment")
        and one.inputs["metadata"]["name"] == "result-aggregator"
    ]
    flag, graph = container["args"]
    assert flag == "--graph-json"
    return graph, {one["name"]: one["value"] for one in container["env"]}


class Members:
    """The models behind the router, and where the router finds them."""

    def __init__(self, engines: Mapping[str, FakeEngine], running: Router) -> None:
        self.engines = engines
        self.router = running

    def __getitem__(self, name: str) -> FakeEngine:
        return self.engines[name]


@contextmanager
def behind_gateway(
    executable: Path, graph: str, env: Mapping[str, str], network: str, folder: Path
) -> Iterator[Members]:
    """Put the gateway between the router and its models, as it is in the cluster.

    The graph stays what it is but for the address and port of the gateway, which has no name here.
    """
    nodes = json.loads(graph)["nodes"].values()
    urls = [one["serviceUrl"] for node in nodes for one in node["steps"] if "serviceUrl" in one]
    models = sorted({urlsplit(url).path.split("/")[2] for url in urls})
    with ExitStack() as stack:
        names = Names()
        stack.callback(names.close)
        engines = {
            name: stack.enter_context(engine(name, f"{network}.{10 + n}", 8000))
            for n, name in enumerate(models)
        }
        names.addresses = {f"{name}.x": [one.address] for name, one in engines.items()}
        text = json.dumps(bootstrap(gateway_of(models)))
        front = stack.enter_context(envoy(text, folder, names=names, arguments=ENVOY_ARGUMENTS))
        here = f"127.0.0.1:{front.ports['steps']}"
        there = f"inference-gateway.inference.svc.cluster.local:{STEPS_PORT}"
        moved = graph.replace(there, here)
        running = stack.enter_context(router(executable, moved, folder / "router.log", env))
        yield Members(engines, running)


def gateway_of(models: list[str]) -> Gateway:
    first = Backend(
        name="",
        host="",
        port=8000,
        health_path="/health",
        prefix="",
        is_model=True,
        deadline_seconds=STEP_SECONDS,
    )
    backends = [
        replace(first, name=name, host=f"{name}.x", prefix=f"/models/{name}") for name in models
    ]
    return Gateway(
        backends=backends,
        port=8080,
        ready_path="/ready",
        step_seconds=STEP_SECONDS,
        connection_seconds=30,
        client_limit=None,
        memory_limit_gib=0.5,
    )


def url(model: str) -> str:
    return f"http://inference-gateway.inference.svc.cluster.local:{STEPS_PORT}/models/{model}/v1/x"


def step(name: str, *, required: bool = True, **more: object) -> Step:
    return replace(Step(name=name, url=url(name), required=required), **more)  # type: ignore[arg-type]


def made(nodes: Mapping[str, GraphNode]) -> str:
    return graph_json(nodes, step_seconds=STEP_SECONDS)


def test_the_deployed_graph_answers_with_both_models(
    executable: Path, deployed: tuple[str, Mapping[str, str]], network: str, tmp_path: Path
) -> None:
    with behind_gateway(executable, *deployed, network, tmp_path) as members:
        answer = members.router.ask(b'{"input": "x"}', {"X-Request-Id": "the-client-s"})
        assert answer.status == 200
        assert answer.json == {
            "answer": {"from": "chat"},
            "embedding": {"from": "ai-model-service"},
        }
        for name, path in (
            ("chat", "/v1/chat/completions"),
            ("ai-model-service", "/v1/embeddings"),
        ):
            ((asked, headers, body),) = members[name].asked
            assert (asked, body) == (path, b'{"input": "x"}')
            assert {k.lower(): v for k, v in headers.items()}["x-request-id"] == "the-client-s"

        # An optional member that fails, in JSON or not: its error stands in its place.
        members["chat"].behaviour = Behaviour(status=500, body={"error": "broken"})
        answer = members.router.ask()
        assert (answer.status, answer.json["answer"]) == (200, {"error": "broken"})
        members["chat"].behaviour = Behaviour(status=500, body="x", content_type="text/plain")
        answer = members.router.ask()
        assert (answer.status, answer.json["answer"]["error"]["code"]) == (200, 500)
        members["chat"].behaviour = Behaviour(hangs_up=True)
        answer = members.router.ask()
        assert (answer.status, answer.json["answer"]["error"]["code"]) == (200, 503)

        # An optional member that is slow: the gateway ends it, before the router gives up.
        members["chat"].behaviour = Behaviour(delay=STEP_SECONDS + 3)
        begun = time.monotonic()
        answer = members.router.ask()
        assert (answer.status, answer.json["answer"]["error"]["code"]) == (200, 504)
        assert answer.json["embedding"] == {"from": "ai-model-service"}
        assert time.monotonic() - begun < STEP_SECONDS + 2

        # A required member that fails: its answer and its status, and nothing else.
        members["chat"].behaviour = Behaviour()
        members["ai-model-service"].behaviour = Behaviour(status=422, body={"error": "too long"})
        answer = members.router.ask()
        assert (answer.status, answer.json) == (422, {"error": "too long"})


def test_a_sequence_hands_on_and_stops_at_a_required_failure(
    executable: Path, network: str, tmp_path: Path
) -> None:
    nodes = {
        "root": GraphNode(
            kind="sequence", steps=(step("one"), step("two", feed_response=True), step("three"))
        )
    }
    with behind_gateway(executable, made(nodes), {}, network, tmp_path) as members:
        answer = members.router.ask(b'{"prompt": 1}')
        assert answer.json == {"from": "three"}
        assert json.loads(members["two"].asked[0][2]) == {"from": "one"}
        assert json.loads(members["three"].asked[0][2]) == {"prompt": 1}
        members["two"].behaviour = Behaviour(status=503, body={"error": "busy"})
        answer = members.router.ask()
        assert (answer.status, answer.json) == (503, {"error": "busy"})
        assert len(members["three"].asked) == 1


def test_steps_one_after_the_other_may_each_take_their_time(
    executable: Path, network: str, tmp_path: Path
) -> None:
    steps = tuple(step(name) for name in ("one", "two", "three"))
    nodes = {"root": GraphNode(kind="sequence", steps=steps)}
    with behind_gateway(executable, made(nodes), {}, network, tmp_path) as members:
        for name in ("one", "two", "three"):
            members[name].behaviour = Behaviour(delay=STEP_SECONDS - 0.5)
        assert members.router.ask().json == {"from": "three"}


def test_a_switch_takes_the_first_step_whose_condition_holds(
    executable: Path, network: str, tmp_path: Path
) -> None:
    steps = (step("one", condition="messages"), step("two", condition="input"))
    nodes = {"root": GraphNode(kind="switch", steps=steps)}
    with behind_gateway(executable, made(nodes), {}, network, tmp_path) as members:
        assert members.router.ask(b'{"input": 1}').json == {"from": "two"}
        assert members.router.ask(b'{"messages": [], "input": 1}').json == {"from": "one"}
        assert members.router.ask(b'{"other": 1}').status == 404
        members["two"].behaviour = Behaviour(status=500, body={"error": "broken"})
        assert members.router.ask(b'{"input": 1}').status == 500


def test_a_splitter_splits_and_answers_every_request(
    executable: Path, network: str, tmp_path: Path
) -> None:
    steps = (step("one", weight=75), step("two", weight=25))
    nodes = {"root": GraphNode(kind="splitter", steps=steps)}
    with behind_gateway(executable, made(nodes), {}, network, tmp_path) as members:
        counted = Counter(members.router.ask().json["from"] for _ in range(800))
    # 206 of 800 (26 of 101), give or take four standard deviations.
    assert 156 <= counted["two"] <= 256
    assert sum(counted.values()) == 800


def test_weights_that_add_up_to_100_would_leave_requests_without_an_answer(
    executable: Path, network: str, tmp_path: Path
) -> None:
    """Why the last step is given one more; when this fails, KServe has mended it."""
    nodes = {"root": GraphNode(kind="splitter", steps=(step("one", weight=100),))}
    graph = made(nodes).replace('"weight": 101', '"weight": 100')
    with behind_gateway(executable, graph, {}, network, tmp_path) as members:
        lost = 0
        for _ in range(1000):
            try:
                members.router.ask()
            except OSError:
                lost += 1
    assert 0 < lost < 40


def test_nodes_lead_to_nodes(executable: Path, network: str, tmp_path: Path) -> None:
    nodes = {
        "root": GraphNode(
            kind="sequence", steps=(step("one"), Step(name="both", node="both", feed_response=True))
        ),
        "both": GraphNode(kind="ensemble", steps=(step("two"), step("three", required=False))),
    }
    with behind_gateway(executable, made(nodes), {}, network, tmp_path) as members:
        assert members.router.ask().json == {"two": {"from": "two"}, "three": {"from": "three"}}
        assert json.loads(members["three"].asked[0][2]) == {"from": "one"}


def test_it_says_that_it_goes_and_ends_what_it_has(
    executable: Path, network: str, tmp_path: Path
) -> None:
    """As the grace period counts on: not ready at once, answers for another 30 s, then gone."""
    nodes = {"root": GraphNode(kind="ensemble", steps=(step("one"),))}
    with behind_gateway(executable, made(nodes), {}, network, tmp_path) as members:
        begun = time.monotonic()
        members.router.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert not members.router.ready()
        assert members.router.ask().status == 200
        assert members.router.process.wait(timeout=KSERVE_ROUTER.drain_seconds + 5) == 0
        assert time.monotonic() - begun > KSERVE_ROUTER.drain_seconds - 1
