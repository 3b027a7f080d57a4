"""The pack under the real engine: `pulumi policy analyze` on a state file."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from embedded.layout import PROJECT_ROOT, Layout
from embedded.plugins.path import environment
from embedded.toolchain.resolve import ensure
from tests.support.policy import Given, but
from tests.support.samples import STACK

pytestmark = pytest.mark.embedded

ROOT_URN = "urn:pulumi:test::project::pulumi:pulumi:Stack::project-test"


@dataclass(frozen=True)
class Engine:
    """Runs `pulumi policy analyze` with the pack."""

    env: dict[str, str]
    folder: Path

    def analyze(self, resources: Sequence[Given], config: Any = None) -> Answer:
        state = self.folder / "state.json"
        state.write_text(json.dumps(_state(resources)))
        pack = str(PROJECT_ROOT / "policies")
        argv = [
            "pulumi",
            "policy",
            "analyze",
            "--file",
            str(state),
            "--policy-pack",
            pack,
            "--json",
        ]
        if config is not None:
            file = self.folder / "config.json"
            file.write_text(json.dumps(config))
            argv += ["--policy-pack-config", str(file)]
        done = subprocess.run(
            argv, env=self.env, cwd=self.folder, capture_output=True, text=True, check=False
        )
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        found = [event["policyEvent"] for event in events if "policyEvent" in event]
        return Answer(code=done.returncode, events=found, errors=done.stderr)


@dataclass(frozen=True)
class Answer:
    """What the engine said."""

    code: int
    events: list[dict[str, Any]]
    errors: str

    def of(self, rule: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["policyName"] == rule]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("engine")
    patch = pytest.MonkeyPatch()
    patch.setenv("BALLAST_STATE_DIR", str(folder / "state"))
    variables = environment(Layout(PROJECT_ROOT), ensure(["pulumi"], print))
    patch.undo()
    return Engine(env={**os.environ, **variables}, folder=folder)


def _state(resources: Sequence[Given]) -> dict[str, Any]:
    root = {"urn": ROOT_URN, "custom": False, "type": "pulumi:pulumi:Stack"}
    listed = [root, *(_entry(item) for item in resources)]
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": listed}}


def _entry(item: Given) -> dict[str, Any]:
    # What is unknown in a preview has an id in a state.
    props = json.loads(json.dumps(item.props, default=lambda _: "id-0123"))
    urns = {other.name: other.urn for other in STACK}
    through = {prop: [urns[name] for name in names] for prop, names in item.through.items()}
    known = {"inputs": props, "outputs": props, "parent": ROOT_URN}
    links = {
        "propertyDependencies": through,
        "dependencies": sorted({urn for urns in through.values() for urn in urns}),
    }
    return {"urn": item.urn, "custom": True, "id": item.name, "type": item.token, **known, **links}


def spoiled(name: str, changes: dict[str, Any]) -> list[Given]:
    return [
        replace(item, props=but(item.props, changes)) if item.name == name else item
        for item in STACK
    ]


def test_a_stack_that_is_right_passes(engine: Engine) -> None:
    answer = engine.analyze(STACK)
    mandatory = [event for event in answer.events if event["enforcementLevel"] == "mandatory"]
    assert (answer.code, mandatory) == (0, []), answer.errors


@pytest.mark.parametrize(
    ("rule", "name", "changes", "said"),
    [
        (
            "containers-set-memory-limits",
            "llm",
            {"spec.template.spec.containers[0].resources.limits": {"nvidia.com/gpu": "1"}},
            'containers[0].resources.limits.memory: not set for container "vllm"',
        ),
        (
            "security-groups-not-open-to-world",
            "nodes",
            {
                "ingress[0]": {
                    "protocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "cidrBlocks": ["0.0.0.0/0"],
                }
            },
            "ingress[0].cidrBlocks[0]: tcp port 22 is open to 0.0.0.0/0",
        ),
        (
            "gpu-workloads-not-scaled-on-cpu-alone",
            "scaled",
            {"spec.triggers": [{"type": "cpu", "metadata": {"value": "70"}}]},
            "scales Deployment llm, which asks for 1 nvidia.com/gpu, on cpu (70 %) alone",
        ),
    ],
)
def test_each_anti_pattern_is_stopped_and_explained(
    engine: Engine, rule: str, name: str, changes: dict[str, Any], said: str
) -> None:
    answer = engine.analyze(spoiled(name, changes))
    (event,) = answer.of(rule)
    assert answer.code != 0
    assert event["enforcementLevel"] == "mandatory"
    assert event["resourceUrn"].endswith(f"::{name}")
    assert said in event["message"]
    assert "why:" in event["message"]
    assert "fix:" in event["message"]


def test_a_name_that_no_rule_has_stops_the_analysis(engine: Engine) -> None:
    answer = engine.analyze(STACK, {"containers-set-memory-limit": "mandatory"})
    assert answer.code != 0
    assert "did you mean 'containers-set-memory-limits'?" in answer.errors


@pytest.mark.parametrize("environment_name", ["local", "dev", "staging", "prod", "shared"])
def test_every_environments_file_is_accepted_by_the_engine(
    engine: Engine, environment_name: str
) -> None:
    path = PROJECT_ROOT / "policies" / "enforcement" / f"{environment_name}.json"
    answer = engine.analyze(STACK, json.loads(path.read_text()))
    assert answer.code == 0, answer.errors


def test_an_exempted_finding_is_shown_and_stops_nothing(engine: Engine) -> None:
    key = "policy.ballast.dev/ignore.containers-set-memory-limits"
    note = {"metadata.annotations": {key: "vendor chart; until=2099-12-31"}}
    answer = engine.analyze(
        spoiled("llm", {"spec.template.spec.containers[0].resources.limits.memory": None, **note})
    )
    (event,) = answer.of("containers-set-memory-limits")
    assert answer.code == 0, answer.errors
    assert event["enforcementLevel"] == "advisory"
    assert "suppressed until 2099-12-31" in event["message"]


def test_an_expired_exemption_stops_the_analysis_twice(engine: Engine) -> None:
    key = "policy.ballast.dev/ignore.containers-set-memory-limits"
    note = {"metadata.annotations": {key: "vendor chart; until=2020-12-31"}}
    answer = engine.analyze(
        spoiled("llm", {"spec.template.spec.containers[0].resources.limits.memory": None, **note})
    )
    assert answer.code != 0
    assert "expired on 2020-12-31" in answer.of("containers-set-memory-limits")[0]["message"]
    assert answer.of("exemptions-state-reason-and-expiry")
