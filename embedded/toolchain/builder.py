"""Builds tools from their pinned Go modules into the user's cache."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.layout import user_cache
from embedded.toolchain import diagnosis, go, versions
from embedded.toolchain.errors import ToolError
from embedded.toolchain.locking import exclusively
from embedded.toolchain.progress import Progress
from embedded.toolchain.tools import GoBuild

Say = Callable[[str], None]

# Seconds between two looks at a running build, and for it to end when told to.
_LOOK_EVERY = 0.25
_GRACE = 10.0


def folder_of(build: GoBuild) -> Path:
    """Return the folder of the cache that holds, or will hold, what `build` makes."""
    return user_cache() / "tools" / build.module / f"{build.version}-{build.fingerprint()}"


def log_of(build: GoBuild) -> Path:
    """Return where the output of the last build is kept."""
    return user_cache() / "logs" / f"build-{build.module}.log"


def make(build: GoBuild, say: Say) -> None:
    """Build `build` unless it is in the cache; when another run builds it, wait for that one."""
    target = folder_of(build)
    try:
        with exclusively(f"build-{build.module}", f"another run builds {build.module}", say):
            if not target.is_dir():
                _build_into(build, target, say)
    except OSError as error:
        raise ToolError(diagnosis.unwritable(build, error)) from error


def _build_into(build: GoBuild, target: Path, say: Say) -> None:
    compiler = go.ensure(say)
    target.parent.mkdir(parents=True, exist_ok=True)
    log_of(build).parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target)
    # A name of its own: a build that outlived its killed parent cannot write into this one.
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _run_go(build, compiler, scratch, say)
        _check_versions(build, scratch)
        scratch.chmod(0o755)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_go(build: GoBuild, compiler: Path, scratch: Path, say: Say) -> None:
    argv = [compiler, "build", "-v", *build.flags, "-o", f"{scratch}/", *build.packages]
    with log_of(build).open("wb") as log, _terminable():
        process = subprocess.Popen(
            argv,
            cwd=build.folder,
            env=go.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A group of its own, so that go and its compilers can be stopped together.
            process_group=0,
        )
        try:
            with Progress(build, log_of(build), say) as progress:
                code = _wait(process, progress)
                if code == 0:
                    progress.finish()
        except BaseException:
            _stop(process)
            say(f"stopped building {build.module}; the next run goes on from where this one was")
            raise
    if code != 0:
        raise ToolError(diagnosis.failed(build, log_of(build), code))


def _wait(process: subprocess.Popen[bytes], progress: Progress) -> int:
    while True:
        try:
            return process.wait(_LOOK_EVERY)
        except subprocess.TimeoutExpired:
            progress.look()


def _stop(process: subprocess.Popen[bytes]) -> None:
    # go removes its work folder on an interrupt, and leaves it behind on anything else.
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


@contextmanager
def _terminable() -> Iterator[None]:
    """Let a polite end (SIGTERM, SIGHUP) clean up as Ctrl-C does."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    try:
        before = {number: signal.signal(number, _end) for number in numbers}
    except ValueError:
        # Not the main thread: signals are the business of somebody else.
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _remove_leftovers(target: Path) -> None:
    for leftover in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _check_versions(build: GoBuild, folder: Path) -> None:
    if not build.version_arguments:
        return  # go.sum vouches for it; nothing else can
    for name in build.executables:
        version = versions.ask(folder / name, build.version_arguments)
        if version is None or versions.text(version) != build.version:
            said = "does not say its version" if version is None else versions.text(version)
            message = (
                f"the {name} that was built is not {build.version}: {said}. "
                f"Its record in embedded/toolchain/tools.py and modules/{build.module} disagree."
            )
            raise ToolError(message)
