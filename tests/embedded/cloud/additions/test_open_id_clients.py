"""The client ids of an OpenID Connect provider of IAM."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded


@pytest.fixture
def iam(aws: Aws) -> Any:
    return aws.client("iam")


@pytest.fixture
def provider(iam: Any) -> dict[str, str]:
    url = f"https://oidc.example.org/{uuid.uuid4().hex}"
    made = iam.create_open_id_connect_provider(
        Url=url, ClientIDList=["one"], ThumbprintList=["0" * 40]
    )
    return {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}


def clients(iam: Any, provider: dict[str, str]) -> list[str]:
    return iam.get_open_id_connect_provider(**provider)["ClientIDList"]


def test_clients_come_and_go(iam: Any, provider: dict[str, str]) -> None:
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(**provider, ClientID="two")
        assert clients(iam, provider) == ["one", "two"]
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(**provider, ClientID="one")
        assert clients(iam, provider) == ["two"]


def test_a_provider_has_a_hundred_clients_at_most(iam: Any, provider: dict[str, str]) -> None:
    for number in range(99):
        iam.add_client_id_to_open_id_connect_provider(**provider, ClientID=f"client-{number}")
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.add_client_id_to_open_id_connect_provider(**provider, ClientID="one-too-many")


def test_an_unknown_provider_has_none(iam: Any) -> None:
    arn = "arn:aws:iam::123456789012:oidc-provider/nobody.example.org"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="x")
