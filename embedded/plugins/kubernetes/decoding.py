"""YAML text as objects: what ConfigFile and ConfigGroup ask for."""

from __future__ import annotations

from typing import Any

import yaml

from embedded.plugins.kubernetes import checking
from embedded.plugins.kubernetes.kinds import kind_of
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.provider import ProviderError


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it, by way of JSON: a date is a text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def decode(text: str, namespace: str = "") -> list[Object]:
    """Return the objects of a YAML text, lists taken apart; `namespace` is for those without."""
    try:
        documents = list(yaml.load_all(text, _Loader))
    except yaml.YAMLError as error:
        message = f"not YAML: {error}"
        raise ProviderError(message) from None
    items = [item for document in documents if document for item in _items(document)]
    return [_placed(item, namespace) for item in items]


def _items(document: Any) -> list[Object]:
    if isinstance(document, dict) and str(document.get("kind", "")).endswith("List"):
        return [item for item in document.get("items") or [] if item]
    return [document]


def _placed(item: Object, namespace: str) -> Object:
    if not kind_of(item).assumed_namespaced or not namespace:
        return item
    return checking.with_namespace(item, namespace)
