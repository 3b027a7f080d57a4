"""Issues, keeps and renews the control plane's certificates.

What is on disk and still good is used again, so that a kubeconfig stays valid
across starts; what is missing, torn, foreign or about to expire is issued anew.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from embedded.cluster.certificates import AUTHORITIES, CERTIFICATES, SERVICE_ACCOUNT, Certificate
from embedded.cluster.files import write_whole

_AUTHORITY_LIFE: Final = timedelta(days=3650)
_LIFE: Final = timedelta(days=365)
# Renewed when less than this is left.
_AUTHORITY_MARGIN: Final = timedelta(days=400)
_MARGIN: Final = timedelta(days=30)
# A laptop's clock may be set back between two starts.
_BACKDATED: Final = timedelta(days=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Pki:
    """The folder of certificates and keys of one control plane."""

    folder: Path
    now: Callable[[], datetime] = _utc_now

    def certificate(self, name: str) -> Path:
        """Return the path of the certificate called `name`."""
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        """Return the path of the private key called `name`."""
        return self.folder / f"{name}.key"

    def public_key(self, name: str) -> Path:
        """Return the path of the public key called `name`."""
        return self.folder / f"{name}.pub"

    def ensure(self) -> list[str]:
        """Make every certificate good; return the names of those that were issued.

        Each file appears whole or not at all, and a key without its certificate
        counts as missing: a kill at any point is mended by the next call.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        issued: list[str] = []
        authorities = {name: self._ensure_authority(name, issued) for name in AUTHORITIES}
        for wanted in CERTIFICATES:
            self._ensure_certificate(wanted, authorities[wanted.authority], issued)
        self._ensure_service_account_key(issued)
        return issued

    def _ensure_authority(self, name: str, issued: list[str]) -> _Pair:
        pair = self._load(name)
        if pair and self._fresh(pair.certificate, _AUTHORITY_MARGIN):
            return pair
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ballast {name}")])
        builder = self._builder(subject, subject, key, key, _AUTHORITY_LIFE)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
        pair = _Pair(builder.sign(key, hashes.SHA256()), key)
        self._store(name, pair)
        issued.append(name)
        return pair

    def _ensure_certificate(self, wanted: Certificate, authority: _Pair, issued: list[str]) -> None:
        pair = self._load(wanted.name)
        if pair and self._good(pair.certificate, wanted, authority):
            return
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = authority.certificate.subject
        builder = self._builder(_subject(wanted), issuer, key, authority.key, _LIFE)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(_usages(wanted)), critical=False)
        if wanted.hosts:
            builder = builder.add_extension(_hosts(wanted), critical=False)
        certificate = builder.sign(authority.key, hashes.SHA256())
        self._store(wanted.name, _Pair(certificate, key))
        issued.append(wanted.name)

    def _ensure_service_account_key(self, issued: list[str]) -> None:
        """Keep the key pair of the tokens for good: another one would void them all."""
        key = self._load_key(SERVICE_ACCOUNT)
        if key is None:
            key = ec.generate_private_key(ec.SECP256R1())
            write_whole(self.key(SERVICE_ACCOUNT), _private_pem(key), mode=0o600)
            issued.append(SERVICE_ACCOUNT)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        path = self.public_key(SERVICE_ACCOUNT)
        if not path.exists() or path.read_bytes() != public:
            write_whole(path, public, mode=0o644)

    def _builder(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer_key: ec.EllipticCurvePrivateKey,
        life: timedelta,
    ) -> x509.CertificateBuilder:
        now = self.now()
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + life)
            .add_extension(own, critical=False)
            .add_extension(signer, critical=False)
        )

    def _good(self, certificate: x509.Certificate, wanted: Certificate, authority: _Pair) -> bool:
        try:
            certificate.verify_directly_issued_by(authority.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        same_hosts = _hosts_of(certificate) == (_hosts(wanted) if wanted.hosts else None)
        same_subject = certificate.subject == _subject(wanted)
        return same_subject and same_hosts and self._fresh(certificate, _MARGIN)

    def _fresh(self, certificate: x509.Certificate, margin: timedelta) -> bool:
        now = self.now()
        started = certificate.not_valid_before_utc <= now
        return started and now + margin < certificate.not_valid_after_utc

    def _load(self, name: str) -> _Pair | None:
        """Return the pair on disk, or None when half of it is missing, torn or foreign."""
        key = self._load_key(name)
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate(name).read_bytes())
        except (OSError, ValueError):
            return None
        if key is None or certificate.public_key() != key.public_key():
            return None
        return _Pair(certificate, key)

    def _load_key(self, name: str) -> ec.EllipticCurvePrivateKey | None:
        path = self.key(name)
        try:
            path.chmod(0o600)
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError):
            return None
        return key if isinstance(key, ec.EllipticCurvePrivateKey) else None

    def _store(self, name: str, pair: _Pair) -> None:
        write_whole(self.key(name), _private_pem(pair.key), mode=0o600)
        certificate = pair.certificate.public_bytes(serialization.Encoding.PEM)
        write_whole(self.certificate(name), certificate, mode=0o644)


def _subject(wanted: Certificate) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)]
    if wanted.organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, wanted.organization))
    return x509.Name(parts)


def _hosts(wanted: Certificate) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_host(host) for host in wanted.hosts])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hosts_of(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _usages(wanted: Certificate) -> list[x509.ObjectIdentifier]:
    usages = [ExtendedKeyUsageOID.SERVER_AUTH] if wanted.hosts else []
    return [*usages, ExtendedKeyUsageOID.CLIENT_AUTH] if wanted.client else usages


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
