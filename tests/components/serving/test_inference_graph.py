import json
from typing import Any

import pytest

from components.serving.inference_graph import GraphNode, Kind, Step, answer_seconds, graph_json


def graph(kind: Kind, *steps: Step) -> dict[str, Any]:
    return json.loads(graph_json({"root": GraphNode(kind=kind, steps=steps)}, step_seconds=60))


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
    node = graph(kind, Step(name="one", url="http://one", weight=100))["nodes"]["root"]
    assert node["routerType"] == router_type


def test_a_step_that_may_fail_is_a_soft_dependency() -> None:
    steps = graph("ensemble", Step(name="a", url="u"), Step(name="b", url="u", required=False))
    assert [step["dependency"] for step in steps["nodes"]["root"]["steps"]] == ["Hard", "Soft"]


def test_a_step_carries_only_what_it_has() -> None:
    (step,) = graph("ensemble", Step(name="a", url="http://a"))["nodes"]["root"]["steps"]
    assert step == {"name": "a", "serviceUrl": "http://a", "dependency": "Hard"}


def test_weight_condition_node_and_data_are_passed_on() -> None:
    (step,) = graph(
        "splitter", Step(name="a", url="u", weight=100, condition="x", feed_response=True)
    )["nodes"]["root"]["steps"]
    # 100 and the one that the router draws beyond them.
    assert (step["serviceUrl"], step["weight"]) == ("u", 101)
    assert (step["condition"], step["data"]) == ("x", "$response")


def test_the_router_s_answer_outlives_the_steps_it_waits_for() -> None:
    timeouts = graph("ensemble", Step(name="a", url="u"))["routerTimeouts"]
    assert timeouts["serverWrite"] > timeouts["serviceClient"] > 60


def test_steps_one_after_the_other_have_the_time_of_all_of_them() -> None:
    nodes = {
        "root": GraphNode(
            kind="sequence", steps=(Step(name="a", url="u"), Step(name="b", node="both"))
        ),
        "both": GraphNode(
            kind="ensemble", steps=(Step(name="c", url="u"), Step(name="d", url="u"))
        ),
    }
    assert answer_seconds(nodes, step_seconds=60) == 2 * 62 + 2


def test_a_splitter_s_numbers_are_all_somebody_s() -> None:
    """The router draws from 0 to 100: a sum of 100 leaves one request of 101 without an answer."""
    steps = graph(
        "splitter", Step(name="a", url="u", weight=70), Step(name="b", url="u", weight=30)
    )["nodes"]["root"]["steps"]
    assert [step["weight"] for step in steps] == [70, 31]
