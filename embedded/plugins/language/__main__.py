"""Serves the language host until the engine ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from concurrent import futures
from typing import NoReturn

# Set before gRPC is imported: nothing here forks, and the handlers that gRPC
# would install for it write to the user's screen.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import grpc

from embedded.plugins.language.children import Children
from embedded.plugins.language.host import LanguageHost
from embedded.plugins.protos import language_pb2_grpc

_MAX_MESSAGE = 400 * 1024 * 1024  # the engine's own limit
_WORKERS = 32


def main() -> NoReturn:
    """Serve, print the port as the protocol wants, and end with the engine."""
    engine = os.getppid()
    children = Children()
    options = [
        ("grpc.max_receive_message_length", _MAX_MESSAGE),
        ("grpc.max_send_message_length", _MAX_MESSAGE),
    ]
    server = grpc.server(futures.ThreadPoolExecutor(_WORKERS), options=options)
    host = LanguageHost(sys.argv[-1], children)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def leave(*_: object) -> NoReturn:
        # A second Ctrl-C must not find the first one half done.
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_IGN)
        children.stop_all()
        os._exit(0)

    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGTERM, leave)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while os.getppid() == engine:
        time.sleep(0.5)
    if os.getpgrp() == os.getpid():
        # Nobody is left to end what a program has started itself.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    leave()


main()
