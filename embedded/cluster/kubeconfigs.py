"""Kubeconfigs: how people and the control plane's own parts reach the API server."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

import yaml

from embedded.cluster.certificates import CLUSTER_CA
from embedded.cluster.files import write_whole
from embedded.cluster.pki import Pki

CONTEXT: Final = "ballast-local"


def write_kubeconfig(path: Path, *, server: str, pki: Pki, identity: str) -> None:
    """Write the kubeconfig of the certificate called `identity`, if it changed.

    Everything is embedded, so that the file can be copied or passed as text.
    """
    content = yaml.safe_dump(_kubeconfig(server, pki, identity), sort_keys=False).encode()
    if path.exists() and path.read_bytes() == content:
        path.chmod(0o600)
        return
    write_whole(path, content)


def _kubeconfig(server: str, pki: Pki, identity: str) -> dict[str, Any]:
    cluster = {"server": server, "certificate-authority-data": _data(pki.certificate(CLUSTER_CA))}
    user = {
        "client-certificate-data": _data(pki.certificate(identity)),
        "client-key-data": _data(pki.key(identity)),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": identity, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": identity}}],
        "current-context": CONTEXT,
    }


def _data(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
