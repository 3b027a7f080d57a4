"""The real `pulumi`, as users type it, on a program without a provider."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from embedded.plugins.path import environment
from embedded.plugins.versions import sdk_version
from embedded.toolchain.resolve import ensure
from tests.embedded.plugins.language.support import wait_for
from tests.support.environment import ScratchLayout

pytestmark = pytest.mark.embedded

PROGRAM = """
import pulumi

class Box(pulumi.ComponentResource):
    def __init__(self, name, size):
        super().__init__("tiny:index:Box", name, {"size": size})
        self.register_outputs({"size": size})

print("packing")
Box("box", 3)
pulumi.export("size", 3)
pulumi.export("token", pulumi.Config().get_secret("token"))
"""
PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def small(args, report):
    if args.resource_type == "tiny:index:Box" and args.props["size"] > 2:
        report(f"size is {args.props['size']:.0f}; allowed: at most 2")

PolicyPack("pack", policies=[ResourceValidationPolicy(
    name="boxes-are-small", description="Boxes fit on the shelf.",
    enforcement_level=EnforcementLevel.MANDATORY, validate=small)])
"""
WAITING = "import time\nprint('waiting', flush=True)\ntime.sleep(120)\n"


@dataclass(frozen=True)
class Pulumi:
    """A project, and the `pulumi` that is run in it."""

    project: Path
    variables: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", *arguments, "--color", "never", "--non-interactive"],
            cwd=self.project,
            env={**os.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Run to the end; return exit code and everything it printed."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    def program(self, source: str) -> None:
        (self.project / "__main__.py").write_text(source)


@pytest.fixture(scope="module")
def tools() -> dict[str, Path]:
    return ensure(["pulumi"], print)


@pytest.fixture
def pulumi(tools: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    # A blank: state folders of users have them too.
    layout = ScratchLayout(folder=tmp_path / "the state")
    variables = environment(layout, tools)
    pulumi = Pulumi(tmp_path / "project", variables)
    for folder, kind in [(pulumi.project, "Pulumi"), (tmp_path / "pack", "PulumiPolicy")]:
        folder.mkdir()
        (folder / f"{kind}.yaml").write_text(
            f"name: tiny\nruntime: {{name: python, options: {{virtualenv: '{sys.prefix}'}}}}\n"
        )
    (tmp_path / "pack" / "__main__.py").write_text(PACK)
    pulumi.program(PROGRAM)
    code, said = pulumi("stack", "init", "a")
    assert code == 0, said
    return pulumi


def plugins_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def waiting(pulumi: Pulumi, *arguments: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """Start a command whose program waits; return it and all that it started."""
    pulumi.program(WAITING)
    process = pulumi.start(*arguments)
    assert process.stdout is not None
    for line in process.stdout:
        if "waiting" in line:
            break
    return process, plugins_of(process)


def test_preview_up_stack_refresh_and_destroy(pulumi: Pulumi) -> None:
    assert pulumi("config", "set", "--secret", "token", "s3cret")[0] == 0

    code, said = pulumi("preview")
    assert code == 0, said
    assert "+ 2 to create" in said
    assert "packing" in said
    assert "warning" not in said

    code, said = pulumi("up", "--yes")
    assert code == 0, said
    assert "+ 2 created" in said

    code, said = pulumi("stack")
    assert code == 0, said
    assert "tiny:index:Box" in said
    code, said = pulumi("stack", "output", "--json")
    assert json.loads(said) == {"size": 3, "token": "[secret]"}

    for command in ["refresh", "destroy"]:
        code, said = pulumi(command, "--yes")
        assert code == 0, said
        assert "warning" not in said
    assert "- 2 deleted" in said


def test_a_violation_stops_the_preview_and_says_what_and_where(
    pulumi: Pulumi, tmp_path: Path
) -> None:
    code, said = pulumi("preview", "--policy-pack", str(tmp_path / "pack"))

    assert code != 0
    assert "[mandatory]  boxes-are-small  (tiny:index:Box: box)" in said
    assert "size is 3; allowed: at most 2" in said


def test_a_program_that_keeps_to_the_policies_goes_through(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi.program(PROGRAM.replace("3", "2"))

    code, said = pulumi("up", "--yes", "--policy-pack", str(tmp_path / "pack"))

    assert code == 0, said
    assert "+ 2 created" in said


def test_the_state_can_be_analysed_later(pulumi: Pulumi, tmp_path: Path) -> None:
    assert pulumi("up", "--yes")[0] == 0

    code, said = pulumi("policy", "analyze", "-s", "a", "--policy-pack", str(tmp_path / "pack"))

    assert code != 0
    assert "size is 3; allowed: at most 2" in said


def test_about_names_interpreter_and_plugins(pulumi: Pulumi) -> None:
    code, said = pulumi("about", "--json")

    assert code == 0, said
    about = json.loads(said[said.index("{") :])
    assert {"aws", "kubernetes", "python"} <= {plugin["name"] for plugin in about["plugins"]}
    assert about["runtime"]["executable"] == f"{sys.prefix}/bin/python"
    assert about["runtime"]["version"].startswith(sys.version.split()[0])


def test_a_run_error_shows_its_message_without_a_traceback(pulumi: Pulumi) -> None:
    pulumi.program("import pulumi; raise pulumi.RunError('size is 9; allowed: 1, 2')")

    code, said = pulumi("preview")

    assert code != 0
    assert "error: size is 9; allowed: 1, 2" in said
    assert "Traceback" not in said
    assert "exit code" not in said


def test_a_programming_error_shows_the_users_lines(pulumi: Pulumi) -> None:
    pulumi.program("def f():\n    raise ValueError('no size')\nf()\n")

    code, said = pulumi("preview")

    assert code != 0
    assert f'File "{pulumi.project}/__main__.py", line 2, in f' in said
    assert "ValueError: no size" in said
    assert "executor.py" not in said
    assert "exit code" not in said


def test_install_makes_an_environment_in_which_the_program_runs(
    pulumi: Pulumi, tmp_path: Path
) -> None:
    package = tmp_path / "greeting"
    package.mkdir()
    (package / "greeting.py").write_text("WORD = 'hello from a requirement'\n")
    (package / "pyproject.toml").write_text(
        "[project]\nname = 'greeting'\nversion = '1'\n"
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
    )
    (pulumi.project / "requirements.txt").write_text(f"pulumi=={sdk_version()}\n{package}\n")
    project = "name: tiny\nruntime: {name: python, options: {virtualenv: venv}}\n"
    (pulumi.project / "Pulumi.yaml").write_text(project)
    pulumi.program("import greeting\nprint(greeting.WORD)\n")
    before, said_before = pulumi("preview")

    code, said = pulumi("install")
    after, said_after = pulumi("preview")

    assert before != 0
    assert "pulumi install" in said_before
    assert code == 0, said
    assert "Creating virtual environment" in said
    assert after == 0, said_after
    assert "hello from a requirement" in said_after


def test_killing_the_engine_leaves_no_process_behind(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi_pack = ["--policy-pack", str(tmp_path / "pack")]
    process, started = waiting(pulumi, "preview", *pulumi_pack)
    assert len(started) >= 3  # the host, the pack and the program

    process.kill()
    process.communicate()

    wait_for(lambda: not any(child.is_running() for child in started))


def test_ctrl_c_ends_everything_without_noise(pulumi: Pulumi) -> None:
    process, started = waiting(pulumi, "preview")

    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)

    assert time.monotonic() - before < 5
    assert process.returncode != 0
    assert "Traceback" not in said
    assert "KeyboardInterrupt" not in said
    wait_for(lambda: not any(child.is_running() for child in started))
