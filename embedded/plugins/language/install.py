"""Creates a project's virtual environment and installs its requirements."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embedded.plugins.language.children import Children, Stream, clean_environment
from embedded.plugins.language.interpreter import Interpreter, InterpreterError, find_upwards


class InstallError(Exception):
    """A step failed; its own output has been shown, the message says which it was."""


@dataclass(frozen=True)
class Step:
    """One command, and what to tell the user before it runs."""

    title: str
    argv: list[str]


def plan(interpreter: Interpreter, folder: Path) -> list[Step]:
    """Return the commands that install what the program in `folder` requires."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if interpreter.toolchain == "uv" and uv is None:
        message = (
            "The project file asks for the toolchain uv, which is not on PATH. "
            "Install it with `python3 -m pip install uv`, or set the option toolchain to pip."
        )
        raise InterpreterError(message)
    if interpreter.toolchain == "uv" and uv and find_upwards(folder, "pyproject.toml"):
        return [Step("Installing dependencies with uv", [uv, "sync", "--compile-bytecode"])]
    return [*_create(interpreter, uv), *_requirements(interpreter, uv, folder)]


def _create(interpreter: Interpreter, uv: str | None) -> list[Step]:
    environment = interpreter.environment
    if environment is None or interpreter.python.exists():
        return []
    title = f"Creating virtual environment {environment}"
    python = os.environ.get("PULUMI_PYTHON_CMD") or sys.executable
    if uv:
        command = [uv, "venv", "--quiet", "--allow-existing", "--python", python, str(environment)]
        return [Step(title, command)]
    return [Step(title, [python, "-m", "venv", str(environment)])]


def _requirements(interpreter: Interpreter, uv: str | None, folder: Path) -> list[Step]:
    place = next((p for p in (folder, interpreter.root) if (p / "requirements.txt").exists()), None)
    if place is None:
        return []
    file, python = str(place / "requirements.txt"), str(interpreter.python)
    title = f"Installing {file}"
    if uv:
        # Compiled now, once, rather than at the start of every program.
        command = [uv, "pip", "install", "--compile-bytecode", "--python", python, "-r", file]
        return [Step(title, command)]
    return [Step(title, [python, "-m", "pip", "install", "-r", file])]


def run(
    children: Children, interpreter: Interpreter, folder: Path
) -> Iterator[tuple[Stream, bytes]]:
    """Run the plan and yield its output; raise InstallError at the first step that fails."""
    steps = plan(interpreter, folder)
    if not steps:
        yield "stdout", f"Nothing to install: no requirements.txt in {folder}.\n".encode()
    env = interpreter.variables(clean_environment(os.environ))
    if interpreter.environment is not None:
        env["UV_PROJECT_ENVIRONMENT"] = str(interpreter.environment)
    for step in steps:
        yield "stdout", f"{step.title}...\n".encode()
        with children.start(step.argv, folder, env, piped=True) as child:
            yield from child.output()
            code = child.wait()
        if code:
            message = f"{step.title} failed: `{' '.join(step.argv)}` ended with code {code}."
            raise InstallError(message)
    yield "stdout", b"Finished installing dependencies\n"
