import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from embedded.plugins.language.install import plan
from embedded.plugins.language.interpreter import InterpreterError, choose
from embedded.plugins.protos import language_pb2
from tests.embedded.plugins.language.support import Host, bare_environment, info


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A machine whose PATH has nothing but uv on it."""
    monkeypatch.delenv("PULUMI_PYTHON_CMD", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "tools"))
    tool = tmp_path / "tools" / "uv"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    return str(tool)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def commands(project: Path, **options: Any) -> list[list[str]]:
    return [step.argv for step in plan(choose(options, project, project), project)]


def test_uv_makes_the_environment_and_installs_the_requirements(uv: str, project: Path) -> None:
    (project / "requirements.txt").touch()
    venv, file = f"{project}/venv", f"{project}/requirements.txt"

    make, install = commands(project, virtualenv="venv")

    assert make == [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, venv]
    assert install[:3] == [uv, "pip", "install"]
    assert install[-4:] == ["--python", f"{venv}/bin/python", "-r", file]
    # Compiling once is cheaper than at the start of every program.
    assert "--compile-bytecode" in install


def test_without_uv_it_is_venv_and_pip(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_PYTHON_CMD", raising=False)
    monkeypatch.setenv("PATH", str(project))
    monkeypatch.setattr(sys, "executable", str(project / "python"))
    (project / "requirements.txt").touch()
    venv = f"{project}/venv"

    assert commands(project, virtualenv="venv") == [
        [f"{project}/python", "-m", "venv", venv],
        [f"{venv}/bin/python", "-m", "pip", "install", "-r", f"{project}/requirements.txt"],
    ]


@pytest.mark.usefixtures("uv")
def test_an_environment_that_is_there_is_kept(project: Path) -> None:
    (project / "requirements.txt").touch()
    bare_environment(project / "venv")

    [install] = commands(project, virtualenv="venv")

    assert "pip" in install


def test_the_toolchain_uv_syncs_its_project(uv: str, project: Path) -> None:
    (project / "pyproject.toml").touch()

    assert commands(project, toolchain="uv") == [[uv, "sync", "--compile-bytecode"]]


@pytest.mark.usefixtures("uv")
def test_the_toolchain_uv_without_a_project_takes_the_requirements(project: Path) -> None:
    (project / "requirements.txt").touch()

    make, install = commands(project, toolchain="uv")

    assert make[-1] == f"{project}/.venv"
    assert install[-1] == f"{project}/requirements.txt"
    assert (project / "requirements.txt").exists()


def test_the_toolchain_uv_without_uv_says_how_to_get_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(project))
    monkeypatch.setattr(sys, "executable", str(project / "python"))

    with pytest.raises(InterpreterError, match="pip install uv"):
        commands(project, toolchain="uv")


def stream(host: Host, folder: Path, **options: str) -> tuple[str, str, str]:
    """Install through the host; return what it wrote and how it failed."""
    answers: list[Any] = []
    request = language_pb2.InstallDependenciesRequest(info=info(folder, **options))
    details = ""
    try:
        for answer in host.stub.InstallDependencies(request):
            answers.append(answer)
    except grpc.RpcError as error:
        details = str(error.details())
    out = b"".join(answer.stdout for answer in answers).decode()
    return out, b"".join(answer.stderr for answer in answers).decode(), details


def test_nothing_to_install_is_said(host: Host, project: Path) -> None:
    bare_environment(project / "venv")

    out, _, failed = stream(host, project, virtualenv="venv")

    assert f"Nothing to install: no requirements.txt in {project}" in out
    assert failed == ""


def test_a_failing_step_is_named_once_with_its_command(host: Host, project: Path) -> None:
    bare_environment(project / "venv")
    (project / "requirements.txt").write_text("./not-there\n")

    out, err, failed = stream(host, project, virtualenv="venv")

    assert f"Installing {project}/requirements.txt...\n" in out
    assert "failed: `" in err.splitlines()[-1]
    assert "requirements.txt` ended with code" in err.splitlines()[-1]
    assert failed == "failed"
