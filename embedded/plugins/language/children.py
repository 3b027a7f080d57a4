"""The processes that the language host starts, and how they end with it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Literal

Stream = Literal["stdout", "stderr"]
_Chunks = queue.SimpleQueue[tuple[Stream, bytes] | None]

# Variables of this host that are none of a program's business.
_OWN = ("PYTHONPATH", "BALLAST_USER_PYTHONPATH", "GRPC_ENABLE_FORK_SUPPORT")
_GRACE = 2.0


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` as the user had it before the launcher started this host."""
    variables = {key: value for key, value in environ.items() if key not in _OWN}
    if environ.get("BALLAST_USER_PYTHONPATH"):
        variables["PYTHONPATH"] = environ["BALLAST_USER_PYTHONPATH"]
    return variables


class Child:
    """One process of the host's; leaving its `with` block stops it."""

    def __init__(self, process: subprocess.Popen[bytes], forget: Callable[[Child], None]) -> None:
        self._process = process
        self._forget = forget

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._forget(self)

    def tell(self, text: bytes) -> None:
        """Write all that the process gets on its standard input."""
        if self._process.stdin is not None:
            # A process that died already says why on its own.
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(text)

    def wait(self) -> int:
        """Wait for the end; return the exit code, negative for a signal."""
        return self._process.wait()

    def output(self) -> Iterator[tuple[Stream, bytes]]:
        """Yield what the process writes, as it writes it."""
        chunks: _Chunks = queue.SimpleQueue()
        _pump(self._process.stdout, "stdout", chunks)
        _pump(self._process.stderr, "stderr", chunks)
        open_streams = 2
        while open_streams:
            chunk = chunks.get()
            if chunk is None:
                open_streams -= 1
            else:
                yield chunk

    def ask_to_stop(self) -> None:
        """Send SIGTERM; nothing happens to a process that has ended."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, grace: float = _GRACE) -> None:
        """Stop, politely first."""
        self.ask_to_stop()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Children:
    """Starts processes and stops every one that is left when the host ends.

    They stay in the host's process group: the engine interrupts and kills that
    group as a whole.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Child] = set()
        self._closed = False

    def start(
        self,
        argv: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        *,
        piped: bool,
        told: bool = False,
    ) -> Child:
        """Start a process.

        `piped` gives its output to `Child.output`, otherwise it goes straight to
        the engine; `told` leaves its standard input to `Child.tell`.
        """
        with self._lock, _interrupts_held_back():
            process = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE if told else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else None,
                stderr=subprocess.PIPE if piped else None,
            )
            child = Child(process, self._forget)
            self._running.add(child)
            closed = self._closed
        if closed:
            child.stop()
        return child

    def stop_all(self) -> None:
        """Stop what runs, all at the same time, and what is started from now on."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for child in running:
            child.ask_to_stop()
        deadline = time.monotonic() + _GRACE
        for child in running:
            child.stop(max(0.0, deadline - time.monotonic()))

    def _forget(self, child: Child) -> None:
        with self._lock:
            self._running.discard(child)


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: this host stops them.

    A Python that is interrupted while it imports prints a traceback that the
    user would see. The executor lets interrupts in when the program starts.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _pump(pipe: IO[bytes] | None, name: Stream, chunks: _Chunks) -> None:
    def read() -> None:
        if pipe is not None:
            while data := os.read(pipe.fileno(), 65536):
                chunks.put((name, data))
            pipe.close()
        chunks.put(None)

    threading.Thread(target=read, daemon=True).start()
