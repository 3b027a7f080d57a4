"""What stands is told in short tables."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from operations import summary


def _text(table: Table) -> str:
    console = Console(width=120, record=True, file=None)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def _node(pool: str, capacity: str, *, ready: bool, gpus: str = "0") -> dict[str, Any]:
    labels = {
        "eks.amazonaws.com/nodegroup": pool,
        "eks.amazonaws.com/capacityType": capacity,
        "node.kubernetes.io/instance-type": "g6.2xlarge",
    }
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": {"labels": labels},
        "status": {"allocatable": {"nvidia.com/gpu": gpus}, "conditions": conditions},
    }


def test_a_stage_shows_ready_and_wanted_replicas() -> None:
    one = {"stage": "Gateway", "namespace": "inference", "name": "gw", "ready": 1, "wanted": 2}
    assert "inference/gw" in _text(summary.stages_table([one]))
    assert "1/2" in _text(summary.stages_table([one]))


def test_nodes_are_counted_by_pool_capacity_and_type() -> None:
    nodes = [
        _node("gpu", "SPOT", ready=True, gpus="1"),
        _node("gpu", "SPOT", ready=False, gpus="1"),
        _node("system", "ON_DEMAND", ready=True),
    ]
    lines = _text(summary.nodes_table(nodes)).splitlines()
    assert any("gpu" in line and "SPOT" in line and "1/2" in line for line in lines)
    assert any("system" in line and "ON_DEMAND" in line and "1/1" in line for line in lines)


def test_a_node_without_labels_and_conditions_is_still_counted() -> None:
    node: dict[str, Any] = {"metadata": {}, "status": {}}
    assert "0/1" in _text(summary.nodes_table([node]))


def test_a_finding_of_preview_and_update_counts_once() -> None:
    finding = {
        "policyEvent": {
            "policyName": "r",
            "resourceUrn": "u",
            "message": "m",
            "enforcementLevel": "advisory",
        }
    }
    assert summary.policies_line([finding, finding]).endswith("no violations[/green], 1 advisory")


def test_rules_that_passed_and_failed_are_counted_together() -> None:
    events = [
        {"policyAnalyzeSummaryEvent": {"passed": ["a", "b"]}},
        {"policyAnalyzeStackSummaryEvent": {"failed": ["c"], "passed": None}},
    ]
    assert "3 run" in summary.policies_line(events)


def test_a_mandatory_finding_is_a_violation() -> None:
    event = {
        "policyEvent": {"policyName": "r", "message": "m", "enforcementLevel": "mandatory"},
    }
    assert "1 mandatory" in summary.policies_line([event])
