"""Processes that a killed start left behind without a record."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.cluster.control_plane import ControlPlane
from tests.support.environment import ScratchLayout, eventually

Spawn = Callable[[Path], "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Start processes that look like KWOK with its kubeconfig in a given state folder."""
    executable = tmp_path / "bin" / "kwok"
    executable.parent.mkdir()
    executable.symlink_to(Path(sys.executable).resolve())
    started: list[subprocess.Popen[bytes]] = []

    def start(state: Path) -> subprocess.Popen[bytes]:
        sleep = ["-c", "import time; time.sleep(60)"]
        kubeconfig = f"--kubeconfig={state}/cluster/kubeconfigs/kwok.yaml"
        started.append(subprocess.Popen([str(executable), "-S", *sleep, kubeconfig]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_part_of_this_environment_is_ended(spawn: Spawn, tmp_path: Path) -> None:
    state = tmp_path / "state"
    left = spawn(state)
    ControlPlane(ScratchLayout(folder=state), {}).stop()
    eventually(lambda: left.poll() is not None)


def test_the_parts_of_other_environments_are_left_alone(spawn: Spawn, tmp_path: Path) -> None:
    state = tmp_path / "state"
    neighbour = spawn(tmp_path / "state-2")
    inner = spawn(Path(f"{tmp_path}/elsewhere{state}"))
    ControlPlane(ScratchLayout(folder=state), {}).stop()
    assert (neighbour.poll(), inner.poll()) == (None, None)
