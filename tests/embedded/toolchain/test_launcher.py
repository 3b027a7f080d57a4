"""`./ballast` sets up .venv once and gets out of the way."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import Machine, wait_for

# Stands in for uv: `venv` makes an environment without packages, `pip sync` notes that it ran.
_UV = """
case "$1" in
--version) echo "uv {version} (x86_64-unknown-linux-gnu)" ;;
venv)
  for folder in "$@"; do :; done
  echo venv >> "{journal}"
  /bin/mkdir -p "$folder/bin"
  /bin/ln -sf "{python}" "$folder/bin/python"
  echo "home = {home}" > "$folder/pyvenv.cfg" ;;
pip)
  echo "sync $UV_PYTHON_DOWNLOADS" >> "{journal}"
  {body} ;;
esac
"""


@dataclass
class Launcher:
    """A checkout on a machine with a stand-in for uv."""

    machine: Machine
    checkout: Path

    def install_uv(self, *, version: str = "0.9.0", body: str = ":") -> None:
        python = Path(sys.executable).resolve()
        script = _UV.format(
            version=version, body=body, journal=self.journal, python=python, home=python.parent
        )
        self.machine.install("uv", script)

    @property
    def journal(self) -> Path:
        return self.machine.root / "uv-calls"

    @property
    def calls(self) -> list[str]:
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def start(self, *arguments: str, python: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [python or sys.executable, self.checkout / "ballast", *arguments],
            env=self.machine.environment,
            cwd=self.machine.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, errors = process.communicate(timeout=60)
        return process.returncode, out.strip(), errors

    def pretend(self, code: str) -> None:
        """Have every Python of this machine start with `code`."""
        (self.machine.root / "site").mkdir()
        (self.machine.root / "site" / "sitecustomize.py").write_text(code)


@pytest.fixture
def launcher(machine: Machine, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Launcher:
    variables = {**machine.environment, "PYTHONPATH": str(machine.root / "site")}
    monkeypatch.setattr(Machine, "environment", property(lambda _: variables))
    return Launcher(machine, checkout)


def test_the_first_run_sets_up_and_hands_over_arguments_and_folder(launcher: Launcher) -> None:
    launcher.install_uv()
    code, out, errors = launcher.run("up", "local", "--yes")
    assert code == 0, errors
    checkout = launcher.checkout
    expected = (["up", "local", "--yes"], launcher.machine.root, checkout, checkout / ".venv")
    assert out == "|".join(str(part) for part in expected)
    assert launcher.calls == ["venv", "sync never"]
    assert "installing 1 pinned packages" in errors


def test_a_warm_start_calls_nothing_and_says_nothing(launcher: Launcher) -> None:
    launcher.install_uv()
    launcher.run()
    (launcher.machine.bin / "uv").unlink()
    code, out, errors = launcher.run()
    assert (code, errors) == (0, "")
    assert out.startswith("[]|")


def test_new_requirements_are_installed_into_the_same_environment(launcher: Launcher) -> None:
    launcher.install_uv()
    launcher.run()
    (launcher.checkout / "requirements.txt").write_text("rich==14.1.0\n")
    launcher.run()
    assert launcher.calls == ["venv", "sync never", "sync never"]


def test_another_interpreter_behind_the_environment_makes_it_anew(launcher: Launcher) -> None:
    launcher.install_uv()
    launcher.run()
    stamp = launcher.checkout / ".venv" / "ballast-stamp"
    stamp.write_text("# /usr/bin/python3 1 2\n" + stamp.read_text().split("\n", 1)[1])
    launcher.run()
    assert launcher.calls == ["venv", "sync never"] * 2


def test_an_environment_whose_interpreter_is_gone_is_made_anew(launcher: Launcher) -> None:
    launcher.install_uv()
    launcher.run()
    (launcher.checkout / ".venv" / "bin" / "python").unlink()
    assert launcher.run()[0] == 0
    assert launcher.calls == ["venv", "sync never"] * 2


def test_a_failed_set_up_says_what_to_do_and_is_taken_up_by_the_next_run(
    launcher: Launcher,
) -> None:
    launcher.install_uv(body="echo 'error: no route to host' >&2; exit 2")
    code, out, errors = launcher.run("up")
    assert (code, out) == (3, "")
    assert "error: no route to host" in errors
    assert "uv pip sync ...` ended with 2" in errors
    assert "Traceback" not in errors
    launcher.install_uv()
    assert launcher.run("up")[0] == 0


def test_an_interrupted_set_up_ends_quietly_and_counts_as_none(launcher: Launcher) -> None:
    launcher.pretend("import signal; signal.signal(signal.SIGINT, signal.default_int_handler)")
    launcher.install_uv(body="exec /bin/sleep 300")
    process = launcher.start("up")
    wait_for(lambda: len(launcher.calls) == 2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped; the next run goes on" in errors
    assert "Traceback" not in errors
    assert not (launcher.checkout / ".venv" / "ballast-stamp").exists()


def test_of_two_runs_at_once_one_sets_up_and_the_other_says_that_it_waits(
    launcher: Launcher,
) -> None:
    launcher.install_uv(body="/bin/sleep 1")
    first = launcher.start("first")
    wait_for(lambda: len(launcher.calls) == 2)
    second = launcher.start("second")
    answers = [process.communicate(timeout=60) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert "another ./ballast sets up .venv; waiting for it" in answers[1][1]
    assert launcher.calls == ["venv", "sync never"]


def test_what_lies_in_the_users_folder_does_not_pose_as_our_package(launcher: Launcher) -> None:
    launcher.install_uv()
    stranger = launcher.machine.root / "operations"
    stranger.mkdir()
    (stranger / "__main__.py").write_text("raise SystemExit('the wrong one')")
    assert launcher.run()[0] == 0


@pytest.mark.parametrize("version", ["0.8.22", None])
def test_without_uv_pip_and_ensurepip_the_message_says_which_package_to_install(
    launcher: Launcher, version: str | None
) -> None:
    if version:
        launcher.install_uv(version=version)
    launcher.pretend("import sys; sys.modules['pip'] = sys.modules['ensurepip'] = None")
    code, _, errors = launcher.run("up")
    assert code == 3
    assert "has neither pip nor ensurepip" in errors
    assert "apt install python3-venv" in errors
    assert ("uv is older than 0.9" in errors) is bool(version)


def test_an_old_python_starts_again_with_a_newer_one(launcher: Launcher) -> None:
    launcher.pretend("import sys; sys.version_info = (3, 9, 2)")
    launcher.machine.install("python3.12", 'echo "newer $*"')
    code, out, _ = launcher.run("up", "local")
    assert code == 0
    assert out == f"newer {launcher.checkout / 'ballast'} up local"


def test_an_old_python_alone_is_told_what_to_install(launcher: Launcher) -> None:
    launcher.pretend("import sys; sys.version_info = (3, 9, 2)")
    code, _, errors = launcher.run()
    assert code == 3
    assert "Ballast needs Python 3.11 or newer" in errors
    assert "apt install python3" in errors


def test_a_cache_that_cannot_be_written_is_one_message(launcher: Launcher) -> None:
    launcher.install_uv()
    (launcher.machine.root / "cache").write_text("a file where the cache should be")
    code, _, errors = launcher.run()
    assert code == 3
    assert "XDG_CACHE_HOME moves it" in errors
    assert "Traceback" not in errors
