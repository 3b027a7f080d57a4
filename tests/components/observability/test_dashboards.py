"""Dashboards: queries that Prometheus answers, the thresholds that scale, and a stable text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog import promql
from catalog.metrics import metric
from catalog.scaling import Trigger
from components.observability.dashboards.boards import boards
from components.observability.dashboards.frame import short_uid
from components.observability.dashboards.panels import RATE_WINDOW
from components.observability.following import followed
from components.observability.watched import Watched
from tests.components.observability.conftest import Judge, Sample
from tests.components.observability.samples import BERT, ENCODER, GATEWAY, WATCHED
from tests.components.observability.world import (
    EVALUATED_AT,
    Series,
    engine,
    gateway,
    pods,
    world,
)

BOARDS = {board.uid: json.loads(board.text) for board in boards(WATCHED)}
STAGES = {"ballast-gateway": GATEWAY, "ballast-model-bert": BERT, "ballast-model-encoder": ENCODER}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]


def limits(panel: dict[str, Any]) -> list[float]:
    steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
    return [step["value"] for step in steps if step["value"] is not None]


EVERY_PANEL = [
    pytest.param(panel, id=f"{uid}-{panel['title']}")
    for uid, dashboard in BOARDS.items()
    for panel in panels(dashboard)
]


def test_there_is_a_dashboard_for_the_pipeline_each_stage_and_the_fleet() -> None:
    assert list(BOARDS) == [
        "ballast-pipeline",
        "ballast-gateway",
        "ballast-model-bert",
        "ballast-model-encoder",
        "ballast-aggregator",
        "ballast-gpu-fleet",
    ]


@pytest.mark.parametrize("uid", STAGES)
def test_every_scaling_signal_is_shown_with_the_threshold_that_scales(uid: str) -> None:
    stage = STAGES[uid]
    shown = {
        panel["targets"][0]["expr"]: limits(panel)
        for panel in panels(BOARDS[uid])
        if panel["title"].startswith("Scales above")
    }
    scope = stage.scope("inference")
    assert shown == {followed(one, scope): [one.threshold] for one in stage.triggers}


def test_another_threshold_moves_the_line() -> None:
    moved = Trigger(signal=BERT.triggers[1].signal, threshold=0.55)
    stage = type(BERT)(**{**vars(BERT), "triggers": (moved,)})
    (_pipeline, board, _fleet) = boards(Watched(namespace="inference", stages=(stage,)))
    (panel,) = [
        one for one in panels(json.loads(board.text)) if one["title"].startswith("Scales above")
    ]
    assert panel["title"] == "Scales above 55%: vllm-kv-cache"
    assert limits(panel) == [0.55]


@pytest.mark.parametrize("panel", EVERY_PANEL)
def test_every_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all(target["legendFormat"] for target in panel["targets"])
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("panel", EVERY_PANEL)
def test_every_panel_asks_for_metrics_that_are_still_exposed(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        for name in promql.metrics(target["expr"]):
            known = metric(name)
            assert known is not None, name
            assert known.until is None, name


@pytest.mark.parametrize("uid", BOARDS)
def test_panels_lie_beside_each_other_and_not_on_each_other(uid: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[uid]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_text_is_the_same_each_time() -> None:
    assert boards(WATCHED) == boards(WATCHED)


def test_the_language_models_dashboard_shows_the_engine_and_the_encoders_less() -> None:
    titles = {panel["title"] for panel in panels(BOARDS["ballast-model-bert"])}
    assert {"KV cache", "First token, p95", "Preemptions", "Generated tokens"} <= titles
    assert "Replicas wanted and had" in titles
    encoder = {panel["title"] for panel in panels(BOARDS["ballast-model-encoder"])}
    assert "Waiting in the engine" in encoder
    assert "KV cache" not in encoder


def test_without_prices_there_is_no_panel_of_cost() -> None:
    free = Watched(namespace="inference", stages=WATCHED.stages)
    titles = [panel["title"] for panel in panels(json.loads(boards(free)[-1].text))]
    assert "Cost an hour" not in titles
    assert "Cost an hour" in [panel["title"] for panel in panels(BOARDS["ballast-gpu-fleet"])]


def test_a_long_name_keeps_its_unique_id_within_grafanas_limit() -> None:
    long, other = f"ballast-model-{'x' * 60}", f"ballast-model-{'x' * 61}"
    assert len(short_uid(long)) == 40
    assert short_uid(long) != short_uid(other)
    assert short_uid("ballast-gateway") == "ballast-gateway"


def everything() -> list[Series]:
    """The world, with the other stages of the sample in it."""
    stages = ("inference-gateway", "encoder", "result-aggregator")
    more = [
        one
        for name in stages
        for pair in [(f"{name}-5c9d-aaaaa", f"{name}-5c9d-bbbbb")]
        for one in (*gateway(name), *engine(name, pair), *pods(name, pair))
    ]
    alert = Series("ALERTS", {"alertstate": "firing", "namespace": "inference"}, "1x400")
    # The bucket of the sample's objective, which the world does not have.
    bert = {"namespace": "inference", "envoy_cluster_name": "bert", "le": "2500.0"}
    objective = Series("envoy_cluster_upstream_rq_time_bucket", bert, "0+15x400")
    return [*world(), *more, alert, objective]


@pytest.mark.toolchain
@pytest.mark.parametrize("uid", BOARDS)
def test_prometheus_has_an_answer_for_every_panel(judge: Judge, uid: str) -> None:
    asked = [query.replace(RATE_WINDOW, "5m") for query in queries(BOARDS[uid])]
    # How many series are right is tried signal by signal; here none may stay empty.
    expected: dict[str, list[Sample]] = {
        f"(count({query}) > bool 0)": [("{}", 1)] for query in asked
    }
    assert judge.evaluate(everything(), expected, EVALUATED_AT) == ""
