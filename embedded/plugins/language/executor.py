"""Runs one Pulumi program; started by the language host in the program's own Python.

Stands alone on purpose: the program's environment need not have anything of
Ballast in it, only the `pulumi` package.
"""

from __future__ import annotations

import inspect
import json
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path
from types import CoroutineType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine, Generator

    Awaited = Coroutine[Any, Any, Any] | Generator[Any, None, Any]

# Exit codes that tell the host what the user has been shown already.
REPORTED = 32
NO_SDK = 33


def main() -> int:
    """Run the program that standard input describes and return the exit code.

    The SDK is imported first: the host may start this process before the engine
    asks for the program, to have that done by then.
    """
    # Python puts this file's folder there; the modules beside it are the host's.
    own = str(Path(__file__).parent)
    sys.path[:] = [folder for folder in sys.path if folder != own]
    missing = _import_sdk()
    text = sys.stdin.read()
    if not text:
        return 0  # the engine did not ask for the program after all
    if missing is not None:
        print(missing, file=sys.stderr)
        return NO_SDK
    return _execute(json.loads(text))


def _execute(request: dict[str, Any]) -> int:
    import pulumi

    program = str(request["program"])
    _prepare(request)
    # The host starts us with interrupts held back.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        _run(program, request["settings"]["parallel"])
    except pulumi.RunError as error:
        _report(str(error))
        return REPORTED
    except Exception as error:  # noqa: BLE001 - whatever a program can raise
        _report(f"Program failed with an unhandled exception:\n{render(error, program)}")
        return REPORTED
    return 0


def _report(message: str) -> None:
    import pulumi

    try:
        pulumi.log.error(message)
    except Exception:  # noqa: BLE001 - the engine is going away, for one of many reasons
        print(message, file=sys.stderr)


def _import_sdk() -> ImportError | None:
    try:
        import pulumi
        import pulumi.runtime  # noqa: F401
    except ImportError as error:
        return error
    return None


def _prepare(request: dict[str, Any]) -> None:
    import pulumi.runtime

    # The SDK reads these again wherever configuration is asked for.
    os.environ["PULUMI_CONFIG"] = json.dumps(request["config"])
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(request["secret_keys"])
    pulumi.runtime.set_all_config(request["config"], request["secret_keys"])
    # An older SDK knows fewer of them.
    known = inspect.signature(pulumi.runtime.Settings.__init__).parameters
    settings = {name: value for name, value in request["settings"].items() if name in known}
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    sys.argv = [request["program"], *request["args"]]
    os.chdir(request["pwd"])


def _run(program: str, parallel: int) -> None:
    import asyncio
    import logging
    from concurrent.futures import ThreadPoolExecutor

    import pulumi.runtime

    # A failed program leaves futures that nobody awaits; asyncio would print
    # pages about them on top of the one message that matters.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    loop.set_task_factory(_task)
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(parallel, 1) * 4)
    loop.set_default_executor(executor)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _load(program)))
    finally:
        executor.shutdown(wait=True)
        loop.close()


def _load(program: str) -> None:
    if Path(program).is_dir() and not Path(program, "__main__.py").exists():
        import pulumi

        message = f"There is no __main__.py in {program}: a Python program starts there."
        raise pulumi.RunError(message)
    if not Path(program).is_dir():
        # For a folder, runpy does it.
        sys.path.insert(0, str(Path(program).parent))
    runpy.run_path(program, run_name="__main__")


def _task(loop: asyncio.AbstractEventLoop, coro: Awaited, **options: Any) -> asyncio.Task[Any]:
    import asyncio

    work = _remembering(coro) if isinstance(coro, CoroutineType) else coro
    return asyncio.Task(work, loop=loop, **options)


async def _remembering(coro: Coroutine[Any, Any, Any]) -> Any:
    """Await `coro`; note on an exception where it arose.

    asyncio hands the traceback of a task's exception to the first who awaits the
    task. What reaches us of an error in an `apply` is a later one, without a line
    of the user's in it.
    """
    try:
        return await coro
    except Exception as error:
        if not hasattr(error, "ballast_traceback"):
            error.ballast_traceback = error.__traceback__  # pyright: ignore[reportAttributeAccessIssue]
        raise


def render(error: BaseException, program: str) -> str:
    """Return the traceback from the user's first line on, and how to mend what is easily mended."""
    if isinstance(error, SyntaxError):
        # It names file and line itself; the frames are those of the importer.
        return "".join(traceback.format_exception_only(error))
    error = error.with_traceback(getattr(error, "ballast_traceback", error.__traceback__))
    folder = Path(program) if Path(program).is_dir() else Path(program).parent
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if _is_users(frame.filename, folder.resolve())]
    limit = own[0] - len(frames) if own else None
    text = "".join(traceback.format_exception(error, limit=limit))
    if isinstance(error, ModuleNotFoundError) and error.name:
        text += (
            f"\nThere is no package {error.name.split('.')[0]} in the environment at {sys.prefix}. "
            "If it comes from requirements.txt, run `pulumi install`."
        )
    return text


def _is_users(file: str, folder: Path) -> bool:
    if file.startswith("<"):
        return False  # made up by the interpreter
    path = Path(file).resolve()
    return folder in path.parents and "site-packages" not in path.parts


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        # Ctrl-C is the user's wish; the engine has said so already.
        code = 130
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
