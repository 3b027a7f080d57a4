"""The pack from the command line, without an engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations import policy
from operations.console import UserError

_RUNNER = CliRunner()

_GPU_ON_CPU = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: vllm, namespace: ai}
spec:
  selector: {matchLabels: {app: vllm}}
  template:
    metadata: {labels: {app: vllm}}
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.11.0
          resources: {limits: {nvidia.com/gpu: 1, memory: 32Gi}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: vllm, namespace: ai}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: vllm}
  maxReplicas: 8
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    file = tmp_path / "chart.yaml"
    file.write_text(_GPU_ON_CPU)
    return file


def test_every_rule_is_listed() -> None:
    from rules import RULES

    printed = _RUNNER.invoke(policy.app, ["list"], env={"COLUMNS": "200"}).output
    assert not [rule.id for rule in RULES if rule.id not in printed]


def test_a_rule_is_explained_with_its_reason_and_fix() -> None:
    printed = _RUNNER.invoke(policy.app, ["explain", "containers-set-memory-limits"]).output
    assert "Why" in printed
    assert "Fix" in printed


def test_an_unknown_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean containers-set-memory-limits"):
        policy.explain("containers-set-memory-limit")


def test_a_mandatory_finding_ends_with_one(manifest: Path) -> None:
    done = _RUNNER.invoke(policy.app, ["check", str(manifest)])
    assert done.exit_code == 1
    assert "gpu-workloads-not-scaled-on-cpu-alone" in done.output


def test_a_clean_file_ends_with_zero(manifest: Path) -> None:
    manifest.write_text("{apiVersion: v1, kind: Namespace, metadata: {name: ai}}\n")
    assert _RUNNER.invoke(policy.app, ["check", str(manifest)]).exit_code == 0


def test_findings_come_as_json_for_machines(manifest: Path) -> None:
    printed = _RUNNER.invoke(policy.app, ["check", str(manifest), "--format", "json"]).output
    assert "gpu-workloads-not-scaled-on-cpu-alone" in json.dumps(json.loads(printed))


def test_findings_come_as_sarif_with_the_rule_that_found_them(manifest: Path) -> None:
    printed = _RUNNER.invoke(policy.app, ["check", str(manifest), "--format", "sarif"]).output
    (run,) = json.loads(printed)["runs"]
    assert "gpu-workloads-not-scaled-on-cpu-alone" in {one["ruleId"] for one in run["results"]}


def test_an_environment_sets_the_levels(manifest: Path) -> None:
    def mandatory(*options: str) -> int:
        return _RUNNER.invoke(policy.app, ["check", str(manifest), *options]).output.count(
            "mandatory:"
        )

    assert mandatory("--environment", "prod") > mandatory()


@pytest.mark.parametrize("text", ["", "a: [", "just words\n"])
def test_a_file_with_nothing_to_check_says_what_is_expected(manifest: Path, text: str) -> None:
    manifest.write_text(text)
    with pytest.raises(UserError, match=r"chart\.yaml"):
        policy.check(manifest)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent"):
        policy.check(tmp_path / "absent.yaml")
