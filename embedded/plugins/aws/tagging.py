"""Tags: merging the provider's default tags, and the shapes that the APIs want."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from embedded.plugins.aws.resource import Call, Tagging
from embedded.plugins.aws.settings import Settings
from embedded.plugins.values import UNKNOWN, contains_unknown


def merged(settings: Settings, tags: Any) -> Any:
    """Return `tagsAll`: the provider's default tags under the resource's own."""
    if contains_unknown(tags):
        return UNKNOWN
    everything = {**settings.default_tags, **(tags or {})}
    return {key: value for key, value in everything.items() if not _ignored(settings, key)}


def _ignored(settings: Settings, key: str) -> bool:
    return key in settings.ignored_tag_keys or key.startswith(settings.ignored_tag_prefixes)


def own(settings: Settings, actual: Mapping[str, str], given: Any) -> dict[str, str]:
    """Return which of the actual tags are the resource's own `tags`.

    A default tag belongs to the provider unless the program gave the same key itself.
    """
    named = given if isinstance(given, dict) else {}
    return {
        key: value
        for key, value in actual.items()
        if key in named or settings.default_tags.get(key) != value
    }


def visible(settings: Settings, actual: Mapping[str, str]) -> dict[str, str]:
    """Return the tags without those that AWS keeps for itself or that are to be ignored."""
    return {
        key: value
        for key, value in actual.items()
        if not key.startswith("aws:") and not _ignored(settings, key)
    }


def styled(style: str, tags: Mapping[str, str]) -> Any:
    """Return tags in the shape that the API takes."""
    if style == "map":
        return dict(tags)
    key, value = _fields(style)
    return [{key: name, value: text} for name, text in tags.items()]


def plain(style: str, data: Any) -> dict[str, str]:
    """Return the API's tags as a map."""
    if not data:
        return {}
    if style == "map":
        return dict(data)
    key, value = _fields(style)
    return {item[key]: item.get(value, "") for item in data}


def _fields(style: str) -> tuple[str, str]:
    return ("TagKey", "TagValue") if style == "kms" else ("Key", "Value")


def changes(old: Any, new: Any) -> tuple[dict[str, str], list[str]]:
    """Return the tags to set and the keys to take away."""
    before, after = old or {}, new or {}
    put = {key: value for key, value in after.items() if before.get(key) != value}
    return put, sorted(before.keys() - after.keys())


def ec2(kind: str) -> Tagging:
    """Return how EC2 tags a resource of the kind: all with the same calls, by id."""
    return Tagging(
        create={"TagSpecifications": [{"ResourceType": kind, "Tags": "{tags}"}]},
        tag=Call("create_tags", {"Resources": ["{id}"], "Tags": "{tags}"}),
        untag=Call("delete_tags", {"Resources": ["{id}"], "Tags": "{tagKeyList}"}),
    )


def keyed(
    noun: str, keys: Mapping[str, str], *, style: str = "list", read: str | Call = "Tags"
) -> Tagging:
    """Return tagging by `tag_<noun>` and `untag_<noun>`, as IAM and KMS do it."""
    return Tagging(
        create={"Tags": "{tags}"},
        tag=Call(f"tag_{noun}", {**keys, "Tags": "{tags}"}),
        untag=Call(f"untag_{noun}", {**keys, "TagKeys": "{tagKeys}"}),
        read=read,
        style=style,
    )


def by_arn(arn: str = "{arn}", *, read: str | Call = "tags") -> Tagging:
    """Return tagging by ARN with a map of tags, as EKS and CloudWatch Logs do it."""
    return Tagging(
        create={"tags": "{tags}"},
        tag=Call("tag_resource", {"resourceArn": arn, "tags": "{tags}"}),
        untag=Call("untag_resource", {"resourceArn": arn, "tagKeys": "{tagKeys}"}),
        read=read,
        style="map",
    )


def key_list(keys: Iterable[str]) -> list[dict[str, str]]:
    """Return keys as EC2 wants them in delete_tags."""
    return [{"Key": key} for key in keys]
