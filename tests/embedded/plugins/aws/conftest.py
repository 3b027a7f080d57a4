"""A moto server for the session and a provider that talks to it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from embedded.cloud import extensions
from embedded.plugins.aws.journal import Journal
from embedded.plugins.aws.provider import AwsProvider
from embedded.plugins.provider import Autonaming, Diff, Failure, Target

AUTONAMING = Autonaming(proposed=None, enforced=False, disabled=False, seed=b"seed")
SERVICES = ("ec2", "ecr", "eks", "events", "iam", "kms", "logs", "s3", "sqs", "ssm", "sts")


@dataclass
class Engine:
    """Speaks to the provider as the engine does, one resource at a time."""

    provider: AwsProvider

    def target(self, token: str, name: str, **more: Any) -> Target:
        urn = f"urn:pulumi:local::ballast::{token}::{name}"
        return Target(urn=urn, type=token, name=name, **more)

    def check(
        self,
        token: str,
        inputs: dict[str, Any],
        olds: dict[str, Any] | None = None,
        name: str = "thing",
        autonaming: Autonaming = AUTONAMING,
    ) -> tuple[dict[str, Any], list[Failure]]:
        return self.provider.check(self.target(token, name), olds or {}, inputs, autonaming)

    def checked(
        self,
        token: str,
        inputs: dict[str, Any],
        olds: dict[str, Any] | None = None,
        name: str = "thing",
    ) -> dict[str, Any]:
        checked, failures = self.check(token, inputs, olds, name)
        assert failures == []
        return checked

    def preview(self, token: str, inputs: dict[str, Any], name: str = "thing") -> dict[str, Any]:
        checked = self.checked(token, inputs, name=name)
        return self.provider.create(self.target(token, name, preview=True), checked)[1]

    def create(self, token: str, inputs: dict[str, Any], name: str = "thing") -> Made:
        checked = self.checked(token, inputs, name=name)
        identity, outputs = self.provider.create(self.target(token, name), checked)
        return Made(self, token, name, identity, checked, outputs)


@dataclass
class Made:
    """A resource as the engine keeps it in its state."""

    engine: Engine
    token: str
    name: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]

    @property
    def target(self) -> Target:
        return self.engine.target(self.token, self.name, id=self.id)

    def read(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        return self.engine.provider.read(self.target, self.inputs, self.outputs)

    def refresh(self) -> None:
        _, self.inputs, self.outputs = self.read()

    def imported(self, identity: str = "") -> tuple[str, dict[str, Any], dict[str, Any]]:
        target = self.engine.target(self.token, self.name, id=identity or self.id)
        return self.engine.provider.read(target, {}, {})

    def diff(self, inputs: dict[str, Any]) -> Diff:
        news = self.engine.checked(self.token, inputs, self.inputs, self.name)
        return self.engine.provider.diff(self.target, self.inputs, self.outputs, news)

    def update(self, inputs: dict[str, Any]) -> dict[str, Any]:
        news = self.engine.checked(self.token, inputs, self.inputs, self.name)
        provider = self.engine.provider
        self.outputs = provider.update(self.target, self.inputs, self.outputs, news)
        self.inputs = news
        return self.outputs

    def delete(self) -> None:
        self.engine.provider.delete(self.target, self.inputs, self.outputs)

    @property
    def gone(self) -> bool:
        return self.read()[0] == ""


@pytest.fixture(scope="session")
def cloud() -> Iterator[str]:
    extensions.install()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def make_engine(cloud: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Engine]:
    def make(journal: Path | None = None, **settings: Any) -> Engine:
        folder = journal or tmp_path_factory.mktemp("journal")
        provider = AwsProvider(Journal(folder))
        endpoints = [dict.fromkeys(SERVICES, cloud)]
        provider.configure({"region": "us-east-1", "endpoints": endpoints, **settings})
        return Engine(provider)

    return make


@pytest.fixture(scope="session")
def engine(make_engine: Callable[..., Engine]) -> Engine:
    """One provider for all tests that need no settings of their own: clients are slow to make."""
    return make_engine()


@pytest.fixture
def offline(tmp_path: Path) -> Engine:
    """A provider as in the stack dev: no endpoint, so nothing may be called."""
    provider = AwsProvider(Journal(tmp_path))
    provider.configure({"region": "us-east-1", "allowedAccountIds": '["210987654321"]'})
    return Engine(provider)
