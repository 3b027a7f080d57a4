"""Which Python runs a program or a policy pack, by the options of its project file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TOOLCHAINS = ("pip", "uv")
_DOCTOR = "in a Ballast checkout, `./ballast doctor` says what is missing."
_TYPECHECKERS = ("mypy", "pyright")


class InterpreterError(Exception):
    """There is no Python to run with; the message says what to do about it."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """The Python of one project, which need not exist yet."""

    python: Path
    # None: the project names no virtual environment, so nobody made one for it.
    environment: Path | None
    toolchain: str
    root: Path
    typechecker: str | None = None

    def require(self) -> Path:
        """Return the executable; raise InterpreterError when it is not there."""
        if os.access(self.python, os.X_OK) and not self.python.is_dir():
            return self.python
        raise InterpreterError(self._missing())

    def _missing(self) -> str:
        if self.environment is None:
            return (
                f"There is no Python interpreter at {self.python}. "
                "Set PULUMI_PYTHON_CMD to one, or name a virtual environment in the project file."
            )
        what = "is not a virtual environment" if self.environment.exists() else "does not exist"
        return (
            f"The virtual environment {self.environment} {what}. "
            f"Run `pulumi install` in {self.root} to create it "
            f"and install the requirements; {_DOCTOR}"
        )

    def without(self, package: str) -> str:
        """Return what to do when `package` turns out not to be installed."""
        return (
            f"The Python package {package} is not installed for {self.python}. "
            f"List it in requirements.txt and run `pulumi install` in {self.root}; {_DOCTOR}"
        )

    def variables(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return `base` as it looks inside the activated virtual environment."""
        variables = {key: value for key, value in base.items() if key != "PYTHONHOME"}
        if self.environment is not None:
            path = variables.get("PATH", os.defpath)
            variables["PATH"] = f"{self.environment / 'bin'}{os.pathsep}{path}"
            variables["VIRTUAL_ENV"] = str(self.environment)
        return variables


def choose(options: Mapping[str, Any], root: Path, program: Path) -> Interpreter:
    """Return the interpreter for a project at `root` whose program is in `program`."""
    toolchain = _toolchain(options, program)
    environment = _environment(options, toolchain, root, program)
    return Interpreter(
        python=environment / "bin" / "python" if environment else _ambient(),
        environment=environment,
        toolchain=toolchain,
        root=root,
        typechecker=_one_of(options, "typechecker", _TYPECHECKERS),
    )


def _toolchain(options: Mapping[str, Any], program: Path) -> str:
    chosen = _one_of(options, "toolchain", _TOOLCHAINS)
    if chosen is not None:
        return chosen
    return "uv" if find_upwards(program, "uv.lock") else "pip"


def _one_of(options: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str | None:
    got = options.get(name)
    if got is None or got in ("", *allowed):
        return got or None
    message = (
        f"The runtime option {name} in the project file is {got!r}, which is not supported; "
        f"allowed: {', '.join(allowed)}."
    )
    raise InterpreterError(message)


def _environment(
    options: Mapping[str, Any], toolchain: str, root: Path, program: Path
) -> Path | None:
    named = options.get("virtualenv")
    if named:
        if not isinstance(named, str):
            message = (
                f"The runtime option virtualenv in the project file is {named!r}; "
                "it has to be the path of a folder."
            )
            raise InterpreterError(message)
        return Path(os.path.normpath(root / named))
    if toolchain == "uv":
        home = find_upwards(program, "uv.lock") or find_upwards(program, "pyproject.toml")
        return (home or root) / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    return None


def _ambient() -> Path:
    """Return the Python for a project that names none: the user's, else this one."""
    command = os.environ.get("PULUMI_PYTHON_CMD")
    if command:
        from shutil import which  # not needed, and slow to import, in every other case

        return Path(which(command) or command)
    active = os.environ.get("VIRTUAL_ENV")
    return Path(active, "bin", "python") if active else Path(sys.executable)


def find_upwards(folder: Path, name: str) -> Path | None:
    """Return the nearest folder, `folder` or above, that holds a file called `name`."""
    return next((place for place in (folder, *folder.parents) if (place / name).exists()), None)
