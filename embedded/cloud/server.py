"""One process: moto behind the gateway, on a loopback port."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import moto
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from embedded.cloud.gateway import Gateway
from embedded.cloud.journal import Journal, JournalError
from embedded.cloud.slim import prepare_moto
from embedded.layout import LOOPBACK, Layout

JOURNAL = "journal"


class _Handler(MotoRequestHandler):
    """moto's, without a log line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the journal has it."""


def serve() -> int:
    """Replay, then serve until SIGTERM."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    prepare_moto()
    from embedded.cloud import extensions
    from embedded.cloud.eks import control_plane, readiness
    from embedded.cloud.nodes.bridge import Bridge

    layout = Layout()
    control_plane.read_from(layout.kubeconfig)
    extensions.install()
    try:
        journal = open_journal(layout.cloud / JOURNAL)
        gateway = Gateway(journal)
        gateway.replay()
    except JournalError as error:
        print(error, file=sys.stderr)
        return 1
    port = layout.port("moto")
    try:
        server = make_server(LOOPBACK, port, gateway, threaded=True, request_handler=_Handler)
    except (OSError, SystemExit):
        print(f"port {port} of {LOOPBACK} is taken by another process", file=sys.stderr)
        return 1
    bridge = Bridge(gateway.lock)
    readiness.ask(bridge.ready)
    gateway.on_change(bridge.wake)
    bridge.start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    # Whoever is being answered is answered; nobody new gets in.
    gateway.lock.acquire()
    journal.close()
    return 0


def open_journal(path: Path) -> Journal:
    """Open the journal for the moto that is installed."""
    return Journal(path, moto=moto.__version__, now=time.time())
