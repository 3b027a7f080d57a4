"""Something that answers where the embedded environment would, for programs that only look."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.layout import LOOPBACK, Layout


@contextlib.contextmanager
def listening(port: int = 0) -> Iterator[int]:
    """Listen on a port of loopback while the block runs."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen()
        yield server.getsockname()[1]


def write_kubeconfig(port: int) -> None:
    """Write the kubeconfig of an API server at `port`."""
    path = Layout().kubeconfig
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"clusters:\n- cluster:\n    server: https://{LOOPBACK}:{port}\n")


@pytest.fixture(scope="session")
def embedded_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An API server and a moto that take connections and say nothing."""
    folder = tmp_path_factory.mktemp("stand-in")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BALLAST_STATE_DIR", str(folder))
        with listening() as api_server, listening(Layout().port("moto")):
            write_kubeconfig(api_server)
            yield folder
