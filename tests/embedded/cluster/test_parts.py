"""The command lines of the control plane."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import pytest

from embedded.cluster.certificates import CERTIFICATES, SERVICE_CIDR
from embedded.cluster.parts import (
    API_SERVER,
    CONTROLLER_MANAGER,
    ETCD,
    FINGERPRINT,
    KWOK,
    PARTS,
    PORTS,
    SCHEDULER,
    Parts,
)
from embedded.layout import LOOPBACK

each_part = pytest.mark.parametrize("name", PARTS)


def flags(parts: Parts, name: str) -> dict[str, str]:
    pairs = (argument.partition("=") for argument in parts.spec(name).argv[1:])
    return {flag.lstrip("-"): value for flag, _, value in pairs}


def fingerprint(parts: Parts, name: str) -> str:
    return parts.spec(name).env[FINGERPRINT]


@each_part
def test_nothing_is_switched_to_insecure(parts: Parts, name: str) -> None:
    for argument in parts.spec(name).argv:
        assert not re.search(r"insecure|skip|unsafe|http://|alwaysallow", argument.lower())


@each_part
def test_every_address_is_loopback(parts: Parts, name: str) -> None:
    found = [
        address
        for flag, value in flags(parts, name).items()
        if "cidr" not in flag and "range" not in flag
        for address in re.findall(r"\d+\.\d+\.\d+\.\d+", value)
    ]
    assert found
    assert set(found) == {LOOPBACK}


@each_part
def test_each_part_listens_on_its_own_ports(parts: Parts, name: str) -> None:
    own = {str(parts.layout.port(port)) for port in PORTS[name]}
    listening = {
        "listen-client-urls",
        "listen-peer-urls",
        "secure-port",
        "server-address",
    }
    given = {
        re.sub(r".*:", "", value) for flag, value in flags(parts, name).items() if flag in listening
    }
    assert given == own


@each_part
def test_the_command_line_stays_the_same(parts: Parts, name: str) -> None:
    assert parts.spec(name).argv == parts.spec(name).argv


@each_part
def test_every_certificate_and_key_that_is_named_exists(parts: Parts, name: str) -> None:
    named = [
        value for value in flags(parts, name).values() if value.endswith((".crt", ".key", ".pub"))
    ]
    assert named
    assert all(Path(value).is_file() for value in named)


def test_etcd_wants_a_certificate_of_clients_and_of_peers(parts: Parts) -> None:
    given = flags(parts, ETCD)
    assert given["client-cert-auth"] == given["peer-client-cert-auth"] == "true"
    assert given["trusted-ca-file"] == given["peer-trusted-ca-file"]
    assert given["trusted-ca-file"] != flags(parts, API_SERVER)["client-ca-file"]


def test_the_api_server_knows_nobody_without_a_certificate_or_token(parts: Parts) -> None:
    given = flags(parts, API_SERVER)
    assert given["anonymous-auth"] == "false"
    assert given["authorization-mode"] == "Node,RBAC"


def test_the_api_server_admits_as_upstream_does(parts: Parts) -> None:
    assert not [flag for flag in flags(parts, API_SERVER) if "admission" in flag]


def test_a_front_proxy_needs_another_authority_than_clients(parts: Parts) -> None:
    given = flags(parts, API_SERVER)
    assert given["requestheader-client-ca-file"] != given["client-ca-file"]
    assert given["requestheader-allowed-names"] == "front-proxy-client"


def test_the_address_of_the_api_server_lies_in_the_service_range() -> None:
    hosts = next(wanted.hosts for wanted in CERTIFICATES if wanted.name == "kube-apiserver")
    first = next(ipaddress.ip_network(SERVICE_CIDR).hosts())
    assert str(first) in hosts


@each_part
def test_the_fingerprint_stays_while_nothing_changes(parts: Parts, name: str) -> None:
    assert fingerprint(parts, name) == fingerprint(parts, name)


@pytest.mark.parametrize("name", [CONTROLLER_MANAGER, SCHEDULER, KWOK])
def test_the_fingerprint_changes_with_the_kubeconfig(parts: Parts, name: str) -> None:
    kubeconfig = parts.kubeconfig(name)
    kubeconfig.parent.mkdir(parents=True)
    kubeconfig.write_text("server: https://127.0.0.1:1")
    before = fingerprint(parts, name)
    kubeconfig.write_text("server: https://127.0.0.1:2")
    assert fingerprint(parts, name) != before


@pytest.mark.parametrize("name", [ETCD, API_SERVER])
def test_the_fingerprint_changes_with_the_address_of_etcd(parts: Parts, name: str) -> None:
    before = fingerprint(parts, name)
    parts.layout.move_port(ETCD)
    assert fingerprint(parts, name) != before


def test_the_fingerprint_changes_with_a_renewed_certificate(parts: Parts) -> None:
    before = fingerprint(parts, API_SERVER)
    parts.pki.certificate("kube-apiserver").unlink()
    parts.pki.ensure()
    assert fingerprint(parts, API_SERVER) != before
