"""The embedded Kubernetes control plane as one thing to start, ask and stop."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from embedded.cluster import custom_resources, kwok_access
from embedded.cluster.kubeconfigs import write_kubeconfig
from embedded.cluster.parts import (
    API_SERVER,
    CONTROLLER_MANAGER,
    ETCD,
    FINGERPRINT,
    KWOK,
    PARTS,
    PORTS,
    SCHEDULER,
    Parts,
)
from embedded.cluster.pki import Pki
from embedded.layout import Layout, port_is_taken
from embedded.processes import PartStatus, Supervisor

Say = Callable[[str], None]

# What runs is ready in well under a second, even on a busy machine in a few.
_ANSWERS_WITHIN_SECONDS = 8.0


def _silently(_: str) -> None:
    pass


class ControlPlane:
    """etcd, the API server, the controller manager, the scheduler and KWOK.

    `start` brings back what is missing and leaves alone what runs; the data
    lies in etcd, so that anything may be killed at any time.
    """

    def __init__(self, layout: Layout, tools: Mapping[str, Path]) -> None:
        self._layout = layout
        self._supervisor = Supervisor(layout)
        self._pki = Pki(layout.cluster / "pki")
        self._parts = Parts(layout, tools, self._pki)

    def start(self, say: Say) -> None:
        """Bring up what does not run, wait until all is ready; safe to call twice at once."""
        with self._lock(say):
            for name in PARTS:
                self._settle_ports(name, say)
            self._pki.ensure()
            self._write_kubeconfigs()
            self._bring_up([ETCD], say)
            self._bring_up([API_SERVER], say)
            self._admit_kwok(say)
            self._bring_up([CONTROLLER_MANAGER, SCHEDULER, KWOK], say)
            custom_resources.install(self._parts.endpoint(API_SERVER), say)

    def stop(self) -> None:
        """Stop whatever runs, in reverse order, so that nothing writes to a closed store."""
        with self._lock():
            self._stop()

    def reset(self) -> None:
        """Stop, and forget every object and certificate; the addresses stay."""
        with self._lock():
            self._stop()
            shutil.rmtree(self._layout.cluster, ignore_errors=True)

    def status(self) -> list[PartStatus]:
        """Return how each part is doing, in the order of their start."""
        return [
            self._supervisor.describe(
                name, self._layout.port(name), lambda name=name: self._parts.ready(name)
            )
            for name in PARTS
        ]

    @contextlib.contextmanager
    def _lock(self, say: Say = _silently) -> Iterator[None]:
        self._layout.state.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._layout.state / "cluster.lock")
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            say("another command is starting or stopping the control plane; waiting for it")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _stop(self) -> None:
        for name in reversed(PARTS):
            self._supervisor.stop(name)
            self._end_leftovers(name)

    def _settle_ports(self, name: str, say: Say) -> None:
        """See to it that a part which is to be started can have its ports."""
        if self._supervisor.find(name):
            return
        self._end_leftovers(name)
        for port_name in PORTS[name]:
            port = self._layout.port(port_name)
            if not _comes_free(port):
                moved = self._layout.move_port(port_name)
                say(f"port {port} of {port_name} is taken by another process; using {moved}")

    def _end_leftovers(self, name: str) -> None:
        """End a part of ours that no record names: a start was killed before it wrote one."""
        ours = f"={self._layout.cluster}/"
        for process in psutil.process_iter(["cmdline"]):
            argv = process.info["cmdline"] or []
            if argv and Path(argv[0]).name == name and any(ours in part for part in argv[1:]):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
                    process.wait(10)

    def _write_kubeconfigs(self) -> None:
        server = self._parts.api_url
        for name in (CONTROLLER_MANAGER, SCHEDULER, KWOK):
            path = self._parts.kubeconfig(name)
            write_kubeconfig(path, server=server, pki=self._pki, identity=name)
        write_kubeconfig(self._layout.kubeconfig, server=server, pki=self._pki, identity="admin")

    def _end_outdated(self, name: str, say: Say) -> None:
        """Stop a part that runs with addresses, certificates or settings of the past."""
        process = self._supervisor.find(name)
        if process and _fingerprint(process) != self._parts.spec(name).env[FINGERPRINT]:
            say(f"{name} runs with outdated settings; starting it again")
            # What it waits for may be gone for good, and etcd has all that counts.
            self._supervisor.stop(name, grace=2.0)
            for port_name in PORTS[name]:
                _comes_free(self._layout.port(port_name))

    def _end_hung(self, name: str, say: Say) -> None:
        """Stop a part that runs but does not answer.

        After etcd was away for minutes, the API server waits minutes more
        between two tries to reach it; started again, it tries at once.
        """
        if self._supervisor.find(name) is None:
            return
        deadline = time.monotonic() + _ANSWERS_WITHIN_SECONDS
        while not self._parts.ready(name):
            if time.monotonic() > deadline:
                say(f"{name} runs but does not answer; starting it again")
                self._supervisor.stop(name, grace=2.0)
                for port_name in PORTS[name]:
                    _comes_free(self._layout.port(port_name))
                return
            time.sleep(0.2)

    def _admit_kwok(self, say: Say) -> None:
        self._end_outdated(KWOK, say)
        if self._supervisor.find(KWOK):
            return
        api_server = self._parts.endpoint(API_SERVER)
        kwok_access.grant(api_server)
        kwok_access.release_nodes(api_server)

    def _bring_up(self, names: Sequence[str], say: Say) -> None:
        """Start the parts at the same time and wait for all of them."""
        for name in names:
            self._end_outdated(name, say)
            self._end_hung(name, say)
        begun = time.monotonic()
        specs = [self._parts.spec(name) for name in names]
        started = {spec.name for spec in specs if self._supervisor.start(spec)}
        for spec in specs:
            self._supervisor.wait_ready(spec)
            if spec.name in started:
                say(f"{spec.name} is ready ({time.monotonic() - begun:.1f} s)")


def _fingerprint(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(FINGERPRINT)
    except psutil.Error:
        return None


def _comes_free(port: int, within: float = 2.0) -> bool:
    """Wait for the port: a process that was killed keeps it until its last thread has ended."""
    deadline = time.monotonic() + within
    while port_is_taken(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
