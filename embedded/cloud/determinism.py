"""Makes moto answer the same request the same way twice.

Replaying a journal gives the same ids and dates only when everything that moto
draws from (random numbers, the clock, new keys) is either a function of the
journal or recorded in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from moto.core import base_backend
from moto.moto_api._internal import mock_random

# OpenSSL draws from the machine and cannot be seeded: such keys are kept.
_KEY_MAKERS: tuple[tuple[Any, str], ...] = (
    (rsa, "generate_private_key"),
    (ec, "generate_private_key"),
    (ed25519.Ed25519PrivateKey, "generate"),
)


class UnrecordedKeyError(Exception):
    """A replayed request asked for a key that the first run never made."""


class Determinism:
    """Seeds, freezes and records what one request sees of chance and time.

    `secret` and `born` come from the journal, so that two environments have
    different ids and one environment always has the same.
    """

    def __init__(self, secret: str, born: float) -> None:
        self._secret = secret
        self._born = born
        self._draws = threading.local()

    def install(self) -> None:
        """Take over moto's sources of chance; once a process, before the first request."""
        real = os.urandom

        def urandom(size: int, /) -> bytes:
            drawn: random.Random | None = getattr(self._draws, "bytes", None)
            return drawn.randbytes(size) if drawn else real(size)

        os.urandom = urandom
        for owner, attribute in _KEY_MAKERS:
            setattr(owner, attribute, self._recorded(getattr(owner, attribute)))
        self._seed_new_backends()

    @contextlib.contextmanager
    def request(self, label: str, at: float, keys: list[str]) -> Iterator[None]:
        """Run one request: chance from `label`, the clock at `at`, new keys in `keys`.

        An empty `keys` is filled; a filled one is used up, first key first.
        """
        self._draws.keys, self._draws.replaying = keys, bool(keys)
        try:
            with self._chance(label), time_machine.travel(at, tick=False):
                yield
        finally:
            self._draws.keys = None

    @contextlib.contextmanager
    def _chance(self, label: str) -> Iterator[None]:
        """Seed from `label`, and put back what was there: backends are made inside requests."""
        before = mock_random.getstate(), random.getstate(), getattr(self._draws, "bytes", None)
        seed = hashlib.sha256(f"{self._secret}/{label}".encode()).hexdigest()
        mock_random.seed(seed)
        random.seed(seed)
        self._draws.bytes = random.Random(seed)  # noqa: S311 - an emulator's keys
        try:
            yield
        finally:
            mock_random.setstate(before[0])
            random.setstate(before[1])
            self._draws.bytes = before[2]

    def _seed_new_backends(self) -> None:
        """Make a region's backend the same whichever request comes first.

        Also a read brings one up, with a default VPC and its ids; reads are not
        in the journal.
        """
        plain = base_backend.AccountSpecificBackend.__getitem__

        def get(backends: Any, region: str) -> Any:
            if region in backends.keys() or region == "global":  # noqa: SIM118 - `in` means else
                return plain(backends, region)
            label = f"backend/{backends.service_name}/{backends.account_id}/{region}"
            with self._chance(label), time_machine.travel(self._born, tick=False):
                return plain(backends, region)

        setattr(base_backend.AccountSpecificBackend, "__getitem__", get)  # noqa: B010

    def _recorded(self, make: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(*args: Any, **kwargs: Any) -> Any:
            keys: list[str] | None = getattr(self._draws, "keys", None)
            if keys is None:
                return make(*args, **kwargs)
            if self._draws.replaying:
                return _load(keys)
            key = make(*args, **kwargs)
            keys.append(_dump(key))
            return key

        return recorded


def _dump(key: Any) -> str:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


def _load(keys: list[str]) -> Any:
    if not keys:
        message = "the request makes more keys than it did the first time"
        raise UnrecordedKeyError(message)
    # The key was whole when it was written down; checking its primes takes 40 ms.
    return serialization.load_pem_private_key(
        keys.pop(0).encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
