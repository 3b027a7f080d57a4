"""What moto was asked to change, in order, on disk.

One line a request: a checksum and JSON. A line is flushed to the disk before
its request is answered; a line that a crash cut short was never answered, and
is dropped.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1


class JournalError(Exception):
    """The journal cannot be used; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first line: what the rest depends on."""

    format: int
    moto: str
    secret: str
    born: float


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request, with what it takes to handle it the same way again."""

    sequence: int
    at: float
    environ: dict[str, Any]
    body: bytes
    status: int
    # Of the answer; replay compares it.
    digest: str
    keys: list[str] = field(default_factory=list)


class Journal:
    """An append-only file that one process has open at a time."""

    def __init__(self, path: Path, *, moto: str, now: float) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        self._lock()
        self.header = self._open_header(moto, now)

    def entries(self) -> Iterator[Entry]:
        """Yield what is there, then stand ready to append; a torn last line is cut off."""
        self._file.seek(0)
        self._file.readline()
        end = self._file.tell()
        for number, line in enumerate(self._file, start=2):
            content = _decode(line)
            if content is None:
                self._refuse_unless_last(number, end + len(line))
                break
            content["body"] = base64.b64decode(content["body"])
            yield Entry(**content)
            end += len(line)
        self._file.truncate(end)
        self._file.seek(end)

    def append(self, entry: Entry) -> None:
        """Write the entry down; when this returns, a crash does not lose it."""
        content = asdict(entry)
        content["body"] = base64.b64encode(entry.body).decode()
        self._write(content)

    def close(self) -> None:
        """Let another process have the file."""
        self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another embedded AWS is running on {self.path}; stop it first"
            raise JournalError(message) from None

    def _open_header(self, moto: str, now: float) -> Header:
        content = _decode(self._file.readline())
        if content is None:
            # Empty, or a crash during the very first write: nothing was answered yet.
            self._refuse_unless_last(1, self._file.tell())
            header = Header(format=FORMAT, moto=moto, secret=secrets.token_hex(16), born=now)
            self._file.seek(0)
            self._file.truncate()
            self._write(asdict(header))
            _flush_folder(self.path.parent)
            return header
        header = Header(**content)
        if header.format != FORMAT:
            found = f"{self.path} has format {header.format}, this version reads {FORMAT}"
            message = f"{found}; run `./ballast local reset` to start afresh"
            raise JournalError(message)
        return header

    def _refuse_unless_last(self, number: int, end: int) -> None:
        """A broken line with more after it is damage, not a crash."""
        if end < os.fstat(self._file.fileno()).st_size:
            broken = f"line {number} of {self.path} is damaged and later ones are not"
            message = f"{broken}; restore the file or run `./ballast local reset`"
            raise JournalError(message)

    def _write(self, content: dict[str, Any]) -> None:
        self._file.write(_encode(content))
        self._file.flush()
        os.fdatasync(self._file.fileno())


def _encode(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _decode(line: bytes) -> dict[str, Any] | None:
    """Return the content, or None for a line that is not whole."""
    checksum, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
        return None
    content: dict[str, Any] = json.loads(text)
    return content


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
