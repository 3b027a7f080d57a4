"""The provider under the real engine: what a user types, and what happens to it."""

import os
import signal
import subprocess
import time

import pytest
from kubernetes import client, config

from embedded.plugins.path import environment
from embedded.toolchain.resolve import ensure

pytestmark = pytest.mark.embedded

PROJECT = """
name: kubernetes-engine
runtime: python
"""
PROGRAM = """
import pulumi
import pulumi_kubernetes as k8s

provider = k8s.Provider("embedded", kubeconfig=open("kubeconfig").read())
own = pulumi.ResourceOptions(provider=provider)
team = k8s.core.v1.Namespace("team", metadata={"name": "engine-tests"}, opts=own)
inside = {"namespace": team.metadata["name"]}
for index in range(8):
    k8s.core.v1.ConfigMap(f"config-{index}", metadata=inside, data={"a": "b"}, opts=own)
secret = k8s.core.v1.Secret("key", metadata=inside, string_data={"a": "hunter2"}, opts=own)
labels = {"app": "off"}
k8s.apps.v1.Deployment(
    "off",
    metadata=inside,
    spec={
        "replicas": 0,
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        },
    },
    opts=own,
)
k8s.yaml.ConfigGroup(
    "group",
    yaml=["{apiVersion: v1, kind: ConfigMap, metadata: {name: from-yaml, namespace: default}}"],
    opts=pulumi.ResourceOptions(providers={"kubernetes": provider}),
)
pulumi.export("name", team.metadata["name"])
"""


@pytest.fixture
def project(control_plane, tmp_path, monkeypatch):
    """A project with a stack; destroyed at the end."""
    monkeypatch.setenv("BALLAST_STATE_DIR", str(control_plane.layout.state))
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "kubeconfig").write_text(control_plane.layout.kubeconfig.read_text())
    tools = {**control_plane.tools, **ensure(["pulumi"], print)}
    variables = {**os.environ, **environment(control_plane.layout, tools)}
    # The blob store's side files are not written in one step: a kill could tear them.
    variables["PULUMI_BACKEND_URL"] = f"file://{tmp_path}?metadata=skip"

    def start(*command):
        return subprocess.Popen(
            ["pulumi", *command, "--stack", "test", "--non-interactive"],
            cwd=tmp_path,
            env=variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    run(start("stack", "init"))
    yield start
    run(start("cancel", "--yes"))
    run(start("destroy", "--yes", "--skip-preview"))


def run(process):
    output, _ = process.communicate(timeout=180)
    assert process.returncode == 0, output
    return output


def count(control_plane):
    api = config.new_client_from_config(str(control_plane.layout.kubeconfig))
    core = client.CoreV1Api(api)
    maps = core.list_namespaced_config_map("engine-tests").items
    return len([item for item in maps if item.metadata.name.startswith("config-")])


def test_up_makes_everything_and_the_next_one_changes_nothing(project, control_plane, tmp_path):
    run(project("preview"))
    run(project("up", "--yes", "--skip-preview"))
    assert count(control_plane) == 8
    assert "15 unchanged" in run(project("up", "--yes", "--skip-preview"))
    assert "hunter2" not in "".join(
        path.read_text() for path in tmp_path.rglob(".pulumi/**/*.json")
    )


@pytest.mark.parametrize("made", [1, 5])
def test_up_after_a_killed_up_makes_nothing_twice(project, control_plane, made):
    journal = control_plane.layout.state / "kubernetes-provider"
    for left in journal.glob("*.json"):
        left.unlink()
    process = project("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 60
    while len(list(journal.glob("*.json"))) < made and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    run(project("cancel", "--yes"))
    run(project("up", "--yes", "--skip-preview"))
    assert count(control_plane) == 8
    assert "15 unchanged" in run(project("up", "--yes", "--skip-preview"))
