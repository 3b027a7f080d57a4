"""A lock whose holder is gone is released; one that is held is not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.layout import Layout
from operations import locks
from operations.console import UserError


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.delenv("BALLAST_STATE_DIR", raising=False)
    return Layout(tmp_path)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[int]:
    """The pid of a running process that is called pulumi."""
    sleep = shutil.which("sleep")
    assert sleep
    program = tmp_path / "pulumi"
    shutil.copy(sleep, program)
    running = subprocess.Popen([str(program), "60"])
    yield running.pid
    running.kill()
    running.wait()


def _lock(layout: Layout, text: str, stack: str = "local") -> Path:
    folder = layout.backend / ".pulumi" / "locks" / "organization" / "ballast" / stack
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "one.json"
    file.write_text(text)
    return file


def _content(pid: int, host: str | None = None) -> str:
    return json.dumps({"pid": pid, "username": "ada", "hostname": host or socket.gethostname()})


def _pid_of_the_dead() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def test_without_a_lock_there_is_nothing_to_release(layout: Layout) -> None:
    assert locks.release_stale(layout, "local") == 0


def test_the_lock_of_a_killed_engine_is_released(layout: Layout) -> None:
    file = _lock(layout, _content(_pid_of_the_dead()))
    assert locks.release_stale(layout, "local") == 1
    assert not file.exists()


def test_the_lock_of_a_running_engine_is_kept_and_its_holder_named(
    layout: Layout, holder: int
) -> None:
    file = _lock(layout, _content(holder))
    with pytest.raises(UserError, match=rf"being updated by ada on this machine \(pid {holder}\)"):
        locks.release_stale(layout, "local")
    assert file.exists()


def test_a_pid_that_now_belongs_to_another_program_holds_nothing(layout: Layout) -> None:
    _lock(layout, _content(os.getpid()))
    assert locks.release_stale(layout, "local") == 1


def test_a_lock_from_another_machine_is_kept(layout: Layout) -> None:
    file = _lock(layout, _content(1, host="elsewhere"))
    with pytest.raises(UserError, match=r"ada on elsewhere \(pid 1\)"):
        locks.release_stale(layout, "local")
    assert file.exists()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": 1}'])
def test_a_half_written_lock_is_released(layout: Layout, text: str) -> None:
    _lock(layout, text)
    assert locks.release_stale(layout, "local") == 1


def test_the_locks_of_other_stacks_are_left_alone(layout: Layout) -> None:
    file = _lock(layout, _content(_pid_of_the_dead()), stack="dev")
    assert locks.release_stale(layout, "local") == 0
    assert file.exists()
