"""A stand-in engine, and what it starts and asks the language host with."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from google.protobuf import empty_pb2, struct_pb2

from embedded.plugins.protos import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)
from embedded.plugins.values import decode

CHECKOUT = Path(__file__).parents[4]
LAUNCHER = CHECKOUT / "embedded" / "plugins" / "bin" / "pulumi-language-python"
EXECUTOR = str(CHECKOUT / "embedded" / "plugins" / "language" / "executor.py")
VENV = Path(sys.prefix)


@dataclass
class Engine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """Remembers what it is told; every resource it is asked for is there at once."""

    address: str = ""
    errors: list[str] = field(default_factory=list)
    registered: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def forget(self) -> None:
        """Be as new for the next test."""
        self.errors, self.registered, self.outputs = [], [], {}

    def Log(self, request: Any, context: Any) -> Any:
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def SupportsFeature(self, request: Any, context: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def RegisterResource(self, request: Any, context: Any) -> Any:
        self.registered.append(f"{request.type} {request.name}")
        urn = f"urn:pulumi:a::tiny::{request.type}::{request.name}"
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        self.outputs.update(decode(request.outputs))
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


@dataclass(frozen=True)
class Host:
    """A running language host."""

    process: subprocess.Popen[str]
    stub: language_pb2_grpc.LanguageRuntimeStub

    def end(self) -> tuple[str, str]:
        """Interrupt the host's group as the engine does; return what it printed."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.communicate(timeout=10)


@dataclass(frozen=True)
class Program:
    """A program of one file or more."""

    host: Host
    engine: Engine
    folder: Path

    def request(self, source: str | None, **changes: Any) -> Any:
        """Write `source` as the main file and return the request that runs it."""
        if source is not None:
            (self.folder / "__main__.py").write_text(source)
        settings: dict[str, Any] = {
            "project": "tiny",
            "stack": "a",
            "organization": "us",
            "pwd": str(self.folder),
            "parallel": 4,
            "monitor_address": self.engine.address,
            "info": info(self.folder),
        }
        return language_pb2.RunRequest(**{**settings, **changes})

    def run(self, source: str | None, **changes: Any) -> Any:
        """Run it and return the response."""
        return self.host.stub.Run(self.request(source, **changes))


def start(engine: Engine, **variables: str) -> subprocess.Popen[str]:
    """Start the launcher as the engine does: in a process group of its own."""
    return subprocess.Popen(
        [str(LAUNCHER), engine.address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
        env={**os.environ, **variables},
    )


def info(folder: Path, **options: str) -> Any:
    """Return the engine's description of a program in `folder`, run by this very Python."""
    settings = struct_pb2.Struct()
    settings.update(options or {"virtualenv": str(VENV)})
    return language_pb2.ProgramInfo(
        root_directory=str(folder),
        program_directory=str(folder),
        entry_point=".",
        options=settings,
    )


def bare_environment(folder: Path) -> Path:
    """Make a virtual environment with nothing in it, faster than venv does."""
    base = Path(sys.executable).resolve()
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(base)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    return folder


def executors(group: int) -> list[int]:
    """Return the pids of the programs in a process group."""
    found: list[int] = []
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(ProcessLookupError):
            if EXECUTOR in (process.info["cmdline"] or []) and os.getpgid(process.pid) == group:
                found.append(process.pid)
    return found


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until `condition` holds; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
