"""Starts, stops and finds the embedded AWS."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable
from typing import Any

from embedded.layout import LOOPBACK, Layout, port_is_taken
from embedded.processes import PartStatus, ProcessSpec, Supervisor

NAME = "moto"
ACCOUNT_ID = "123456789012"
_JOURNAL_BYTES_A_SECOND = 300_000
# From here on a start takes so long that one wonders.
_LONG_JOURNAL_BYTES = 3_000_000


class Cloud:
    """moto as one process at `layout.cloud_url`; its state survives any end."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._supervisor = Supervisor(layout)

    def start(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Start unless it runs, and wait until it answers; raise ProcessError when it does not."""
        if self._supervisor.find(NAME) is None and port_is_taken(self._layout.port(NAME)):
            self._layout.move_port(NAME)
        spec = self._spec()
        if self._supervisor.start(spec):
            say(f"starting the embedded AWS at {self._layout.cloud_url}")
            self._mention_long_journal(say)
        self._supervisor.wait_ready(spec)

    def stop(self) -> bool:
        """Stop; return whether it had been running."""
        return self._supervisor.stop(NAME)

    def status(self) -> list[PartStatus]:
        """Return one row: the process, if any, and whether it answers."""
        return [self._supervisor.describe(NAME, self._layout.port(NAME), self._ready)]

    def _mention_long_journal(self, say: Callable[[str], None]) -> None:
        size = self._journal_bytes()
        if size > _LONG_JOURNAL_BYTES:
            seconds = size // _JOURNAL_BYTES_A_SECOND
            what = f"replaying {size / 1e6:.0f} MB of requests, which can take {seconds} s"
            say(f"{what}; after a destroy, `./ballast local reset` forgets them")

    def _journal_bytes(self) -> int:
        journal = self._layout.cloud / "journal"
        return journal.stat().st_size if journal.exists() else 0

    def _spec(self) -> ProcessSpec:
        return ProcessSpec(
            name=NAME,
            argv=[sys.executable, "-m", "embedded.cloud"],
            ready=self._ready,
            env={"PYTHONHASHSEED": "0", "BALLAST_STATE_DIR": str(self._layout.state)},
            ready_within=30 + self._journal_bytes() / _JOURNAL_BYTES_A_SECOND,
        )

    def _ready(self) -> bool:
        return self._ask("/moto-api/status").get("ready", False)

    def _ask(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(LOOPBACK, self._layout.port(NAME), timeout=5)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return {}
        finally:
            connection.close()
