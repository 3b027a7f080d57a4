"""ECR pull-through cache rules: images of other registries, kept here once pulled."""

from __future__ import annotations

from typing import Any, Final

from moto.core.utils import utcnow
from moto.ecr.responses import ECRResponse

from embedded.cloud.additions import wire
from embedded.cloud.additions.wire import Parameters, RefusedError

# Registry -> its kind, and whether it asks who pulls.
_UPSTREAMS: Final = {
    "public.ecr.aws": ("ecr-public", False),
    "quay.io": ("quay", False),
    "registry.k8s.io": ("k8s", False),
    "registry-1.docker.io": ("docker-hub", True),
    "ghcr.io": ("github-container-registry", True),
    "registry.gitlab.com": ("gitlab-container-registry", True),
    "cgr.dev": ("chainguard", True),
}
_AZURE: Final = (".azurecr.io", ".azurecr.us")
_ECR: Final = ".amazonaws.com"


def rules(backend: Any) -> dict[str, Parameters]:
    """Return the registry's rules by the prefix of their repositories."""
    return vars(backend).setdefault("pull_through_cache_rules", {})


def _require(backend: Any, parameters: Parameters) -> Parameters:
    prefix = parameters["ecrRepositoryPrefix"]
    if prefix not in rules(backend):
        where = f"the registry with id '{backend.account_id}'"
        message = f"Pull through cache rule with prefix '{prefix}' does not exist in {where}"
        raise RefusedError(message, code="PullThroughCacheRuleNotFoundException")
    return rules(backend)[prefix]


def create_pull_through_cache_rule(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Make a rule."""
    prefix, url = parameters["ecrRepositoryPrefix"], parameters["upstreamRegistryUrl"]
    upstream = _upstream(url, parameters.get("upstreamRegistry"))
    if prefix in rules(backend):
        message = f"Pull through cache rule with prefix '{prefix}' already exists"
        raise RefusedError(message, code="PullThroughCacheRuleAlreadyExistsException")
    if _asks_who(url) and not parameters.get("credentialArn"):
        message = f"{url} needs a credentialArn: a secret named ecr-pullthroughcache/..."
        raise RefusedError(message, code="InvalidParameterException")
    stamp = utcnow()
    rule = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": url,
        "upstreamRegistry": upstream,
        "upstreamRepositoryPrefix": parameters.get("upstreamRepositoryPrefix") or "ROOT",
        "credentialArn": parameters.get("credentialArn"),
        "customRoleArn": parameters.get("customRoleArn"),
        "registryId": backend.account_id,
        "createdAt": stamp,
        "updatedAt": stamp,
    }
    rules(backend)[prefix] = rule
    return rule


def _upstream(url: str, given: str | None) -> str:
    """Return the registry's kind; refuse a registry that ECR does not know."""
    host = url.removeprefix("https://").rstrip("/")
    if host in _UPSTREAMS:
        found = _UPSTREAMS[host][0]
    elif host.endswith(_AZURE):
        found = "azure-container-registry"
    elif ".dkr.ecr." in host and host.endswith(_ECR):
        found = "ecr"
    else:
        known = ", ".join([*_UPSTREAMS, f"*{_AZURE[0]}", f"*.dkr.ecr.*{_ECR}"])
        message = f"{url!r} is not a registry that ECR can cache; known: {known}"
        raise RefusedError(message, code="UnsupportedUpstreamRegistryException")
    if given and given != found:
        message = f"upstreamRegistry is {given!r}, but {url} is {found!r}"
        raise RefusedError(message, code="InvalidParameterException")
    return found


def _asks_who(url: str) -> bool:
    host = url.removeprefix("https://").rstrip("/")
    return host.endswith(_AZURE) or _UPSTREAMS.get(host, ("", False))[1]


def describe_pull_through_cache_rules(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Tell the rules of these prefixes, or all."""
    prefixes = parameters.get("ecrRepositoryPrefixes")
    if not prefixes:
        return {"pullThroughCacheRules": list(rules(backend).values())}
    found = [_require(backend, {"ecrRepositoryPrefix": prefix}) for prefix in prefixes]
    return {"pullThroughCacheRules": found}


def update_pull_through_cache_rule(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Change the credentials or the role."""
    rule = _require(backend, parameters)
    for name in ("credentialArn", "customRoleArn"):
        rule[name] = parameters.get(name) or rule[name]
    rule["updatedAt"] = utcnow()
    return rule


def delete_pull_through_cache_rule(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Remove a rule; what was cached stays."""
    rule = _require(backend, parameters)
    return rules(backend).pop(rule["ecrRepositoryPrefix"])


OPERATIONS = (
    create_pull_through_cache_rule,
    describe_pull_through_cache_rules,
    update_pull_through_cache_rule,
    delete_pull_through_cache_rule,
)


def install() -> None:
    """Let moto's ECR have them."""
    wire.add(ECRResponse, OPERATIONS, lambda response: response.ecr_backend)
