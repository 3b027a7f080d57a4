"""The LanguageRuntime protocol over interpreters, packages and child processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2

from embedded.plugins.language import packages, program
from embedded.plugins.language.children import Children, Stream, clean_environment
from embedded.plugins.language.interpreter import Interpreter, InterpreterError, choose
from embedded.plugins.protos import language_pb2, language_pb2_grpc, plugin_pb2
from embedded.plugins.values import decode
from embedded.plugins.versions import sdk_version

T = TypeVar("T")
_VERSION_OF = "import sys; print(sys.version.split()[0])"


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine; one instance serves a whole `pulumi` command."""

    def __init__(self, engine: str, children: Children) -> None:
        self._engine = engine
        self._children = children
        self._programs = program.Programs(engine, children)

    def Handshake(self, request: Any, context: Any) -> Any:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=sdk_version())

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        interpreter = _answer(context, lambda: _ready(request.info))
        self._programs.expect(interpreter, Path(request.info.program_directory))
        found = packages.required(interpreter)
        return language_pb2.GetRequiredPackagesResponse(packages=[_package(p) for p in found])

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        found = _answer(context, lambda: packages.required(_ready(request.info)))
        plugins = [
            plugin_pb2.PluginDependency(
                name=package.name, kind="resource", version=package.version, server=package.server
            )
            for package in found
        ]
        return language_pb2.GetRequiredPluginsResponse(plugins=plugins)

    def Run(self, request: Any, context: Any) -> Any:
        try:
            return self._programs.run(_interpreter(request.info), request)
        except InterpreterError as error:
            return program.refuse(self._engine, str(error))

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        interpreter = _answer(context, lambda: _ready(request.info))
        if request.kind == "analyzer":
            self._programs.make_ready()
        env = interpreter.variables(_variables(request))
        folder = Path(request.pwd or request.info.program_directory)
        said = bytearray()
        with self._children.start(_plugin(interpreter, request), folder, env, piped=True) as child:
            # The engine stops a plugin by hanging up on this call.
            context.add_callback(child.ask_to_stop)
            for stream, data in child.output():
                said += data
                yield _plugin_output(stream, data)
            code = child.wait()
        missing = re.findall(rb"No module named '([\w]+)", said) if code else []
        if missing:
            hint = interpreter.without(missing[-1].decode())
            yield _plugin_output("stderr", f"\n{hint}\n".encode())
        yield language_pb2.RunPluginResponse(exitcode=code)

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        # Imported when it is needed: this host starts several times in every `up`.
        from embedded.plugins.language import install

        folder = Path(request.info.program_directory or request.directory)
        try:
            for stream, data in install.run(self._children, _interpreter(request.info), folder):
                yield language_pb2.InstallDependenciesResponse(**{stream: data})
        except (InterpreterError, install.InstallError) as error:
            # The engine prints a failure's details three times over, so the
            # explanation goes where it is printed once.
            yield language_pb2.InstallDependenciesResponse(stderr=f"{error}\n".encode())
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "failed")

    def About(self, request: Any, context: Any) -> Any:
        interpreter = _answer(context, lambda: _ready(request.info))
        return language_pb2.AboutResponse(
            executable=str(interpreter.python),
            version=_python_version(interpreter.python),
            metadata={"toolchain": interpreter.toolchain},
        )

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        transitive = request.transitiveDependencies
        found = _answer(
            context, lambda: packages.dependencies(_ready(request.info), transitive=transitive)
        )
        listed = [
            language_pb2.DependencyInfo(name=name, version=version) for name, version in found
        ]
        return language_pb2.GetProgramDependenciesResponse(dependencies=listed)

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        self._children.stop_all()
        return empty_pb2.Empty()

    def GenerateProgram(self, request: Any, context: Any) -> Any:
        _not_here(context, "convert programs")

    def GenerateProject(self, request: Any, context: Any) -> Any:
        _not_here(context, "convert projects")

    def GeneratePackage(self, request: Any, context: Any) -> Any:
        _not_here(context, "generate SDK packages")

    def Pack(self, request: Any, context: Any) -> Any:
        _not_here(context, "build packages")

    def Link(self, request: Any, context: Any) -> Any:
        _not_here(context, "link packages")

    def Template(self, request: Any, context: Any) -> Any:
        _not_here(context, "finish project templates")


def _interpreter(info: Any) -> Interpreter:
    return choose(decode(info.options), Path(info.root_directory), Path(info.program_directory))


def _ready(info: Any) -> Interpreter:
    interpreter = _interpreter(info)
    interpreter.require()
    return interpreter


def _plugin(interpreter: Interpreter, request: Any) -> list[str]:
    python, folder = [str(interpreter.python), "-u"], request.info.program_directory
    if request.kind == "analyzer":
        return [*python, "-m", "pulumi.policy", *request.args, folder]
    return [*python, str(Path(folder, request.info.entry_point)), *request.args]


def _variables(request: Any) -> dict[str, str]:
    given = dict(pair.split("=", 1) for pair in request.env)
    return given or clean_environment(os.environ)


def _plugin_output(stream: Stream, data: bytes) -> Any:
    if stream == "stdout":
        return language_pb2.RunPluginResponse(stdout=data)
    return language_pb2.RunPluginResponse(stderr=data)


def _python_version(python: Path) -> str:
    # The engine asks at the start of every update, so not by starting a Python
    # that is the very one we run on.
    if python.samefile(sys.executable):
        return sys.version.split()[0]
    command = [str(python), "-c", _VERSION_OF]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def _answer(context: grpc.ServicerContext, action: Callable[[], T]) -> T:
    try:
        return action()
    except InterpreterError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    raise AssertionError  # abort() has raised


def _package(package: packages.RequiredPackage) -> Any:
    parameter = package.parameterization
    return plugin_pb2.PackageDependency(
        name=package.name,
        kind="resource",
        version=package.version,
        server=package.server,
        parameterization=plugin_pb2.PackageParameterization(
            name=parameter[0], version=parameter[1], value=parameter[2]
        )
        if parameter
        else None,
    )


def _not_here(context: grpc.ServicerContext, what: str) -> NoReturn:
    context.abort(
        grpc.StatusCode.UNIMPLEMENTED,
        f"Ballast's own Python language host does not {what}. "
        "Install the released Pulumi CLI, whose language host does, and put it on PATH.",
    )
    raise AssertionError  # abort() has raised
