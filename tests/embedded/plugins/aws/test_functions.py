"""Data sources."""

from __future__ import annotations

import pytest

from embedded.plugins.provider import ProviderError
from tests.embedded.plugins.aws.conftest import Engine


def test_the_pure_ones_work_offline(offline: Engine) -> None:
    invoke = offline.provider.invoke
    region = invoke("aws:index/getRegion:getRegion", {}, preview=True)
    assert region["region"] == "us-east-1"
    partition = invoke("aws:index/getPartition:getPartition", {}, preview=True)
    assert (partition["partition"], partition["dnsSuffix"]) == ("aws", "amazonaws.com")
    document = invoke("aws:iam/getPolicyDocument:getPolicyDocument", {}, preview=True)
    assert '"Statement": []' in document["json"]


def test_the_others_say_offline_why_they_cannot(offline: Engine) -> None:
    with pytest.raises(ProviderError, match="install the released plugin"):
        offline.provider.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}, preview=True)


def test_an_unknown_one_is_named(offline: Engine) -> None:
    with pytest.raises(ProviderError, match="aws:ec2/getVpcs:getVpcs is not supported"):
        offline.provider.invoke("aws:ec2/getVpcs:getVpcs", {}, preview=True)


def test_the_account_and_the_zones_come_from_the_cloud(engine: Engine) -> None:
    invoke = engine.provider.invoke
    caller = invoke("aws:index/getCallerIdentity:getCallerIdentity", {}, preview=False)
    assert caller["accountId"] == "123456789012"
    args = {"state": "available", "excludeNames": ["us-east-1a"]}
    zones = invoke("aws:index/getAvailabilityZones:getAvailabilityZones", args, preview=False)
    assert zones["names"][0] == "us-east-1b"


def test_a_parameter_that_is_missing_is_an_error_with_its_code(engine: Engine) -> None:
    with pytest.raises(ProviderError, match="invoking getParameter: ParameterNotFound"):
        engine.provider.invoke("aws:ssm/getParameter:getParameter", {"name": "/x"}, preview=False)


def test_an_account_that_is_not_allowed_is_refused(make_engine, cloud: str) -> None:
    strict = make_engine(allowedAccountIds=["210987654321"])
    with pytest.raises(ProviderError, match="account 123456789012 is not allowed"):
        strict.create("aws:ec2/eip:Eip", {})
