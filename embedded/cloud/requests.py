"""A request as the web server hands it over, and as the journal keeps it."""

from __future__ import annotations

import io
import urllib.parse
from typing import Any

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY

Environ = dict[str, Any]

# Of the environ only these and the headers say what was asked.
_KEPT = (
    "REQUEST_METHOD",
    "PATH_INFO",
    "QUERY_STRING",
    "RAW_URI",
    "REQUEST_URI",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "CONTENT_TYPE",
    "wsgi.url_scheme",
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
)
# The connection's business, not the request's; signatures are not checked.
_DROPPED = frozenset(
    {
        "HTTP_CONNECTION",
        "HTTP_TRANSFER_ENCODING",
        "HTTP_EXPECT",
        "HTTP_ACCEPT_ENCODING",
        "HTTP_AMZ_SDK_INVOCATION_ID",
        "HTTP_AMZ_SDK_REQUEST",
    }
)
_READING_VERBS = (
    "Describe",
    "Get",
    "List",
    "Head",
    "BatchGet",
    "Search",
    "Lookup",
    "Simulate",
    "Query",
    "Scan",
)


def read_body(environ: Environ) -> bytes:
    """Return the whole body; the server does not keep it for a second reader."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read())
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return bytes(stream.read(length)) if length else b""


def essence(environ: Environ) -> Environ:
    """Return what the journal keeps of the environ."""
    kept = {key: environ[key] for key in _KEPT if key in environ}
    for key, value in environ.items():
        if key.startswith("HTTP_") and key not in _DROPPED:
            kept[key] = value
    if "HTTP_AUTHORIZATION" in kept:
        # The scope names service and region; the signature names nothing.
        kept["HTTP_AUTHORIZATION"] = kept["HTTP_AUTHORIZATION"].partition(", Signature=")[0]
    return kept


def restore(kept: Environ, body: bytes, errors: Any) -> Environ:
    """Return a complete WSGI environ for what `essence` kept."""
    return {
        **kept,
        "SCRIPT_NAME": "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": errors,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def action(environ: Environ, body: bytes) -> str:
    """Return what is asked: the action where the protocol names one, else method and path."""
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rpartition(".")[2]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = urllib.parse.parse_qs(body.decode("utf-8", errors="replace"))
        if "Action" in form:
            return form["Action"][0]
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""))
    if "Action" in query:
        return query["Action"][0]
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def changes_nothing(environ: Environ, body: bytes) -> bool:
    """Tell whether the request only reads; when in doubt it does not."""
    name = action(environ, body)
    method, space, _ = name.partition(" ")
    if space:
        return method in {"GET", "HEAD", "OPTIONS"}
    return name.startswith(_READING_VERBS)
