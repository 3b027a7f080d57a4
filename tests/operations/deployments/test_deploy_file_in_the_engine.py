"""The deploy files, as the engine's own types read them, served by what plays Pulumi Cloud."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.layout import PROJECT_ROOT
from embedded.toolchain.resolve import ensure

pytestmark = pytest.mark.embedded
FILES = sorted((PROJECT_ROOT / "stacks").glob("Pulumi.*.deploy.yaml"))


class PulumiCloud(ThreadingHTTPServer):
    """As much of Pulumi Cloud as it takes to ask for a stack's settings, and what it was asked."""

    def __init__(self, settings: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        stack = {"orgName": "example-org", "projectName": "ballast", "stackName": "dev"}
        self.answers = {
            "/api/user": {"githubLogin": "example-org"},
            "/api/capabilities": {"capabilities": []},
            "/api/stacks/example-org/ballast/dev": {**stack, "tags": {}, "version": 1},
            "/api/stacks/example-org/ballast/dev/deployments/settings": settings,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: PulumiCloud

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path)
        body = json.dumps(answer or {"code": 404, "message": "not found"}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def pulumi() -> Path:
    return ensure(["pulumi"], print)["pulumi"]


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return yaml.safe_load(request.param.read_text())["settings"]


@pytest.fixture
def cloud(settings: dict[str, Any]) -> Iterator[PulumiCloud]:
    with PulumiCloud(settings) as service:
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        yield service
        service.shutdown()
        thread.join()


def read_back(pulumi: Path, cloud: PulumiCloud, home: Path) -> dict[str, Any]:
    argv = ["deployment", "settings", "get", "--stack", "example-org/ballast/dev"]
    environment = {
        **os.environ,
        "PULUMI_HOME": str(home),
        "PULUMI_ACCESS_TOKEN": "none",
        "PULUMI_BACKEND_URL": cloud.url,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    done = subprocess.run(
        [str(pulumi), *argv, "--output", "json", "--non-interactive"],
        env=environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_engine_reads_every_field_of_a_deploy_file(
    pulumi: Path, cloud: PulumiCloud, settings: dict[str, Any], tmp_path: Path
) -> None:
    seen = read_back(pulumi, cloud, tmp_path)
    hub, operation = settings["gitHub"], settings["operationContext"]
    assert "/api/stacks/example-org/ballast/dev/deployments/settings" in cloud.asked
    assert seen["source"] == {
        "kind": "github",
        "repository": hub["repository"],
        "branch": settings["sourceContext"]["git"]["branch"],
        "folder": settings["sourceContext"]["git"]["repoDir"],
        "previewPullRequests": hub["previewPullRequests"],
        "runUpdatesOnPush": hub["deployCommits"],
        "pullRequestTemplate": False,
        "pathFilters": hub["paths"],
    }
    said = operation["oidc"]["aws"]
    assert seen["oidc"]["aws"] == {
        "roleArn": said["roleArn"],
        "sessionName": said["sessionName"],
        "sessionDuration": "1h0m0s",
    }
    assert seen["environmentVariables"] == sorted(operation["environmentVariables"])
