"""Filling in an object's inputs, and what can be said against them without a cluster."""

from __future__ import annotations

from typing import Any

from embedded.plugins.kubernetes import naming, objects
from embedded.plugins.kubernetes.kinds import Kind, is_list, is_patch
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.provider import Failure, ProviderError
from embedded.plugins.values import UNKNOWN


def prepared(token: str, news: Object) -> Object:
    """Return the program's inputs as an object: complete, without nulls and server's own fields."""
    kind = Kind.from_type(token)
    if is_list(token):
        message = (
            f"{token} is a list, kept for manifests only; declare its items as resources of their"
            " own kind"
        )
        raise ProviderError(message)
    result: Object = {
        key: without_nulls(value)
        for key, value in news.items()
        if value is not None and not key.startswith("__")
    }
    result.setdefault("apiVersion", kind.api_version)
    result.setdefault("kind", kind.name)
    meta = objects.metadata(result)
    if result.get("metadata") is not UNKNOWN:
        result["metadata"] = {
            key: value for key, value in meta.items() if key not in objects.SERVER_METADATA
        }
    return result


def without_nulls(value: Any) -> Any:
    """Return plain data without the keys that hold nothing."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def with_namespace(news: Object, namespace: str) -> Object:
    """Return the inputs in `namespace` unless they name one."""
    if news.get("metadata") is UNKNOWN or objects.namespace(news) != "":
        return news
    return {**news, "metadata": {**objects.metadata(news), "namespace": namespace}}


def failures(token: str, news: Object) -> list[Failure]:
    """Return what is wrong with complete inputs."""
    found: list[Failure] = []
    api_version, name = news["apiVersion"], news["kind"]
    for key, value in (("apiVersion", api_version), ("kind", name)):
        if value is not UNKNOWN and not (isinstance(value, str) and value):
            found.append(Failure(key, f"got {value!r}; it is a text"))
    if found or UNKNOWN in (api_version, name):
        return found
    if is_patch(token, name) and objects.name(news) == "":
        reason = "a patch changes an object that exists: say which one"
        found.append(naming.problem("metadata.name", reason))
    if objects.metadata(news).get("generateName") not in (None, ""):
        reason = "not supported with server-side apply; leave the name out for an automatic one"
        found.append(naming.problem("metadata.generateName", reason))
    return found + _maps(news) + naming.failures(Kind.of(api_version, name), news)


def _maps(news: Object) -> list[Failure]:
    """Return labels and annotations whose values are not texts: YAML's `true` and `1` are not."""
    found: list[Failure] = []
    if news.get("metadata") is not UNKNOWN and not isinstance(news.get("metadata"), dict):
        return [Failure("metadata", f"got {news['metadata']!r}; it is an object")]
    for section in ("labels", "annotations"):
        entries = objects.metadata(news).get(section)
        if not isinstance(entries, dict):
            continue
        for key, value in entries.items():
            if value is not UNKNOWN and not isinstance(value, str):
                reason = f"got {value!r}; values of {section} are texts: write {str(value)!r}"
                found.append(naming.problem(f'metadata.{section}["{key}"]', reason))
    return found
