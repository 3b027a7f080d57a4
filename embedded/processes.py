"""Long-lived processes that outlive the command which started them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from embedded.layout import Layout


class ProcessError(Exception):
    """A process did not start; the message names it, the reason and its log."""


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """How to start one process and how to tell that it is ready."""

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    # Seconds until a start that is not ready counts as failed.
    ready_within: float = 30.0


@dataclass(frozen=True, kw_only=True)
class PartStatus:
    """How one process of the embedded environment is doing."""

    name: str
    log: Path
    running: bool = False
    ready: bool = False
    pid: int | None = None
    resident_bytes: int = 0
    uptime_seconds: float = 0.0
    port: int | None = None


@dataclass(frozen=True)
class Supervisor:
    """Starts, finds again and stops processes by the records in the run folder."""

    layout: Layout

    def find(self, name: str) -> psutil.Process | None:
        """Return the running process called `name`, or None.

        A pid alone may belong to a stranger after a reboot, so the start time
        has to match as well.
        """
        try:
            record = json.loads(self._record(name).read_text())
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["create_time"]) < 1.0
            alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, KeyError, psutil.Error):
            return None
        return process if same and alive else None

    def start(self, spec: ProcessSpec) -> bool:
        """Start `spec` unless it runs already; return whether it was started.

        Does not wait: call `wait_ready` afterwards, so that several can come up
        at the same time.
        """
        if self.find(spec.name):
            return False
        self.layout.logs.mkdir(parents=True, exist_ok=True)
        self.layout.run.mkdir(parents=True, exist_ok=True)
        with self.log(spec.name).open("ab") as log:
            child = subprocess.Popen(
                list(spec.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **spec.env},
                cwd=self.layout.root,
                start_new_session=True,
            )
        created = psutil.Process(child.pid).create_time()
        record = {"pid": child.pid, "create_time": created, "argv": list(spec.argv)}
        self._record(spec.name).write_text(json.dumps(record, indent=2))
        return True

    def wait_ready(self, spec: ProcessSpec) -> None:
        """Wait until `spec.ready()`; raise ProcessError when it died or took too long."""
        deadline = time.monotonic() + spec.ready_within
        while not spec.ready():
            if self.find(spec.name) is None:
                message = f"{spec.name} stopped right after its start.\n{self._log_tail(spec.name)}"
                raise ProcessError(message)
            if time.monotonic() > deadline:
                waited = f"{spec.name} was not ready within {spec.ready_within:.0f} s."
                message = f"{waited}\n{self._log_tail(spec.name)}"
                raise ProcessError(message)
            time.sleep(0.05)

    def stop(self, name: str, *, grace: float = 10.0) -> bool:
        """Stop `name`, politely first; return whether it had been running."""
        process = self.find(name)
        if process is not None:
            process.send_signal(signal.SIGTERM)
            if not self._ended(name, within=grace):
                process.kill()
                self._ended(name, within=grace)
        self._record(name).unlink(missing_ok=True)
        return process is not None

    def describe(self, name: str, port: int, ready: Callable[[], bool]) -> PartStatus:
        """Return how `name`, which listens on `port` when it runs, is doing."""
        process = self.find(name)
        if process is not None:
            try:
                with process.oneshot():
                    return PartStatus(
                        name=name,
                        log=self.log(name),
                        running=True,
                        ready=ready(),
                        pid=process.pid,
                        resident_bytes=process.memory_info().rss,
                        uptime_seconds=time.time() - process.create_time(),
                        port=port,
                    )
            except psutil.NoSuchProcess:
                pass  # it ended while it was looked at
        return PartStatus(name=name, log=self.log(name))

    def _ended(self, name: str, *, within: float) -> bool:
        """Wait for the end of `name`; one that only waits to be reaped has ended.

        Its parent is gone, and some init processes collect the dead at leisure.
        """
        deadline = time.monotonic() + within
        while self.find(name) is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def log(self, name: str) -> Path:
        """Return the path of the log of `name`."""
        return self.layout.logs / f"{name}.log"

    def _record(self, name: str) -> Path:
        return self.layout.run / f"{name}.json"

    def _log_tail(self, name: str, lines: int = 15) -> str:
        try:
            tail = self.log(name).read_text(errors="replace").splitlines()[-lines:]
        except OSError:
            return ""
        return "\n".join([f"Last lines of {self.log(name)}:", *(f"  {line}" for line in tail)])
