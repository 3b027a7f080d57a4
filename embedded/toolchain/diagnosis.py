"""Why a build failed, as far as go's output tells, and what to do about it."""

from __future__ import annotations

import errno
from pathlib import Path

from embedded.layout import user_cache
from embedded.toolchain.tools import GoBuild

_LAST_LINES = 12

# What go, the linker and the kernel write, in the order in which it decides.
_CAUSES = (
    (
        ("no space left on device", "disk quota exceeded"),
        "The disk is full. Go needs about 8 GB for its caches (`go env GOCACHE GOMODCACHE`; "
        "`go clean -cache` empties the first), and Ballast 1 GB below {cache}. "
        "Free some, then run the command again.",
    ),
    (
        ("checksum mismatch", "SECURITY ERROR"),
        "A downloaded module is not the one that go.sum pins: do not go on. If a proxy "
        "(`go env GOPROXY`) changed it, use another; `go clean -modcache` forgets the download.",
    ),
    (
        (
            "dial tcp",
            "no such host",
            "connection refused",
            "i/o timeout",
            "TLS handshake",
            "proxyconnect",
            "module lookup disabled",
            "certificate signed by unknown authority",
        ),
        "The Go module proxy cannot be reached. Check the network, HTTPS_PROXY and "
        "`go env GOPROXY`, then run the command again: what is downloaded stays.",
    ),
    (
        ("signal: killed", "cannot allocate memory", "out of memory"),
        "The machine ran out of memory: linking takes about 2 GB. Close something, or build with "
        "less at a time (GOMAXPROCS=1), then run the command again.",
    ),
)
_UNKNOWN_CAUSE = (
    "Run the command again: it goes on from what is compiled. If it fails at the same place, "
    "install {names} {fits} yourself; what is on PATH is preferred."
)


def failed(build: GoBuild, log: Path, code: int) -> str:
    """Return the message for a build that ended with `code`."""
    output = log.read_text(errors="replace")
    names = ", ".join(build.executables)
    advice = _advice(output).format(cache=user_cache(), names=names, fits=build.fits)
    tail = [f"  {line}" for line in output.strip().splitlines()[-_LAST_LINES:]]
    head = f"building {names} {build.version} failed: go ended with {code}. Its last lines:"
    return "\n".join([head, *tail, f"All of it: {log}", advice])


def unwritable(build: GoBuild, error: OSError) -> str:
    """Return the message for a cache that cannot be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        advice = _CAUSES[0][1].format(cache=user_cache())
    else:
        advice = "Make the folder writable, or point XDG_CACHE_HOME to one that is."
    reason = error.strerror or str(error)
    where = error.filename or user_cache()
    return f"cannot build {', '.join(build.executables)}: {where}: {reason}. {advice}"


def _advice(output: str) -> str:
    for marks, advice in _CAUSES:
        if any(mark in output for mark in marks):
            return advice
    return _UNKNOWN_CAUSE
