"""What the user sees while a build runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.status import Status

from embedded.toolchain.tools import GoBuild

# Seconds between two lines where nothing can be drawn over: a log, a CI job.
_LINE_EVERY = 15.0


class Progress:
    """Tells how far a build is: a live line on a terminal, a plain one now and then elsewhere."""

    def __init__(self, build: GoBuild, log: Path, say: Callable[[str], None]) -> None:
        self._build = build
        self._log = log
        self._say = say
        self._begin = self._told = time.monotonic()
        self._live: Status | None = None

    def __enter__(self) -> Progress:
        names = ", ".join(self._build.executables)
        self._say(
            f"building {names} {self._build.version} from source, "
            f"once; from nothing this takes about {_duration(self._build.first_build_seconds)}"
        )
        if sys.stderr.isatty():
            self._live = Status("", console=Console(stderr=True))
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def finish(self) -> None:
        """Tell how long it took."""
        self._say(f"{self._build.module} built in {_duration(time.monotonic() - self._begin)}")

    def look(self) -> None:
        """Tell again, if it is time to."""
        now = time.monotonic()
        if self._live is not None:
            self._live.update(f"{self._build.module}: {self._state(now)}")
        elif now - self._told >= _LINE_EVERY:
            self._told = now
            self._say(f"{self._build.module}: {self._state(now)}")

    def _state(self, now: float) -> str:
        elapsed = _duration(now - self._begin)
        downloaded, compiled = _count(self._log)
        if compiled:
            return f"{elapsed}, packages compiled: {compiled}"
        if downloaded:
            return f"{elapsed}, modules downloaded: {downloaded}"
        return f"{elapsed}, looking for what is compiled already"


def _count(log: Path) -> tuple[int, int]:
    """Return how many modules go has downloaded and how many packages it has compiled."""
    lines = log.read_text(errors="replace").splitlines()
    downloaded = sum(line.startswith("go: ") for line in lines)
    return downloaded, len(lines) - downloaded


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
