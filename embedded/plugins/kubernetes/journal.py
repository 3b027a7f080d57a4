"""Objects that were made, but that the engine may not have written down yet.

When the engine is killed between our call and its checkpoint, the object is in
the cluster and not in the state. The next run finds it here, goes on with it
and so makes nothing twice. An entry is written before the call and lives until
a later request shows that the engine knows the object.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from embedded.layout import Layout


@dataclass(frozen=True)
class Entry:
    """One object that was about to be made."""

    server: str
    identity: str
    # Field managers are unique a resource: only we can have written as this one.
    manager: str


class Journal:
    """One small file an unacknowledged resource, so that processes need no lock."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Layout().state / "kubernetes-provider"

    def record(self, urn: str, entry: Entry) -> None:
        """Write down that the object is about to be made."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(urn)
        scratch = path.with_suffix(".new")
        with scratch.open("w") as file:
            json.dump(asdict(entry), file)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)

    def pending(self, urn: str) -> Entry | None:
        """Return what was about to be made for the resource and may not be known."""
        try:
            return Entry(**json.loads(self._path(urn).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def acknowledge(self, urn: str, identity: str) -> None:
        """Forget the entry: the engine knows the object."""
        entry = self.pending(urn)
        if entry is not None and entry.identity == identity:
            self._path(urn).unlink(missing_ok=True)

    def _path(self, urn: str) -> Path:
        return self._folder / f"{hashlib.sha256(urn.encode()).hexdigest()[:32]}.json"
