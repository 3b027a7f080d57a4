"""The control plane's certificates: who signs what, and that they stay good."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from embedded.cluster import pki as pki_module
from embedded.cluster.certificates import (
    AUTHORITIES,
    CERTIFICATES,
    CLUSTER_CA,
    ETCD_CA,
    FRONT_PROXY_CA,
    SERVICE_ACCOUNT,
)
from embedded.cluster.pki import Pki

EVERYTHING = {*AUTHORITIES, SERVICE_ACCOUNT, *(wanted.name for wanted in CERTIFICATES)}


def load(pki: Pki, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki.certificate(name).read_bytes())


def contents(pki: Pki) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in pki.folder.iterdir()}


def verifiers(pki: Pki, authority: str) -> PolicyBuilder:
    return PolicyBuilder().store(Store([load(pki, authority)]))


def serves(pki: Pki, name: str, host: str, authority: str = CLUSTER_CA) -> bool:
    try:
        subject: x509.GeneralName = x509.IPAddress(ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    verifier = verifiers(pki, authority).build_server_verifier(subject)  # type: ignore[arg-type]
    try:
        verifier.verify(load(pki, name), [])
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "kubernetes.default.svc", "kubernetes", "172.20.0.1"],
)
def test_the_api_server_is_trusted_under_each_of_its_names(pki: Pki, host: str) -> None:
    assert serves(pki, "kube-apiserver", host)


def test_the_api_server_is_not_trusted_under_another_name(pki: Pki) -> None:
    assert not serves(pki, "kube-apiserver", "example.com")


@pytest.mark.parametrize("name", ["etcd", "etcd-peer"])
def test_etcd_serves_loopback_under_its_own_authority(pki: Pki, name: str) -> None:
    assert serves(pki, name, "127.0.0.1", ETCD_CA)
    assert not serves(pki, name, "127.0.0.1", CLUSTER_CA)


@pytest.mark.parametrize(
    ("authority", "names"),
    [
        (CLUSTER_CA, {"admin", "kube-controller-manager", "kube-scheduler", "kwok"}),
        (ETCD_CA, {"etcd-client"}),
        (FRONT_PROXY_CA, {"front-proxy-client"}),
    ],
)
def test_each_authority_signs_just_its_own_clients(
    pki: Pki, authority: str, names: set[str]
) -> None:
    issuer = load(pki, authority)
    signed = {
        wanted.name
        for wanted in CERTIFICATES
        if wanted.client and not wanted.hosts and load(pki, wanted.name).issuer == issuer.subject
    }
    assert signed == names
    for name in names:
        load(pki, name).verify_directly_issued_by(issuer)


def test_only_the_administrator_is_a_master(pki: Pki) -> None:
    groups = {
        wanted.name: [
            attribute.value
            for attribute in load(pki, wanted.name).subject
            if attribute.oid == NameOID.ORGANIZATION_NAME
        ]
        for wanted in CERTIFICATES
    }
    assert {name: group for name, group in groups.items() if group} == {"admin": ["system:masters"]}


def test_a_certificate_that_serves_cannot_be_used_as_a_client(pki: Pki) -> None:
    usage = load(pki, "kube-apiserver").extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(usage.value) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_private_keys_are_for_their_owner_alone(pki: Pki) -> None:
    keys = list(pki.folder.glob("*.key"))
    assert len(keys) == len(EVERYTHING)
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert stat.S_IMODE(pki.folder.stat().st_mode) == 0o700


def test_a_key_that_others_could_read_is_closed_again(pki: Pki) -> None:
    pki.key("admin").chmod(0o644)
    pki.ensure()
    assert stat.S_IMODE(pki.key("admin").stat().st_mode) == 0o600


def test_what_is_good_is_kept(pki: Pki) -> None:
    before = contents(pki)
    assert pki.ensure() == []
    assert contents(pki) == before


def test_certificates_are_renewed_in_their_last_thirty_days(pki: Pki) -> None:
    def in_days(days: int) -> Pki:
        return replace(pki, now=lambda: datetime.now(UTC) + timedelta(days=days))

    assert in_days(334).ensure() == []
    renewed = in_days(336).ensure()
    assert set(renewed) == {wanted.name for wanted in CERTIFICATES}


def test_a_renewed_authority_takes_its_certificates_with_it_and_spares_the_tokens(
    pki: Pki,
) -> None:
    tokens = pki.key(SERVICE_ACCOUNT).read_bytes()
    later = replace(pki, now=lambda: datetime.now(UTC) + timedelta(days=3300))
    assert set(later.ensure()) == EVERYTHING - {SERVICE_ACCOUNT}
    assert pki.key(SERVICE_ACCOUNT).read_bytes() == tokens


def test_no_certificate_outlives_its_authority(pki: Pki) -> None:
    # The latest moment at which an authority is still used for signing.
    ends = {name: load(pki, name).not_valid_after_utc for name in AUTHORITIES}
    last = min(ends.values()) - timedelta(days=401)
    replace(pki, now=lambda: last).ensure()
    for wanted in CERTIFICATES:
        assert load(pki, wanted.name).not_valid_after_utc < ends[wanted.authority]


def test_a_clock_that_was_set_back_makes_new_certificates(pki: Pki) -> None:
    earlier = replace(pki, now=lambda: datetime.now(UTC) - timedelta(days=10))
    assert set(earlier.ensure()) == EVERYTHING - {SERVICE_ACCOUNT}


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:50])


@pytest.mark.parametrize("damage", [Path.unlink, _truncate, lambda file: file.write_text("?")])
@pytest.mark.parametrize("suffix", ["crt", "key"])
def test_a_damaged_pair_is_issued_again_and_nothing_else(
    pki: Pki, suffix: str, damage: Callable[[Path], object]
) -> None:
    damage(pki.folder / f"kwok.{suffix}")
    assert pki.ensure() == ["kwok"]
    load(pki, "kwok").verify_directly_issued_by(load(pki, CLUSTER_CA))


def test_a_certificate_with_the_key_of_another_is_issued_again(pki: Pki) -> None:
    pki.key("kwok").write_bytes(pki.key("admin").read_bytes())
    assert pki.ensure() == ["kwok"]


def test_a_certificate_for_other_names_than_wanted_is_issued_again(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tuple(
        replace(wanted, hosts=(*wanted.hosts, "ballast.test"))
        if wanted.name == "kube-apiserver"
        else wanted
        for wanted in CERTIFICATES
    )
    monkeypatch.setattr(pki_module, "CERTIFICATES", changed)
    assert pki.ensure() == ["kube-apiserver"]
    assert serves(pki, "kube-apiserver", "ballast.test")


def test_a_kill_at_any_write_is_mended_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = 2 * (len(EVERYTHING))
    real = pki_module.write_whole
    for survived in range(writes):
        pki = Pki(tmp_path / str(survived))
        left = iter([True] * survived)

        def write(path: Path, content: bytes, *, mode: int = 0o600, left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise KeyboardInterrupt
            real(path, content, mode=mode)

        monkeypatch.setattr(pki_module, "write_whole", write)
        with pytest.raises(KeyboardInterrupt):
            pki.ensure()
        monkeypatch.setattr(pki_module, "write_whole", real)
        pki.ensure()
        assert pki.ensure() == []
        for wanted in CERTIFICATES:
            load(pki, wanted.name).verify_directly_issued_by(load(pki, wanted.authority))
