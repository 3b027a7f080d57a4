"""The provider's own settings: which region, which endpoints, which default tags."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from embedded.plugins.aws.schema import Schema
from embedded.plugins.provider import Failure
from embedded.plugins.values import UNKNOWN, contains_unknown

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
# Other names that the released provider takes for an endpoint.
_ALIASES: Final = {
    "logs": ("cloudwatchlogs", "cloudwatchlog"),
    "events": ("eventbridge", "cloudwatchevents"),
    "cloudwatch": ("cloudwatch",),
    "application-autoscaling": ("appautoscaling", "applicationautoscaling"),
    "elbv2": ("elasticloadbalancingv2",),
    "s3": ("s3api",),
}
_INTERNAL: Final = frozenset({"version", "__internal", "pluginDownloadURL", "__defaults"})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What `aws.Provider(...)` was given."""

    region: str = ""
    access_key: str = "embedded"
    secret_key: str = "embedded"  # noqa: S105 - any key opens the embedded cloud
    endpoints: dict[str, str] = field(default_factory=dict)
    default_tags: dict[str, str] = field(default_factory=dict)
    ignored_tag_keys: frozenset[str] = frozenset()
    ignored_tag_prefixes: tuple[str, ...] = ()
    allowed_accounts: tuple[str, ...] = ()
    path_style: bool = False

    def endpoint(self, service: str) -> str | None:
        """Return where the service answers, if an endpoint was given for it."""
        for name in (service, *_ALIASES.get(service, ())):
            if self.endpoints.get(name):
                return self.endpoints[name]
        return None


def parse(args: dict[str, Any]) -> dict[str, Any]:
    """Return the settings as plain data: the engine sends nested values as JSON text."""
    return {key: _value(key, value) for key, value in args.items() if key not in _INTERNAL}


def _value(key: str, value: Any) -> Any:
    kind = Schema.load().provider.get(key, "string")
    if kind == "string" or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def check(args: dict[str, Any]) -> list[Failure]:
    """Return what is wrong with the settings."""
    values = parse(args)
    schema = Schema.load()
    failures = schema.check_object(values, schema.provider, (), "")
    if values.get("region") is None:
        reason = 'region is missing; set it on the provider, e.g. region="us-east-1"'
        failures.append(Failure("region", reason))
    for service, url in _endpoints(values).items():
        if not is_loopback(url):
            reason = (
                f"endpoint {url!r} of {service} is not on this machine. The embedded AWS provider "
                "talks to loopback only (127.0.0.1, localhost, ::1); to reach AWS, install the "
                "released plugin: pulumi plugin install resource aws"
            )
            failures.append(Failure("endpoints", reason))
    return failures


def is_loopback(url: str) -> bool:
    """Tell whether the address can only be on this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK


def load(args: dict[str, Any]) -> Settings:
    """Return the settings; unknown ones, in a preview, count as absent."""
    values = parse(args)
    default_tags = _block(values, "defaultTags").get("tags") or {}
    ignored = _block(values, "ignoreTags")
    return Settings(
        region=_text(values, "region", ""),
        access_key=_text(values, "accessKey", "embedded"),
        secret_key=_text(values, "secretKey", "embedded"),
        endpoints=_endpoints(values),
        default_tags={} if contains_unknown(default_tags) else default_tags,
        ignored_tag_keys=frozenset(ignored.get("keys") or ()),
        ignored_tag_prefixes=tuple(ignored.get("keyPrefixes") or ()),
        allowed_accounts=tuple(values.get("allowedAccountIds") or ()),
        path_style=values.get("s3UsePathStyle") is True,
    )


def _text(values: dict[str, Any], key: str, default: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) and value else default


def _block(values: dict[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def _endpoints(values: dict[str, Any]) -> dict[str, str]:
    blocks = values.get("endpoints")
    if not isinstance(blocks, list):
        return {}
    merged: dict[str, str] = {}
    for block in blocks:
        if isinstance(block, dict):
            urls = {name: url for name, url in block.items() if url and url is not UNKNOWN}
            merged.update(urls)
    return merged
