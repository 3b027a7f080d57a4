from dataclasses import replace
from typing import Any

import pytest

from components.serving.envoy import ADMIN_PORT, ClientLimit, Gateway, bootstrap
from components.serving.envoy_routes import Backend, Canary

CHAT = Backend(
    name="chat",
    host="chat.inference.svc.cluster.local",
    port=8000,
    health_path="/health",
    prefix="/models/chat",
    is_model=True,
    deadline_seconds=90,
)
AGGREGATOR = replace(
    CHAT,
    name="result-aggregator",
    port=8080,
    prefix="/aggregate",
    is_model=False,
    deadline_seconds=150,
)


def config(*backends: Backend) -> dict[str, Any]:
    return bootstrap(
        Gateway(
            backends=backends or (CHAT, AGGREGATOR),
            port=8080,
            ready_path="/ready",
            step_seconds=60,
            connection_seconds=30,
            client_limit=ClientLimit(requests_per_second=10, burst=20),
            memory_limit_gib=0.5,
        )
    )


def manager(listener: str) -> dict[str, Any]:
    (found,) = [one for one in config()["static_resources"]["listeners"] if one["name"] == listener]
    return found["filter_chains"][0]["filters"][0]["typed_config"]


def routes(listener: str = "requests") -> list[dict[str, Any]]:
    return manager(listener)["route_config"]["virtual_hosts"][0]["routes"]


def cluster(name: str) -> dict[str, Any]:
    (found,) = [one for one in config()["static_resources"]["clusters"] if one["name"] == name]
    return found


def test_the_admin_port_can_be_reached_from_the_pod_alone() -> None:
    address = config()["admin"]["address"]["socket_address"]
    assert (address["address"], address["port_value"]) == ("127.0.0.1", ADMIN_PORT)


def test_of_the_admin_port_only_the_metrics_are_let_out() -> None:
    matches = [route["match"] for route in routes("metrics")]
    assert matches == [{"path": "/stats/prometheus"}]


def test_a_model_is_found_by_path_and_by_header() -> None:
    matches = [r["match"] for r in routes() if r.get("route", {}).get("cluster") == "chat"]
    assert {"prefix": "/models/chat/"} in matches
    assert {"name": "x-model", "string_match": {"exact": "chat"}} in matches[1]["headers"]


def test_the_aggregator_is_found_by_path_alone() -> None:
    matches = [
        r["match"] for r in routes() if r.get("route", {}).get("cluster") == "result-aggregator"
    ]
    assert matches == [{"prefix": "/aggregate/"}]


def test_the_model_s_own_path_reaches_the_engine() -> None:
    assert routes()[0]["route"]["prefix_rewrite"] == "/"


def test_every_request_has_a_deadline() -> None:
    assert [r["route"]["timeout"] for r in routes() if "route" in r] == ["90s", "90s", "150s"]


def test_a_request_may_take_as_long_to_arrive_as_the_slowest_route_to_answer() -> None:
    assert manager("requests")["request_timeout"] == "150s"
    assert manager("requests")["stream_idle_timeout"] == "150s"


def test_the_aggregator_s_door_knows_models_alone_and_a_step_s_time() -> None:
    led = [r["route"] for r in routes("steps") if "route" in r]
    assert [(one["cluster"], one["timeout"]) for one in led] == [("chat", "60s")]


def test_only_clients_are_held_to_a_rate() -> None:
    filters = {
        door: [one["name"].rpartition(".")[2] for one in manager(door)["http_filters"]]
        for door in ("requests", "steps")
    }
    assert filters["requests"] == ["health_check", "local_ratelimit", "router"]
    assert filters["steps"] == ["custom_response", "router"]


def test_a_canary_gets_its_share_and_the_model_the_rest() -> None:
    weighted = replace(CHAT, canary=Canary(backend="chat-next", percent=10))
    found = config(weighted, replace(CHAT, name="chat-next", prefix="/models/chat-next"))
    listener = found["static_resources"]["listeners"][0]
    requests = listener["filter_chains"][0]["filters"][0]["typed_config"]
    first = requests["route_config"]["virtual_hosts"][0]["routes"][0]["route"]
    assert first["weighted_clusters"]["clusters"] == [
        {"name": "chat", "weight": 90},
        {"name": "chat-next", "weight": 10},
    ]


def test_only_what_cannot_have_begun_is_tried_again() -> None:
    retried = {r["route"]["retry_policy"]["retry_on"] for r in routes() if "route" in r}
    assert retried == {"connect-failure,refused-stream,reset-before-request"}


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    answer = routes()[-1]["direct_response"]
    assert answer["status"] == 404
    assert "/models/chat/" in answer["body"]["inline_string"]


def test_what_the_gateway_answers_itself_is_json_and_says_when_to_ask_again() -> None:
    own = manager("requests")["local_reply_config"]
    assert own["body_format"]["json_format"]["error"]["message"] == "%LOCAL_REPLY_BODY%"
    flags = {one["filter"]["response_flag_filter"]["flags"][0] for one in own["mappers"]}
    assert flags == {"UH", "UO"}
    assert all(one["headers_to_add"][0]["header"]["key"] == "retry-after" for one in own["mappers"])


@pytest.mark.parametrize("name", ["chat", "result-aggregator"])
def test_requests_go_to_the_least_busy_pod_that_is_well(name: str) -> None:
    found = cluster(name)
    assert found["lb_policy"] == "LEAST_REQUEST"
    assert found["cluster_type"]["name"] == "envoy.cluster.dns"
    assert found["health_checks"][0]["http_health_check"]["path"] == "/health"
    # Never all of them: some answer is better than none.
    assert found["outlier_detection"]["max_ejection_percent"] == 50


def test_retries_have_a_budget() -> None:
    (threshold,) = cluster("chat")["circuit_breakers"]["thresholds"]
    assert threshold["retry_budget"]["budget_percent"]["value"] == 20.0


def test_readiness_is_answered_by_the_proxy_itself() -> None:
    health = manager("requests")["http_filters"][0]["typed_config"]
    assert health["pass_through_mode"] is False
    assert health["headers"][0]["string_match"]["exact"] == "/ready"


def test_every_route_leads_to_a_cluster_that_exists() -> None:
    names = {one["name"] for one in config()["static_resources"]["clusters"]}
    doors = [*routes(), *routes("steps"), *routes("metrics")]
    used = {r["route"]["cluster"] for r in doors if "route" in r}
    assert used <= names
