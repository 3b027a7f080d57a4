"""A control plane of their own for tests: real processes, state in a temporary folder."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from kubernetes import config

from embedded.cluster.control_plane import ControlPlane
from embedded.cluster.parts import PARTS
from embedded.layout import Layout
from embedded.toolchain.resolve import ensure

T = TypeVar("T")


@dataclass(frozen=True)
class ScratchLayout(Layout):
    """The layout of an environment whose state lies in `folder`, whatever the shell says.

    Processes that find their layout by themselves need BALLAST_STATE_DIR=folder.
    """

    folder: Path = Path()

    @property
    def state(self) -> Path:
        return self.folder


@dataclass(frozen=True)
class RunningControlPlane:
    """A started control plane and what a test needs to get at it."""

    layout: Layout
    tools: Mapping[str, Path]

    @property
    def control_plane(self) -> ControlPlane:
        return ControlPlane(self.layout, self.tools)

    def start_again(self) -> list[str]:
        """Start what is missing and return what was said about it."""
        said: list[str] = []
        self.control_plane.start(said.append)
        return said

    def pids(self) -> dict[str, int | None]:
        """Return the process id of each part that runs."""
        return {part.name: part.pid for part in self.control_plane.status()}

    def api(self, group: type[Any]) -> Any:
        """Return one of the client's API groups, as administrator, by the kubeconfig as it is now.

        Any, for the client's own annotations are unions of all it ever returns.
        """
        return group(config.new_client_from_config(str(self.layout.kubeconfig)))


@contextlib.contextmanager
def running_control_plane(folder: Path) -> Iterator[RunningControlPlane]:
    """Start a control plane with its state in `folder`; stop it afterwards."""
    running = RunningControlPlane(ScratchLayout(folder=folder), ensure(PARTS, print))
    try:
        running.control_plane.start(print)
        yield running
    finally:
        running.control_plane.stop()


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningControlPlane]:
    """One control plane for all tests that leave it as they found it."""
    with running_control_plane(tmp_path_factory.mktemp("control-plane")) as running:
        yield running


def eventually(question: Callable[[], T], *, within: float = 60.0) -> T:
    """Ask until the answer is true and return it; fail with the last answer."""
    deadline = time.monotonic() + within
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"still {answer!r} after {within:.0f} s")
        time.sleep(0.05)
