"""Where the embedded environment keeps its files and which addresses it answers on."""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

LOOPBACK = "127.0.0.1"
# Below what kernels hand to outgoing connections: one of those could sit on a
# port while its server is being started again.
_PORTS = range(20_000, 30_000)
PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Layout:
    """The folders of one checkout's embedded environment, all below `.ballast/`."""

    root: Path = PROJECT_ROOT

    @property
    def state(self) -> Path:
        """Everything that `./ballast local reset` removes."""
        override = os.environ.get("BALLAST_STATE_DIR")
        return Path(override).absolute() if override else self.root / ".ballast"

    @property
    def cluster(self) -> Path:
        """The control plane's data and certificates."""
        return self.state / "cluster"

    @property
    def kubeconfig(self) -> Path:
        """Administrator access to the embedded control plane."""
        return self.cluster / "kubeconfig"

    @property
    def cloud(self) -> Path:
        """What moto remembers across restarts."""
        return self.state / "cloud"

    @property
    def backend(self) -> Path:
        """The Pulumi file backend: stacks, checkpoints, locks."""
        return self.state / "backend"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME of every command that Ballast runs."""
        return self.state / "pulumi-home"

    @property
    def bin(self) -> Path:
        """Goes first on PATH: the engine and the plugins that this machine lacks."""
        return self.state / "bin"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """One JSON record a started process: pid, start time, ports."""
        return self.state / "run"

    def port(self, name: str) -> int:
        """Return the port that `name` listens on, the same one as long as it can be had.

        Addresses end up in provider inputs and kubeconfigs, so a port that
        changed with every start would show as a change in every preview.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        book = self.state / "ports.json"
        with FileLock(f"{book}.lock"):
            ports = json.loads(book.read_text()) if book.exists() else {}
            if name not in ports:
                ports[name] = _free_port(taken=set(ports.values()))
                _replace(book, json.dumps(ports, indent=2, sort_keys=True))
        return ports[name]

    def move_port(self, name: str) -> int:
        """Give `name` another port: somebody else's process sits on the old one."""
        book = self.state / "ports.json"
        with FileLock(f"{book}.lock"):
            ports = json.loads(book.read_text()) if book.exists() else {}
            ports[name] = _free_port(taken=set(ports.values()))
            _replace(book, json.dumps(ports, indent=2, sort_keys=True))
        return ports[name]

    @property
    def cloud_url(self) -> str:
        """Where moto answers for every AWS service."""
        return f"http://{LOOPBACK}:{self.port('moto')}"


def user_cache() -> Path:
    """Return the folder that all checkouts of this user share (built tools)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ballast"


def port_is_taken(port: int) -> bool:
    """Tell whether somebody listens on the port of the loopback address."""
    with socket.socket() as probe:
        # As the servers do: a connection that is still closing is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
        return False


def _free_port(taken: set[int]) -> int:
    while True:
        port = secrets.choice(_PORTS)
        if port not in taken and _can_bind(port):
            return port


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _replace(path: Path, text: str) -> None:
    scratch = path.with_suffix(".new")
    scratch.write_text(text)
    scratch.replace(path)
