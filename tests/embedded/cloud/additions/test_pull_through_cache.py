"""Pull-through cache rules of ECR."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub"


@pytest.fixture
def ecr(aws: Aws) -> Any:
    return aws.client("ecr")


@pytest.fixture
def prefix() -> str:
    return f"cache-{uuid.uuid4().hex[:8]}"


def test_a_rule_is_told_as_it_was_made(ecr: Any, prefix: str) -> None:
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix=prefix, upstreamRegistryUrl="registry.k8s.io"
    )
    answer = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])
    rule = answer["pullThroughCacheRules"][0]
    assert rule["upstreamRegistryUrl"] == "registry.k8s.io"
    assert rule["upstreamRegistry"] == "k8s"
    assert rule["registryId"] == "123456789012"


def test_its_credentials_can_be_changed(ecr: Any, prefix: str) -> None:
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix=prefix,
        upstreamRegistryUrl="registry-1.docker.io",
        credentialArn=SECRET,
    )
    ecr.update_pull_through_cache_rule(ecrRepositoryPrefix=prefix, credentialArn=f"{SECRET}-2")
    answer = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])
    assert answer["pullThroughCacheRules"][0]["credentialArn"] == f"{SECRET}-2"


def test_a_removed_rule_is_not_found(ecr: Any, prefix: str) -> None:
    rule = {"ecrRepositoryPrefix": prefix}
    ecr.create_pull_through_cache_rule(**rule, upstreamRegistryUrl="quay.io")
    ecr.delete_pull_through_cache_rule(**rule)
    with pytest.raises(ecr.exceptions.PullThroughCacheRuleNotFoundException):
        ecr.delete_pull_through_cache_rule(**rule)
    with pytest.raises(ecr.exceptions.PullThroughCacheRuleNotFoundException):
        ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])


def test_a_prefix_has_one_rule(ecr: Any, prefix: str) -> None:
    rule = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "quay.io"}
    ecr.create_pull_through_cache_rule(**rule)
    with pytest.raises(ecr.exceptions.PullThroughCacheRuleAlreadyExistsException):
        ecr.create_pull_through_cache_rule(**rule)


@pytest.mark.parametrize(
    ("wrong", "code", "reason"),
    [
        (
            {"upstreamRegistryUrl": "example.org"},
            "UnsupportedUpstreamRegistryException",
            "known: public.ecr.aws",
        ),
        (
            {"upstreamRegistryUrl": "registry-1.docker.io"},
            "InvalidParameterException",
            "needs a credentialArn",
        ),
        (
            {"upstreamRegistryUrl": "ghcr.io", "credentialArn": SECRET.replace("ecr-pull", "pull")},
            "InvalidParameterException",
            "does not match",
        ),
        (
            {"upstreamRegistryUrl": "quay.io", "upstreamRegistry": "k8s"},
            "InvalidParameterException",
            "quay.io is 'quay'",
        ),
    ],
)
def test_what_ecr_cannot_cache_is_refused(
    ecr: Any, prefix: str, wrong: dict[str, str], code: str, reason: str
) -> None:
    with pytest.raises(ClientError, match=reason) as caught:
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, **wrong)
    assert caught.value.response["Error"]["Code"] == code


def test_a_prefix_that_no_repository_can_have_is_refused(ecr: Any) -> None:
    with pytest.raises(ClientError, match="does not match"):
        ecr.create_pull_through_cache_rule(
            ecrRepositoryPrefix="Upper", upstreamRegistryUrl="quay.io"
        )
