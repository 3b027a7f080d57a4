"""ECR: pull-through cache rules, the registry's scanning, and repository policies."""

from __future__ import annotations

from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Resource, Step

_PREFIX: Final = {"ecrRepositoryPrefix": "{id}"}

PULL_THROUGH_CACHE_RULE = Resource(
    type="aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    label="ECR Pull Through Cache Rule",
    service="ecr",
    identity="{ecrRepositoryPrefix}",
    create=Call("create_pull_through_cache_rule"),
    read=Call(
        "describe_pull_through_cache_rules",
        {"ecrRepositoryPrefixes": ["{id}"]},
        "pullThroughCacheRules[0]",
    ),
    delete=Call("delete_pull_through_cache_rule", _PREFIX),
    sends=(
        "ecrRepositoryPrefix",
        "upstreamRegistryUrl",
        "upstreamRepositoryPrefix",
        "credentialArn",
        "customRoleArn",
    ),
    steps=(
        Step(("credentialArn", "customRoleArn"), Call("update_pull_through_cache_rule", _PREFIX)),
    ),
    replaces=("ecrRepositoryPrefix", "upstreamRegistryUrl", "upstreamRepositoryPrefix"),
    defaults={"upstreamRepositoryPrefix": "ROOT"},
    outputs={"registryId": "registryId"},
    gone=("PullThroughCacheRuleNotFoundException",),
)


def _put_scanning(operation: Operation) -> Any:
    params = operation.values(("scanType", "rules"))
    operation.api("put_registry_scanning_configuration", params)
    return {}


def _reset_scanning(operation: Operation) -> None:
    """A registry always has a configuration: the one that it began with."""
    params = {"scanType": "BASIC", "rules": []}
    operation.api("put_registry_scanning_configuration", params)


SCANNING = Resource(
    type="aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
    label="ECR Registry Scanning Configuration",
    service="ecr",
    identity="{account}",
    create=_put_scanning,
    shape=("put_registry_scanning_configuration",),
    read=Call(
        "get_registry_scanning_configuration",
        result="{registryId: registryId, scanType: scanningConfiguration.scanType, "
        "rules: scanningConfiguration.rules}",
    ),
    delete=_reset_scanning,
    sends=("scanType", "rules"),
    steps=(Step(("scanType", "rules"), _put_scanning),),
    sets=("rules", "rules.repositoryFilters"),
    outputs={"registryId": "registryId"},
)

_REPOSITORY: Final = {"repositoryName": "{id}"}


def _put_policy(operation: Operation) -> Any:
    operation.api("set_repository_policy", operation.values(("repository", "policy")))
    return {}


REPOSITORY_POLICY = Resource(
    type="aws:ecr/repositoryPolicy:RepositoryPolicy",
    label="ECR Repository Policy",
    service="ecr",
    identity="{repository}",
    create=_put_policy,
    shape=("set_repository_policy",),
    read=Call("get_repository_policy", _REPOSITORY),
    delete=Call("delete_repository_policy", _REPOSITORY),
    sends=("repository", "policy"),
    names={"repository": "repositoryName", "policy": "policyText"},
    steps=(Step(("policy",), _put_policy),),
    replaces=("repository",),
    documents=("policy",),
    outputs={"registryId": "registryId"},
    gone=("RepositoryPolicyNotFoundException", "RepositoryNotFoundException"),
)

RESOURCES = (PULL_THROUGH_CACHE_RULE, SCANNING, REPOSITORY_POLICY)
