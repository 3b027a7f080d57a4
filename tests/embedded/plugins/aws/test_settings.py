"""The provider's own settings, and that nothing but this machine is ever called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded.plugins.aws import settings
from embedded.plugins.aws.clients import Clients
from embedded.plugins.provider import ProviderError
from embedded.plugins.values import UNKNOWN
from tests.embedded.plugins.aws.conftest import Engine

LOCAL = "http://127.0.0.1:5000"


def reasons(**args: Any) -> dict[str, str]:
    found = settings.check({"region": "us-east-1", **args})
    return {failure.property: failure.reason for failure in found}


def test_nested_settings_arrive_as_json_text() -> None:
    args = {
        "region": "us-east-1",
        "endpoints": json.dumps([{"ec2": LOCAL}, {"cloudwatchlogs": LOCAL}]),
        "defaultTags": json.dumps({"tags": {"Project": "ballast"}}),
        "s3UsePathStyle": "true",
        "version": "7.51.1",
    }
    assert settings.check(args) == []
    found = settings.load(args)
    assert found.endpoint("ec2") == LOCAL
    assert found.endpoint("logs") == LOCAL
    assert found.endpoint("eks") is None
    assert found.default_tags == {"Project": "ballast"}
    assert found.path_style


@pytest.mark.parametrize(
    "url", ["https://ec2.us-east-1.amazonaws.com", "http://10.0.0.1:80", "http://127.0.0.1.nip.io"]
)
def test_an_endpoint_that_is_not_on_this_machine_is_refused(url: str) -> None:
    assert "is not on this machine" in reasons(endpoints=[{"ec2": url}])["endpoints"]


def test_a_setting_that_the_provider_lacks_is_named() -> None:
    assert "did you mean" in reasons(regoin="x")["regoin"]


def test_a_region_is_needed() -> None:
    found = settings.check({})
    assert [failure.property for failure in found] == ["region"]


def test_settings_that_are_not_known_yet_pass() -> None:
    assert reasons(accessKey=UNKNOWN) == {}
    assert settings.load({"region": UNKNOWN, "accessKey": UNKNOWN}).region == ""


@pytest.mark.parametrize("url", [None, "https://sts.amazonaws.com", "ftp://127.0.0.1"])
def test_no_client_is_made_for_anything_else(url: str | None) -> None:
    endpoints = {"sts": url} if url else {}
    clients = Clients(settings.Settings(region="us-east-1", endpoints=endpoints))
    with pytest.raises(ProviderError, match="never calls AWS"):
        clients.get("sts")


@pytest.mark.parametrize("act", ["create", "read", "update", "delete"])
def test_without_endpoints_nothing_is_done_and_one_sentence_says_why(
    offline: Engine, act: str
) -> None:
    token = "aws:ec2/vpc:Vpc"
    inputs = offline.checked(token, {"cidrBlock": "10.0.0.0/16"})
    target = offline.target(token, "vpc", id="vpc-1")
    calls = {
        "create": lambda: offline.provider.create(target, inputs),
        "read": lambda: offline.provider.read(target, inputs, {}),
        "update": lambda: offline.provider.update(target, inputs, {}, inputs),
        "delete": lambda: offline.provider.delete(target, inputs, {}),
    }
    with pytest.raises(ProviderError, match="install the released plugin to deploy to AWS"):
        calls[act]()


def test_a_cloud_that_is_down_is_named_with_the_way_to_start_it() -> None:
    url = "http://127.0.0.1:9"
    clients = Clients(settings.Settings(region="us-east-1", endpoints={"sts": url}))
    with pytest.raises(ProviderError, match=f"does not answer at {url}.*ballast local start"):
        clients.call("sts", "get_caller_identity", {})


def test_another_region_replaces_the_provider(offline: Engine) -> None:
    diff = offline.provider.diff_config({"region": "us-east-1"}, {"region": "eu-west-1"})
    assert diff.replaces == {"region"}
