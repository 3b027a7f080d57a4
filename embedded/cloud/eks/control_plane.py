"""The address of the embedded control plane, from the kubeconfig that it writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class ControlPlane:
    """Where the API server is, and what proves it and us; base64 as in the kubeconfig."""

    server: str
    certificate_authority: str
    client_certificate: str
    client_key: str


class _Kubeconfig:
    """The file, read again when it has changed."""

    path: Path | None = None
    seen: tuple[int, int] = (0, 0)
    content: ControlPlane | None = None


def read_from(path: Path) -> None:
    """Say where the kubeconfig is, or will be."""
    _Kubeconfig.path, _Kubeconfig.seen, _Kubeconfig.content = path, (0, 0), None


def address() -> ControlPlane | None:
    """Return the control plane's address, or None where none was ever started."""
    path = _Kubeconfig.path
    if path is None:
        return None
    try:
        status = path.stat()
        mark = (status.st_mtime_ns, status.st_size)
        if mark != _Kubeconfig.seen:
            _Kubeconfig.content, _Kubeconfig.seen = _parse(path.read_text()), mark
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, KeyError, IndexError, TypeError):
        # Caught while it is being written; the next look finds it whole.
        return _Kubeconfig.content
    return _Kubeconfig.content


def _parse(text: str) -> ControlPlane:
    content = yaml.safe_load(text)
    cluster = content["clusters"][0]["cluster"]
    user = content["users"][0]["user"]
    return ControlPlane(
        server=cluster["server"],
        certificate_authority=cluster["certificate-authority-data"],
        client_certificate=user["client-certificate-data"],
        client_key=user["client-key-data"],
    )
