"""The manifests of every stack, judged by the API server's own schemas and by kube-score."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from embedded.toolchain.resolve import ensure
from tests.support import schemas
from tests.support.engine import ROOT
from tests.support.environment import running_control_plane
from tests.support.programs import RecordedStack

pytestmark = pytest.mark.embedded

STACKS = sorted(
    path.stem.removeprefix("Pulumi.")
    for path in ROOT.glob("stacks/Pulumi.*.yaml")
    if "ballast:serving" in path.read_text()
)
every_stack = pytest.mark.parametrize("stack_name", STACKS)

# What kube-score calls critical and we do on purpose: its check -> why.
EXEMPT = {
    "container-image-pull-policy": "images are pinned by version, and pulled once a node: pulling "
    "10 GB again for every pod is what makes scaling slow",
    "container-ephemeral-storage-request-and-limit": "volumes have a size limit each; the root "
    "file system is read-only",
    "container-resources": "no CPU limit where the node's spare cores may be used: it would only "
    "throttle; memory limits and requests are set, see tests/components/serving",
    "pod-probes-identical": "one path answers for both: an engine that cannot serve is left out "
    "first, and started again after three times as long",
    "deployment-targeted-by-hpa-does-not-have-replicas-configured": "the number a deployment "
    "starts with; from then on the program ignores it, and the autoscaler has it",
}


def manifests(recorded_stack: RecordedStack, stack_name: str) -> list[dict[str, Any]]:
    """Return what Kubernetes is given: the inputs of each Kubernetes resource."""
    return [
        whole(one.inputs)
        for one in recorded_stack(stack_name)
        if one.type.startswith("kubernetes:") and "kind" in one.inputs
    ]


def whole(value: Any) -> Any:
    """Undo what the engine's protocol makes of 53: it knows floating point numbers only."""
    if isinstance(value, dict):
        return {key: whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def written(objects: list[dict[str, Any]], path: Path) -> Path:
    # JSON is YAML; and a hash such as 12e34 stays a text, which YAML's writers disagree about.
    path.write_text("\n---\n".join(json.dumps(one) for one in objects))
    return path


@pytest.fixture(scope="module")
def known_schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Schemas of the embedded API server, the operators' custom resources included."""
    folder = tmp_path_factory.mktemp("schemas")
    with running_control_plane(tmp_path_factory.mktemp("judge")) as running:
        assert schemas.write(running.layout.kubeconfig, folder) > 100
    return folder


def conform(folder: Path, path: Path) -> dict[str, Any]:
    tool = ensure(["kubeconform"], print)["kubeconform"]
    location = f"{folder}/{schemas.LOCATION}"
    done = subprocess.run(
        [str(tool), "-strict", "-summary", "-output", "json", "-schema-location", location, path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@every_stack
def test_every_manifest_has_the_fields_of_its_kind_and_no_others(
    stack_name: str, recorded_stack: RecordedStack, known_schemas: Path, tmp_path: Path
) -> None:
    objects = manifests(recorded_stack, stack_name)
    found = conform(known_schemas, written(objects, tmp_path / "manifests.yaml"))
    assert found["resources"] == []
    assert found["summary"] == {
        "valid": len(objects),
        "invalid": 0,
        "errors": 0,
        "skipped": 0,
    }
    assert {"Deployment", "ScaledObject", "PodMonitor"} <= {one["kind"] for one in objects}


def test_a_field_that_nobody_knows_is_found(
    recorded_stack: RecordedStack, known_schemas: Path, tmp_path: Path
) -> None:
    objects = manifests(recorded_stack, "local")
    for kind in ("Deployment", "ScaledObject"):
        next(one for one in objects if one["kind"] == kind)["spec"]["replica"] = 3
    found = conform(known_schemas, written(objects, tmp_path / "manifests.yaml"))
    assert sorted(one["kind"] for one in found["resources"]) == ["Deployment", "ScaledObject"]


@every_stack
def test_kube_score_finds_nothing_critical_that_has_no_reason(
    stack_name: str, recorded_stack: RecordedStack, tmp_path: Path
) -> None:
    found = criticals(written(manifests(recorded_stack, stack_name), tmp_path / "manifests.yaml"))
    unexplained = {check: where for check, where in found.items() if check not in EXEMPT}
    assert unexplained == {}


def test_no_exemption_outlives_its_finding(recorded_stack: RecordedStack, tmp_path: Path) -> None:
    found = {
        check
        for name in STACKS
        for check in criticals(written(manifests(recorded_stack, name), tmp_path / f"{name}.yaml"))
    }
    assert set(EXEMPT) <= found


def criticals(path: Path) -> dict[str, list[str]]:
    """Return kube-score's critical findings: check -> the objects that it is about."""
    tool = ensure(["kube-score"], print)["kube-score"]
    done = subprocess.run(
        [
            str(tool),
            "score",
            *("--output-format", "json", "--kubernetes-version", "v1.35"),
            str(path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    found: dict[str, list[str]] = {}
    for scored in json.loads(done.stdout):
        for check in scored["checks"]:
            if check["grade"] == 1 and not check["skipped"]:
                found.setdefault(check["check"]["id"], []).append(scored["object_name"])
    return found
