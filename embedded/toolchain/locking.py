"""One run at a time for what all checkouts of a user share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from embedded.layout import user_cache

# Seconds between two lines that say what is waited for.
_REMIND_EVERY = 15.0


@contextmanager
def exclusively(name: str, reason: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock `name` of the user's cache; while another run has it, say `reason`.

    The kernel lets go of it when its holder ends, however that happens.
    """
    folder = user_cache() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock")
    patience = 0.0
    while True:
        try:
            lock.acquire(timeout=patience)
            break
        except Timeout:
            say(f"{reason}; waiting for it")
            patience = _REMIND_EVERY
    try:
        yield
    finally:
        lock.release()
