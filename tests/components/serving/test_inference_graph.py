import json
from typing import Any

import pytest

from components.serving.inference_graph import GraphNode, Kind, Step, graph_json


def graph(kind: Kind, *steps: Step) -> dict[str, Any]:
    return json.loads(graph_json({"root": GraphNode(kind=kind, steps=steps)}, deadline_seconds=60))


@pytest.mark.parametrize(
    ("kind", "router_type"),
    [
        ("sequence", "Sequence"),
        ("ensemble", "Ensemble"),
        ("switch", "Switch"),
        ("splitter", "Splitter"),
    ],
)
def test_kinds_are_spelled_as_the_router_spells_them(kind: Kind, router_type: str) -> None:
    node = graph(kind, Step(name="one", url="http://one"))["nodes"]["root"]
    assert node["routerType"] == router_type


def test_a_step_that_may_fail_is_a_soft_dependency() -> None:
    steps = graph("ensemble", Step(name="a", url="u"), Step(name="b", url="u", required=False))
    assert [step["dependency"] for step in steps["nodes"]["root"]["steps"]] == ["Hard", "Soft"]


def test_a_step_carries_only_what_it_has() -> None:
    (step,) = graph("ensemble", Step(name="a", url="http://a"))["nodes"]["root"]["steps"]
    assert step == {"name": "a", "serviceUrl": "http://a", "dependency": "Hard"}


def test_weight_condition_node_and_data_are_passed_on() -> None:
    (step,) = graph(
        "splitter", Step(name="a", node="b", weight=100, condition="x", feed_response=True)
    )["nodes"]["root"]["steps"]
    assert (step["nodeName"], step["weight"]) == ("b", 100)
    assert (step["condition"], step["data"]) == ("x", "$response")


def test_the_router_s_answer_outlives_the_steps_it_waits_for() -> None:
    timeouts = graph("ensemble", Step(name="a", url="u"))["routerTimeouts"]
    assert timeouts["serverWrite"] > timeouts["serviceClient"] == 60
