"""Stack locks in the file backend, and whether their holder is still alive."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import psutil

from embedded.layout import Layout
from operations.console import UserError

PROJECT = "ballast"


def release_stale(layout: Layout, stack: str) -> int:
    """Remove the locks of processes that are gone; return how many there were.

    A `pulumi` that was killed cannot take its lock with it. A lock whose holder
    runs, or runs on another machine, is refused with who holds it.
    """
    released = 0
    for lock in _locks(layout, stack):
        holder = _holder(lock)
        if holder is not None:
            message = (
                f"stack {stack} is being updated by {holder}. Wait for it to end, or stop it "
                f"and run the command again."
            )
            raise UserError(message)
        lock.unlink(missing_ok=True)
        released += 1
    return released


def _locks(layout: Layout, stack: str) -> list[Path]:
    folder = layout.backend / ".pulumi" / "locks" / "organization" / PROJECT / stack
    return sorted(folder.glob("*.json")) if folder.exists() else []


def _holder(lock: Path) -> str | None:
    try:
        content = json.loads(lock.read_text())
        pid, host, user = content["pid"], content["hostname"], content["username"]
    except (OSError, ValueError, KeyError):
        # Half written: its writer died in the act.
        return None
    if host != socket.gethostname():
        return f"{user} on {host} (pid {pid})"
    try:
        alive = "pulumi" in psutil.Process(pid).name()
    except psutil.Error:
        alive = False
    return f"{user} on this machine (pid {pid})" if alive else None
