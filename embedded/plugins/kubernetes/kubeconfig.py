"""Kubeconfig files: which API server, and with which credentials."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class KubeconfigError(Exception):
    """The kubeconfig cannot be used; the message says which part and why."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One API server and who we are to it."""

    server: str
    namespace: str
    # PEM; None trusts the system's authorities.
    authority: str | None = None
    certificate: str | None = None
    key: str | None = None
    token: str | None = None
    server_name: str | None = None


def load(text_or_path: str, *, context: str = "", cluster: str = "") -> Connection:
    """Read a kubeconfig, given as its text or as the path of a file."""
    text, folder = _text(text_or_path)
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = f"kubeconfig: not YAML: {error}"
        raise KubeconfigError(message) from None
    if not isinstance(config, dict):
        message = f"kubeconfig: neither a file nor the text of one: {text_or_path[:60]!r}"
        raise KubeconfigError(message)
    name = context or config.get("current-context") or ""
    chosen = _entry(config, "contexts", name, "context") if name else {}
    where = _entry(config, "clusters", cluster or chosen.get("cluster", ""), "cluster")
    user = _entry(config, "users", chosen["user"], "user") if chosen.get("user") else {}
    return _connection(where, user, chosen.get("namespace") or "default", folder)


def _text(text_or_path: str) -> tuple[str, Path]:
    # No path has line breaks; a text that is one line is JSON.
    if "\n" not in text_or_path and not text_or_path.lstrip().startswith("{"):
        path = Path(text_or_path).expanduser()
        try:
            return path.read_text(), path.parent
        except OSError as error:
            message = f"kubeconfig: {path}: {error.strerror or error}"
            raise KubeconfigError(message) from None
    return text_or_path, Path()


def _entry(config: dict[str, Any], section: str, name: str, singular: str) -> dict[str, Any]:
    entries = config.get(section) or []
    for entry in entries:
        if entry.get("name") == name:
            return entry.get(singular) or {}
    known = ", ".join(str(entry.get("name")) for entry in entries) or "none"
    message = f"kubeconfig: no {singular} named {name!r}; it has: {known}"
    raise KubeconfigError(message)


def _connection(
    where: dict[str, Any], user: dict[str, Any], namespace: str, folder: Path
) -> Connection:
    server = where.get("server")
    if not isinstance(server, str) or not server.startswith("https://"):
        message = f"kubeconfig: the server is {server!r}; it has to be an https:// address"
        raise KubeconfigError(message)
    _refuse(where, user)
    return Connection(
        server=server.rstrip("/"),
        namespace=namespace,
        authority=_pem(where, "certificate-authority", folder),
        certificate=_pem(user, "client-certificate", folder),
        key=_pem(user, "client-key", folder),
        token=_token(user, folder),
        server_name=where.get("tls-server-name"),
    )


def _refuse(where: dict[str, Any], user: dict[str, Any]) -> None:
    if where.get("insecure-skip-tls-verify"):
        message = (
            "kubeconfig: insecure-skip-tls-verify is set; the embedded provider always verifies"
            " the API server, so give its certificate-authority-data instead"
        )
        raise KubeconfigError(message)
    if where.get("proxy-url"):
        message = "kubeconfig: proxy-url is not supported by the embedded provider"
        raise KubeconfigError(message)
    for method in ("exec", "auth-provider", "username", "impersonate", "as"):
        if user.get(method):
            message = (
                f"kubeconfig: credentials by {method!r} are not used by the embedded provider,"
                " which knows client certificates and tokens; install the released Kubernetes"
                " plugin to deploy to this cluster"
            )
            raise KubeconfigError(message)


def _pem(section: dict[str, Any], key: str, folder: Path) -> str | None:
    data = section.get(f"{key}-data")
    if data:
        try:
            return base64.b64decode(data, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            message = f"kubeconfig: {key}-data is not base64 of a PEM text"
            raise KubeconfigError(message) from None
    return _file(section.get(key), key, folder)


def _token(user: dict[str, Any], folder: Path) -> str | None:
    token = user.get("token") or _file(user.get("tokenFile"), "tokenFile", folder)
    return token.strip() if token else None


def _file(name: str | None, key: str, folder: Path) -> str | None:
    if not name:
        return None
    path = folder / Path(name).expanduser()
    try:
        return path.read_text()
    except OSError as error:
        message = f"kubeconfig: {key}: {path}: {error.strerror or error}"
        raise KubeconfigError(message) from None
