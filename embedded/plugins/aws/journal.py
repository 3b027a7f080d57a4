"""Remembers what was created until the engine shows that it knows (see ADR 0004)."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_SCHEMA: Final = """
create table if not exists created (
    urn text not null,
    cloud text not null,
    id text not null,
    names text not null,
    primary key (urn, cloud, id)
)
"""
_BUSY_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Record:
    """A resource whose making the engine may not have written down."""

    id: str
    # Properties whose value was made up: the second attempt uses the same.
    names: dict[str, str]


class Journal:
    """A small database, written through to the disk before the engine gets its answer."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.sqlite"
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        # What this very process created: its engine lives and has been told.
        self._own: set[tuple[str, str]] = set()

    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self._path,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute(_SCHEMA)
            self._connection = connection
        return self._connection

    def created(self, urn: str, cloud: str, identity: str, names: dict[str, str]) -> None:
        """Write down that the cloud has made `identity` for `urn`."""
        with self._lock:
            self._own.add((urn, identity))
            self._database().execute(
                "insert or replace into created values (?, ?, ?, ?)",
                (urn, cloud, identity, json.dumps(names)),
            )

    def known(self, urn: str, identity: str) -> None:
        """Forget the record: the engine has named the id, so it has it in its state."""
        if not self._path.exists():
            return
        with self._lock:
            row = self._find("urn = ? and id = ?", (urn, identity))
            if row:
                self._database().execute(
                    "delete from created where urn = ? and id = ?", (urn, identity)
                )

    def lost(self, urn: str, cloud: str) -> Record | None:
        """Return what was created for `urn` by an engine that died before writing it down."""
        if not self._path.exists():
            return None
        with self._lock:
            rows = self._find("urn = ? and cloud = ?", (urn, cloud))
            for identity, names in rows:
                if (urn, identity) not in self._own:
                    return Record(identity, json.loads(names))
        return None

    def _find(self, condition: str, values: tuple[Any, ...]) -> list[Any]:
        query = f"select id, names from created where {condition}"  # noqa: S608 - ours
        return self._database().execute(query, values).fetchall()
