"""Resources out of files: rendered YAML, a state, or what a preview said.

So the pack can be tried on a Helm chart, or on anybody's stack, without an engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from frame.facts import Node, is_list, is_mapping, thaw
from frame.resource import Resource
from frame.wire import SECRET, SIGNATURE


class SourceError(Exception):
    """The file holds nothing that can be checked; the message says what was expected."""


def read(path: Path) -> list[Resource]:
    """Return the resources in a file, whichever kind of file it is."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise SourceError(message) from error
    found = list(_from_text(text))
    if not found:
        message = (
            f"{path} holds nothing to check; expected are Kubernetes YAML (`helm template`), a "
            "state (`pulumi stack export`) or a preview (`pulumi preview --json`)"
        )
        raise SourceError(message)
    return found


def _from_text(text: str) -> Iterator[Resource]:
    try:
        content: object = json.loads(text)
    except ValueError:
        yield from from_manifests(text)
        return
    if is_mapping(content) and is_mapping(content.get("deployment")):
        yield from _from_states(content["deployment"].get("resources"))
    elif is_mapping(content) and is_list(content.get("steps")):
        states = [step.get("newState") for step in content["steps"] if is_mapping(step)]
        yield from _from_states([state for state in states if state])
    else:
        yield from from_manifests(text)


def from_manifests(text: str) -> Iterator[Resource]:
    """Go through the objects of Kubernetes YAML, lists included."""
    try:
        documents: list[Any] = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        message = f"the YAML cannot be read: {error}"
        raise SourceError(message) from error
    for document in documents:
        yield from _objects(document)


def _objects(document: object) -> Iterator[Resource]:
    if not is_mapping(document):
        return
    if is_list(document.get("items")) and str(document.get("kind", "")).endswith("List"):
        for item in document["items"]:
            yield from _objects(item)
        return
    version, kind = document.get("apiVersion"), document.get("kind")
    if isinstance(version, str) and isinstance(kind, str):
        token = f"kubernetes:{version if '/' in version else f'core/{version}'}:{kind}"
        metadata: dict[str, Any] = (
            document["metadata"] if is_mapping(document.get("metadata")) else {}
        )
        name = str(metadata.get("name", "unnamed"))
        space = metadata.get("namespace")
        place = f"{space}/{name}" if space else name
        urn = f"urn:pulumi:file::manifest::{token}::{place}"
        yield Resource(token=token, name=place, urn=urn, props=Node(thaw(_plain(document))))


def _from_states(states: object) -> Iterator[Resource]:
    for state in states if is_list(states) else ():
        if not is_mapping(state) or str(state.get("type", "")).startswith("pulumi:"):
            continue
        secrets: set[str] = set()
        inputs = _unwrapped(state.get("inputs"), secrets, inside=False)
        outputs = _unwrapped(state.get("outputs"), secrets, inside=False)
        through = state.get("propertyDependencies")
        yield Resource(
            token=str(state.get("type")),
            name=str(state.get("urn", "")).rpartition("::")[2],
            urn=str(state.get("urn", "")),
            props=Node(thaw({**_mapping(outputs), **_mapping(inputs)})),
            parent=str(state.get("parent", "")),
            protect=state.get("protect") is True,
            dependencies=_texts(state.get("dependencies")),
            property_dependencies={key: _texts(urns) for key, urns in _mapping(through).items()},
            secrets=frozenset(secrets),
        )


def _unwrapped(value: object, secrets: set[str], *, inside: bool) -> Any:
    if is_mapping(value):
        if value.get(SIGNATURE) == SECRET:
            # An exported secret is encrypted, and as good as not there, unless shown on purpose.
            plain = value.get("value", value.get("plaintext"))
            return _unwrapped(plain if plain is not None else "[secret]", secrets, inside=True)
        return {key: _unwrapped(item, secrets, inside=inside) for key, item in value.items()}
    if is_list(value):
        return [_unwrapped(item, secrets, inside=inside) for item in value]
    if inside and value not in (None, "[secret]"):
        secrets.add(str(value))
    return value


def _plain(value: object) -> Any:
    """Return YAML values as JSON would have them: dates and the like become text."""
    if is_mapping(value):
        return {str(key): _plain(item) for key, item in value.items()}
    if is_list(value):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _mapping(value: object) -> dict[str, Any]:
    return value if is_mapping(value) else {}


def _texts(value: object) -> Sequence[str]:
    return [str(item) for item in cast("list[object]", value)] if is_list(value) else []
