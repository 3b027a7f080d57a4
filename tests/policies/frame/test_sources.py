"""The pack on files: what a Helm user has, a state, a preview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frame import report, run, sources
from frame.rule import Level
from frame.settings import PackSettings
from rules import RULES
from tests.support.policy import UNKNOWN_STRING_VALUE

MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, creationTimestamp: 2026-01-01}
spec:
  template:
    spec:
      containers: [{name: web, image: "nginx:1.27"}]
---
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort}}
"""
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def written(folder: Path, content: Any) -> Path:
    path = folder / "input"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def entry(inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    token = "aws:ec2/securityGroup:SecurityGroup"
    urn = f"urn:pulumi:dev::shop::{token}::nodes"
    return {"urn": urn, "type": token, "inputs": inputs, **more}


OPEN = {"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]}


def found_in(path: Path) -> set[str]:
    return {finding.rule.id for finding in run.evaluate(sources.read(path), RULES)}


def test_rendered_yaml_is_checked_lists_and_dates_included(tmp_path: Path) -> None:
    path = written(tmp_path, MANIFESTS)
    tokens = [resource.token for resource in sources.read(path)]
    assert tokens == ["kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"]
    assert {"containers-set-memory-limits", "services-are-not-exposed"} <= found_in(path)


@pytest.mark.parametrize(
    "content",
    [
        {"version": 3, "deployment": {"resources": [entry(OPEN)]}},
        {"steps": [{"op": "create", "newState": entry(OPEN)}, {"op": "delete"}]},
    ],
)
def test_a_state_and_a_preview_are_checked(content: Any, tmp_path: Path) -> None:
    assert "security-groups-not-open-to-world" in found_in(written(tmp_path, content))


def test_an_unknown_value_of_a_preview_is_undetermined(tmp_path: Path) -> None:
    state = {"steps": [{"newState": entry({"ingress": UNKNOWN_STRING_VALUE})}]}
    found = run.evaluate(sources.read(written(tmp_path, state)), RULES)
    kinds = {item.rule.id: item.kind for item in found}
    assert kinds["security-groups-not-open-to-world"] is run.FindingKind.UNDETERMINED


def test_a_secret_of_a_state_is_kept_out_of_messages(tmp_path: Path) -> None:
    shown = {"ingress": [{**OPEN["ingress"][0], "cidrBlocks": [{**SECRET, "value": "0.0.0.0/0"}]}]}
    path = written(tmp_path, {"deployment": {"resources": [entry(shown)]}})
    (found,) = [
        item
        for item in run.evaluate(sources.read(path), RULES)
        if item.rule.id == "security-groups-not-open-to-world"
    ]
    assert "[secret]" in found.message.partition("why:")[0]


def test_joins_work_by_the_dependencies_of_a_state(tmp_path: Path) -> None:
    vpc = {"urn": "urn:v", "type": "aws:ec2/vpc:Vpc", "inputs": {}}
    log = {
        "urn": "urn:f",
        "type": "aws:ec2/flowLog:FlowLog",
        "inputs": {"vpcId": "vpc-1"},
        "propertyDependencies": {"vpcId": ["urn:v"]},
    }
    path = written(tmp_path, {"deployment": {"resources": [vpc, log]}})
    assert "networks-have-flow-logs" not in found_in(path)
    assert "networks-have-flow-logs" in found_in(
        written(tmp_path, {"deployment": {"resources": [vpc]}})
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", "just text", "{}\n---\n3", ": : :", "\t- x"])
def test_a_file_with_nothing_to_check_says_what_was_expected(text: str, tmp_path: Path) -> None:
    with pytest.raises(sources.SourceError, match=r"expected are|cannot be read"):
        sources.read(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(sources.SourceError, match="gone"):
        sources.read(tmp_path / "gone")


def test_findings_are_written_as_text_json_and_sarif(tmp_path: Path) -> None:
    found = run.evaluate(sources.read(written(tmp_path, MANIFESTS)), RULES)
    text = report.as_text(found)
    assert (
        "mandatory: containers-set-memory-limits (high) kubernetes:apps/v1:Deployment shop/web"
        in text
    )
    listed = json.loads(report.as_json(found))
    assert len(listed) == len(found)
    sarif = json.loads(report.as_sarif(found, RULES, "input.yaml"))
    (made,) = sarif["runs"]
    assert {item["ruleId"] for item in made["results"]} == {
        item["id"] for item in made["tool"]["driver"]["rules"]
    } - {item.rule.id for item in found if item.kind is run.FindingKind.NOTE}
    assert report.fails(found)


def test_advice_alone_fails_nothing(tmp_path: Path) -> None:
    lax = PackSettings(levels={rule.id: Level.ADVISORY for rule in RULES})
    found = run.evaluate(sources.read(written(tmp_path, MANIFESTS)), RULES, lax)
    assert not report.fails(found)
    assert report.as_text([]) == "nothing found"
