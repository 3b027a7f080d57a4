"""One run of a Pulumi program, from the engine's request to its verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import grpc

from embedded.plugins.language.children import Children, clean_environment
from embedded.plugins.language.interpreter import Interpreter
from embedded.plugins.protos import language_pb2

_EXECUTOR = Path(__file__).with_name("executor.py")
# executor.REPORTED: importing that module here would be importing the program's side.
_REPORTED = 32


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


def run(engine: str, children: Children, interpreter: Interpreter, request: Any) -> Any:
    """Run the program and return the response, with nothing said twice."""
    env = interpreter.variables(clean_environment(os.environ))
    folder = Path(request.info.program_directory or request.pwd)
    if interpreter.typechecker and not _typechecks(children, interpreter, folder, env):
        return language_pb2.RunResponse(bail=True)
    argv = [str(interpreter.require()), "-u", str(_EXECUTOR)]
    with children.start(argv, folder, env, piped=False, told=True) as child:
        child.tell(json.dumps(description(engine, request)).encode())
        code = child.wait()
    return verdict(code)


def _typechecks(
    children: Children, interpreter: Interpreter, folder: Path, env: dict[str, str]
) -> bool:
    checker = str(interpreter.typechecker)
    argv = [str(interpreter.require()), "-m", checker, str(folder)]
    with children.start(argv, folder, env, piped=False) as child:
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
