import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.embedded.plugins.language.support import (
    LAUNCHER,
    Engine,
    Program,
    executors,
    start,
    wait_for,
)

FOREVER = "import time; time.sleep(60)"


def test_an_interrupted_host_ends_its_program_and_prints_nothing(own_program: Program) -> None:
    running = own_program.host.stub.Run.future(own_program.request(FOREVER))
    wait_for(lambda: executors(own_program.host.process.pid))

    assert own_program.host.end() == ("", "")
    assert own_program.host.process.returncode == 0
    wait_for(lambda: not executors(own_program.host.process.pid))
    running.cancel()


def test_a_host_that_alone_is_told_to_stop_ends_its_program(own_program: Program) -> None:
    running = own_program.host.stub.Run.future(own_program.request(FOREVER))
    wait_for(lambda: executors(own_program.host.process.pid))

    os.kill(own_program.host.process.pid, signal.SIGTERM)

    assert own_program.host.process.wait(10) == 0
    assert not executors(own_program.host.process.pid)
    running.cancel()


def test_a_host_ends_when_its_engine_is_killed(engine: Engine) -> None:
    """The engine here is a shell that starts the host and is killed."""
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, process_group=0)\n"
        "print(child.pid, child.stdout.readline().decode().strip(), flush=True)\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(LAUNCHER), engine.address], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    host = int(parent.stdout.readline().split()[0])

    parent.kill()
    parent.communicate()

    wait_for(lambda: not psutil.pid_exists(host), seconds=5)


def test_a_host_without_its_environment_says_what_to_do(tmp_path: Path) -> None:
    launcher = tmp_path / "embedded" / "plugins" / "bin" / LAUNCHER.name
    launcher.parent.mkdir(parents=True)
    launcher.write_bytes(LAUNCHER.read_bytes())
    launcher.chmod(0o755)

    answer = subprocess.run([launcher], capture_output=True, text=True)

    assert answer.returncode == 1
    assert f"{tmp_path}/.venv/bin/python" in answer.stderr
    assert "./ballast doctor" in answer.stderr


def test_the_launcher_finds_the_checkout_through_links(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "first").symlink_to(LAUNCHER)
    (tmp_path / "plugins" / LAUNCHER.name).symlink_to("../first")

    process = subprocess.Popen(
        [tmp_path / "plugins" / LAUNCHER.name, engine.address],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    port = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate()

    assert int(port) > 0


def test_the_host_does_not_load_modules_from_the_users_folder(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grpc.py").write_text("raise SystemExit('the wrong grpc')")
    monkeypatch.chdir(tmp_path)

    process = start(engine)

    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    process.send_signal(signal.SIGINT)
    process.communicate()


def test_the_protocol_is_loaded_without_the_sdk() -> None:
    code = (
        "import sys; from embedded.plugins.language import host\n"
        "print('pulumi' in sys.modules, 'google.protobuf' in sys.modules)"
    )

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert answer.stdout == "False True\n", answer.stderr
