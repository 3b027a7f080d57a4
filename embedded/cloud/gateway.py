"""The WSGI application: one request at a time, written down before it is answered."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from embedded.cloud import polling, requests
from embedded.cloud.determinism import Determinism, UnrecordedKeyError
from embedded.cloud.journal import Entry, Journal, JournalError
from embedded.cloud.requests import Environ

STATUS_PATH = "/moto-api/status"
# Seconds between two looks of a long poll.
_POLL_EVERY = 0.2
_ACCOUNT_OVERRIDE = "HTTP_X_MOTO_ACCOUNT_ID"


@dataclass(frozen=True)
class Answer:
    """What goes back to the client."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        """Return the status as a number."""
        return int(self.status.split(" ", 1)[0])

    @property
    def digest(self) -> str:
        """Return what replay compares: the answer without the dates of its sending."""
        return hashlib.sha256(self.body).hexdigest()[:16]


class _Dispatcher(DomainDispatcherApplication):
    """moto's, which lists all its services anew for every request: 3 ms of 7."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


class Gateway:
    """Serialises the requests and keeps the journal.

    moto is not made for threads, and a reader must not see what is not on disk
    yet: so reads wait as well. A request takes a few milliseconds.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._changed: Callable[[], None] = lambda: None
        self._lock = threading.RLock()
        self._moto = _Dispatcher()
        self._determinism = Determinism(journal.header.secret, journal.header.born)
        self._sequence = 0
        self._replayed = {"requests": 0, "seconds": 0.0}

    @property
    def lock(self) -> threading.RLock:
        """Held while moto's state is looked at from inside the process."""
        return self._lock

    def on_change(self, hear: Callable[[], None]) -> None:
        """Have `hear` called after each request that may have changed something."""
        self._changed = hear

    def replay(self) -> None:
        """Bring moto to where it was; raise JournalError when it goes another way."""
        self._determinism.install()
        started = time.monotonic()
        for entry in self._journal.entries():
            environ = requests.restore(entry.environ, entry.body, sys.stderr)
            label = requests.action(entry.environ, entry.body)
            answer = self._run(environ, f"request/{entry.sequence}", entry.at, list(entry.keys))
            self._compare(entry, answer, label)
            self._sequence = entry.sequence
        seconds = round(time.monotonic() - started, 3)
        self._replayed = {"requests": self._sequence, "seconds": seconds}

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        answer = self._answer(environ)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _answer(self, environ: Environ) -> Answer:
        path: str = environ.get("PATH_INFO", "")
        if path == STATUS_PATH:
            return _json("200 OK", {"ready": True, "replayed": self._replayed})
        if path.startswith("/moto-api"):
            text = "the embedded AWS keeps its state; `./ballast local reset` removes it"
            return _json("403 FORBIDDEN", {"message": text})
        body = requests.read_body(environ)
        kept = requests.essence(environ)
        kept.pop(_ACCOUNT_OVERRIDE, None)
        if requests.changes_nothing(kept, body):
            return self._read(environ, kept, body)
        answer = self._change_or_wait(environ, kept, body)
        self._changed()
        return answer

    def _read(self, environ: Environ, kept: Environ, body: bytes) -> Answer:
        name = hashlib.sha256(body + environ["PATH_INFO"].encode()).hexdigest()
        whole = requests.restore(kept, body, environ["wsgi.errors"])
        with self._lock:
            return self._run(whole, f"read/{name}", time.time(), [])

    def _change_or_wait(self, environ: Environ, kept: Environ, body: bytes) -> Answer:
        """Handle a change; a long poll that finds nothing lets others in and looks again."""
        started = time.monotonic()
        while True:
            whole = requests.restore(kept, body, environ["wsgi.errors"])
            with self._lock:
                answer, wait = self._change(whole, kept, body)
            if wait is None or time.monotonic() - started >= wait:
                return answer
            time.sleep(_POLL_EVERY)

    def _change(self, whole: Environ, kept: Environ, body: bytes) -> tuple[Answer, int | None]:
        sequence, at, keys = self._sequence + 1, time.time(), list[str]()
        answer = self._run(whole, f"request/{sequence}", at, keys)
        wait = polling.idle()
        if wait is not None:
            return answer, wait
        entry = Entry(
            sequence=sequence,
            at=at,
            environ=kept,
            body=body,
            status=answer.code,
            digest=answer.digest,
            keys=keys,
        )
        self._write_down(entry)
        return answer, None

    def _write_down(self, entry: Entry) -> None:
        try:
            self._journal.append(entry)
        except OSError as error:
            # moto is ahead of the disk now, and nothing brings it back but a start.
            text = f"stopping: {self._journal.path} cannot be written: {error}"
            print(text, file=sys.stderr, flush=True)
            os._exit(1)
        self._sequence = entry.sequence

    def _run(self, environ: Environ, label: str, at: float, keys: list[str]) -> Answer:
        started: list[Any] = []
        with self._determinism.request(label, at, keys):
            try:
                chunks = self._moto(environ, lambda *args: started.append(args))
                body = b"".join(chunks)
            except UnrecordedKeyError:
                raise
            except NotImplementedError as error:
                return _failure(environ, "501 NOT IMPLEMENTED", "NotImplemented", str(error))
            except Exception as error:  # noqa: BLE001 - the boundary: a client gets an answer
                traceback.print_exc(file=sys.stderr)
                text = f"{type(error).__name__} in the embedded AWS: {error}"
                return _failure(environ, "500 INTERNAL SERVER ERROR", "InternalFailure", text)
        status, headers = started[0][0], list(started[0][1])
        return Answer(status, headers, body)

    def _compare(self, entry: Entry, answer: Answer, label: str) -> None:
        if answer.code == entry.status and answer.digest == entry.digest:
            return
        what = f"request {entry.sequence} ({label}) of {self._journal.path}"
        was = f"is answered with {answer.code} now and was answered with {entry.status}"
        if answer.code == entry.status:
            was = "is answered differently than the first time"
        why = f"The journal was written with moto {self._journal.header.moto}."
        fix = "Go back to the version that wrote it, or run `./ballast local reset`."
        message = f"{what} {was}. {why} {fix}"
        raise JournalError(message)


def _json(status: str, content: dict[str, Any]) -> Answer:
    body = json.dumps(content).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return Answer(status, headers, body)


def _failure(environ: Environ, status: str, code: str, text: str) -> Answer:
    """Return an error that boto3 can read in the protocol of the request."""
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if not form:
        answer = _json(status, {"__type": code, "message": text})
        return Answer(status, [*answer.headers, ("x-amzn-ErrorType", code)], answer.body)
    stream = io.StringIO()
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    stream.write(f"<Response><Errors><Error><Code>{code}</Code><Message>{escaped}</Message>")
    stream.write("</Error></Errors></Response>")
    body = stream.getvalue().encode()
    headers = [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))]
    return Answer(status, headers, body)
