import sys
from pathlib import Path
from typing import Any

import pytest

from embedded.plugins.language.interpreter import Interpreter, InterpreterError, choose


@pytest.fixture(autouse=True)
def _nothing_active(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULUMI_PYTHON_CMD", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


def chosen(root: Path, **options: Any) -> Interpreter:
    return choose(options, root, root)


def test_the_virtual_environment_is_relative_to_the_project(tmp_path: Path) -> None:
    assert chosen(tmp_path, virtualenv="venv").python == tmp_path / "venv" / "bin" / "python"


def test_a_pack_may_share_the_environment_above_it(tmp_path: Path) -> None:
    pack = tmp_path / "policies"

    assert choose({"virtualenv": "../.venv"}, pack, pack).environment == tmp_path / ".venv"


def test_an_absolute_virtual_environment_stays(tmp_path: Path) -> None:
    assert chosen(Path("/p"), virtualenv=str(tmp_path)).environment == tmp_path


def test_without_options_it_is_the_python_that_runs_the_host(tmp_path: Path) -> None:
    interpreter = chosen(tmp_path)

    assert interpreter.environment is None
    assert interpreter.require() == Path(sys.executable)


def test_without_options_an_active_environment_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/active")

    assert chosen(tmp_path).python == Path("/active/bin/python")


def test_without_options_the_named_command_goes_before_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/active")
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)

    assert chosen(tmp_path).python == Path(sys.executable)


def test_uv_keeps_its_environment_beside_the_lock(tmp_path: Path) -> None:
    program = tmp_path / "infra"
    program.mkdir()
    (tmp_path / "uv.lock").touch()

    interpreter = choose({}, program, program)

    assert (interpreter.toolchain, interpreter.environment) == ("uv", tmp_path / ".venv")


def test_uv_without_a_lock_keeps_it_beside_pyproject(tmp_path: Path) -> None:
    program = tmp_path / "infra"
    program.mkdir()
    (tmp_path / "pyproject.toml").touch()

    interpreter = choose({"toolchain": "uv"}, program, program)

    assert interpreter.environment == tmp_path / ".venv"


def test_pip_asked_for_is_pip_even_beside_a_lock_of_uv(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").touch()

    assert chosen(tmp_path, toolchain="pip").toolchain == "pip"


@pytest.mark.parametrize("option", ["toolchain", "typechecker"])
@pytest.mark.parametrize("value", ["conda", 3, ["pip"]])
def test_an_unknown_value_is_an_error_that_lists_the_known_ones(
    tmp_path: Path, option: str, value: Any
) -> None:
    with pytest.raises(InterpreterError, match=f"option {option} .* is .*; allowed: "):
        chosen(tmp_path, **{option: value})


def test_a_virtual_environment_that_is_no_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="virtualenv in the project file is 3"):
        chosen(tmp_path, virtualenv=3)


def test_a_folder_that_is_no_environment_is_told_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()

    with pytest.raises(InterpreterError, match="there is not a virtual environment"):
        chosen(tmp_path, virtualenv="there").require()
    with pytest.raises(InterpreterError, match="gone does not exist"):
        chosen(tmp_path, virtualenv="gone").require()


def test_a_named_command_that_is_missing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_PYTHON_CMD", "python9")

    with pytest.raises(InterpreterError, match=r"no Python interpreter at python9\. Set PULUMI_PY"):
        chosen(tmp_path).require()


def test_the_program_sees_its_environment_as_activated(tmp_path: Path) -> None:
    interpreter = chosen(tmp_path, virtualenv="venv")

    assert interpreter.variables({"PATH": "/bin", "PYTHONHOME": "/x", "A": "b"}) == {
        "PATH": f"{tmp_path}/venv/bin:/bin",
        "VIRTUAL_ENV": f"{tmp_path}/venv",
        "A": "b",
    }
