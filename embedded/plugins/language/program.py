"""One run of a Pulumi program, from the engine's request to its verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import grpc

from embedded.plugins.language.children import Child, Children, clean_environment
from embedded.plugins.language.interpreter import Interpreter
from embedded.plugins.protos import language_pb2

_EXECUTOR = Path(__file__).with_name("executor.py")
# As in executor.py, which belongs to the program's side and is not imported here.
_REPORTED = 32
_NO_SDK = 33


def description(engine: str, request: Any) -> dict[str, Any]:
    """Return what the executor reads on its standard input."""
    info = request.info
    return {
        "program": os.path.normpath(Path(info.program_directory or request.pwd, info.entry_point)),
        "args": list(request.args),
        "pwd": request.pwd or info.program_directory,
        "config": dict(request.config),
        "secret_keys": list(request.configSecretKeys),
        "settings": {
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "root_directory": info.root_directory,
            "monitor": request.monitor_address,
            "engine": engine,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
        },
    }


class Programs:
    """Runs programs; can have one ready before the engine asks for it."""

    def __init__(self, engine: str, children: Children) -> None:
        self._engine = engine
        self._children = children
        self._expected: tuple[Interpreter, Path] | None = None
        self._ready: Child | None = None

    def expect(self, interpreter: Interpreter, folder: Path) -> None:
        """Remember the program that this command is about; it may never be run."""
        self._expected = (interpreter, folder)

    def make_ready(self) -> None:
        """Start the expected program up to the point at which it needs its request.

        Called while a policy pack starts: the program comes next, and both spend
        their first half second importing the SDK.
        """
        if self._expected is not None and self._ready is None:
            self._ready = self._start(*self._expected)

    def run(self, interpreter: Interpreter, request: Any) -> Any:
        """Run the program and return the response, with nothing said twice."""
        folder = Path(request.info.program_directory or request.pwd)
        if interpreter.typechecker and not self._typechecks(interpreter, folder):
            reason = f"{interpreter.typechecker} did not pass {folder}: the program was not run."
            return refuse(self._engine, reason)
        with self._take(interpreter, folder) as child:
            child.tell(json.dumps(description(self._engine, request)).encode())
            code = child.wait()
        if code == _NO_SDK:
            return refuse(self._engine, interpreter.without("pulumi"))
        return verdict(code)

    def _take(self, interpreter: Interpreter, folder: Path) -> Child:
        ready, self._ready = self._ready, None
        if ready is not None and self._expected == (interpreter, folder):
            return ready
        return self._start(interpreter, folder)

    def _start(self, interpreter: Interpreter, folder: Path) -> Child:
        argv = [str(interpreter.require()), "-u", str(_EXECUTOR)]
        env = interpreter.variables(clean_environment(os.environ))
        return self._children.start(argv, folder, env, piped=False, told=True)

    def _typechecks(self, interpreter: Interpreter, folder: Path) -> bool:
        argv = [str(interpreter.require()), "-m", str(interpreter.typechecker), str(folder)]
        env = interpreter.variables(clean_environment(os.environ))
        with self._children.start(argv, folder, env, piped=False) as child:
            return child.wait() == 0


def verdict(code: int) -> Any:
    """Return the response for an exit code: silence when the user has seen the reason."""
    if code == 0:
        return language_pb2.RunResponse()
    if code == _REPORTED:
        return language_pb2.RunResponse(bail=True)
    if code < 0:
        return language_pb2.RunResponse(error=f"the program was ended by signal {-code}")
    return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")


def refuse(engine: str, reason: str) -> Any:
    """Show the user why the program cannot be run at all, and return the response."""
    from embedded.plugins.protos import engine_pb2, engine_pb2_grpc

    try:
        with grpc.insecure_channel(engine) as channel:
            error = engine_pb2.LogRequest(severity=engine_pb2.ERROR, message=reason)
            engine_pb2_grpc.EngineStub(channel).Log(error, timeout=5)
    except grpc.RpcError:
        return language_pb2.RunResponse(error=reason)
    return language_pb2.RunResponse(bail=True)
