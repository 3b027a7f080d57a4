"""The kubeconfigs of people and parts."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.cluster.kubeconfigs import write_kubeconfig
from embedded.cluster.pki import Pki

SERVER = "https://127.0.0.1:20443"


@pytest.fixture
def kubeconfig(tmp_path: Path, pki: Pki) -> Path:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, server=SERVER, pki=pki, identity="admin")
    return path


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())


def test_the_context_is_called_ballast_local_and_is_current(kubeconfig: Path) -> None:
    content = read(kubeconfig)
    assert content["current-context"] == "ballast-local"
    assert [context["name"] for context in content["contexts"]] == ["ballast-local"]


def test_it_holds_the_authority_and_the_identity_themselves(kubeconfig: Path, pki: Pki) -> None:
    content = read(kubeconfig)
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    assert cluster["server"] == SERVER
    authority = pki.certificate("cluster-ca").read_bytes()
    assert base64.b64decode(cluster["certificate-authority-data"]) == authority
    certificate = pki.certificate("admin").read_bytes()
    assert base64.b64decode(user["client-certificate-data"]) == certificate
    assert base64.b64decode(user["client-key-data"]) == pki.key("admin").read_bytes()


def test_it_skips_no_verification(kubeconfig: Path) -> None:
    assert "insecure" not in kubeconfig.read_text()


def test_it_is_for_its_owner_alone(kubeconfig: Path) -> None:
    assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600


def test_it_is_left_alone_while_nothing_changed_but_closed_to_others(
    kubeconfig: Path, pki: Pki
) -> None:
    kubeconfig.chmod(0o644)
    before = kubeconfig.stat().st_ino
    write_kubeconfig(kubeconfig, server=SERVER, pki=pki, identity="admin")
    assert kubeconfig.stat().st_ino == before
    assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600


def test_it_follows_the_server(kubeconfig: Path, pki: Pki) -> None:
    write_kubeconfig(kubeconfig, server="https://127.0.0.1:20444", pki=pki, identity="admin")
    assert read(kubeconfig)["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:20444"
