"""The embedded environment as one thing: toolchain, control plane, cloud."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from embedded.cloud.service import Cloud
from embedded.cluster.control_plane import ControlPlane
from embedded.layout import Layout
from embedded.plugins.path import environment
from embedded.processes import PartStatus
from embedded.toolchain.resolve import ensure

Say = Callable[[str], None]

_ENGINE = ("pulumi",)
_CLUSTER = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


@dataclass(frozen=True)
class EmbeddedEnvironment:
    """Starts, stops and describes everything that `local` runs on."""

    layout: Layout

    def engine(self, say: Say) -> dict[str, str]:
        """Return the variables that any `pulumi` command here needs, building the CLI if absent."""
        tools = ensure(_ENGINE, say)
        self.layout.backend.mkdir(parents=True, exist_ok=True)
        return environment(self.layout, tools)

    def tools(self, say: Say) -> dict[str, Path]:
        """Build or find every tool, so that later steps need not wait for one."""
        return ensure((*_ENGINE, *_CLUSTER), say)

    def start(self, say: Say) -> None:
        """Bring up what is not running; what runs is left alone."""
        control_plane = ControlPlane(self.layout, ensure(_CLUSTER, say))
        with ThreadPoolExecutor(2) as both:
            cloud = both.submit(self._cloud.start, say)
            cluster = both.submit(control_plane.start, say)
            cluster.result()
            cloud.result()

    def status(self) -> list[PartStatus]:
        """Describe every process, running or not."""
        return [*self._control_plane.status(), *self._cloud.status()]

    def stop(self) -> None:
        """Stop every process; the data stays."""
        self._cloud.stop()
        self._control_plane.stop()

    def reset(self) -> None:
        """Stop every process and forget everything: cluster, cloud and the local stack's state."""
        self.stop()
        shutil.rmtree(self.layout.state, ignore_errors=True)

    @property
    def _cloud(self) -> Cloud:
        return Cloud(self.layout)

    @property
    def _control_plane(self) -> ControlPlane:
        # Stopping and looking need no executables.
        return ControlPlane(self.layout, dict[str, Path]())
