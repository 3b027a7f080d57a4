"""Runs one Pulumi program; started by the language host in the program's own Python.

Stands alone on purpose: the program's environment need not have anything of
Ballast in it, only the `pulumi` package.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

# Tells the host that the user has already been shown what went wrong.
REPORTED = 32


def main() -> int:
    """Run the program that standard input describes and return the exit code.

    The SDK is imported first: the host may start this process before the engine
    asks for the program, to have that done by then.
    """
    missing = _import_sdk()
    text = sys.stdin.read()
    if not text:
        return 0  # the engine did not ask for the program after all
    if missing is not None:
        return _sdk_missing(missing)
    return _execute(json.loads(text))


def _execute(request: dict[str, Any]) -> int:
    import pulumi

    program = str(request["program"])
    _prepare(request)
    try:
        _run(program, request["settings"]["parallel"])
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return REPORTED
    except Exception as error:  # noqa: BLE001 - whatever a program can raise
        pulumi.log.error(f"Program failed with an unhandled exception:\n{render(error, program)}")
        return REPORTED
    return 0


def _import_sdk() -> ImportError | None:
    try:
        import pulumi
        import pulumi.runtime  # noqa: F401
    except ImportError as error:
        return error
    return None


def _sdk_missing(error: ImportError) -> int:
    missing = error.name or "pulumi"
    print(
        f"Cannot import {missing} with {sys.executable}: {error}\n"
        "The Pulumi SDK is not installed in the environment of this program. Run `pulumi install` "
        "(in a Ballast checkout: `./ballast doctor`) to install the requirements.",
        file=sys.stderr,
    )
    return REPORTED


def _prepare(request: dict[str, Any]) -> None:
    import pulumi.runtime

    # The SDK reads these again wherever configuration is asked for.
    os.environ["PULUMI_CONFIG"] = json.dumps(request["config"])
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(request["secret_keys"])
    pulumi.runtime.set_all_config(request["config"], request["secret_keys"])
    pulumi.runtime.configure(pulumi.runtime.Settings(**request["settings"]))
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
    runpy.run_path(program, run_name="__main__")


def render(error: BaseException, program: str) -> str:
    """Return the traceback from the program's first line on; what led there is not the user's."""
    main = Path(program, "__main__.py") if Path(program).is_dir() else Path(program)
    frames = traceback.extract_tb(error.__traceback__)
    for index, frame in enumerate(frames):
        if Path(frame.filename).resolve() == main.resolve():
            return "".join(traceback.format_exception(error, limit=index - len(frames)))
    if isinstance(error, SyntaxError):
        # It names file and line itself; the frames are those of the importer.
        return "".join(traceback.format_exception_only(error))
    return "".join(traceback.format_exception(error))


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        # Ctrl-C is the user's wish; the engine has said so already.
        code = 130
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
