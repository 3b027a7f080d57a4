"""Check: fills in defaults and names, and says everything that is wrong with the inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from embedded.plugins.aws import documents, naming, tagging
from embedded.plugins.aws.resource import Resource
from embedded.plugins.aws.schema import Schema
from embedded.plugins.aws.settings import Settings
from embedded.plugins.provider import Autonaming, Failure, Target
from embedded.plugins.values import UNKNOWN

# Made here anew at every Check; they come in again with an import.
_MADE: Final = frozenset({"__defaults", "tagsAll"})


def check(
    resource: Resource,
    settings: Settings,
    target: Target,
    olds: dict[str, Any],
    news: dict[str, Any],
    autonaming: Autonaming,
    recorded: Mapping[str, str],
) -> tuple[dict[str, Any], list[Failure]]:
    """Return the inputs as they will be used, and what is wrong with them."""
    schema = Schema.load()
    kinds = schema.inputs(resource.type)
    inputs = {
        name: _normal(value, kinds.get(name, "any"))
        for name, value in news.items()
        if value is not None and name not in _MADE
    }
    required = _required(resource)
    failures = schema.check_object(inputs, kinds, required, "")
    failures += _not_carried(resource, inputs, kinds)
    if failures:
        return inputs, failures
    filled = {name: _filled(resource, name, value) for name, value in inputs.items()}
    defaulted = _add_defaults(resource, filled)
    if resource.naming:
        failures += _name(resource, target, olds, filled, autonaming, recorded, defaulted)
    if resource.tags:
        filled["tagsAll"] = tagging.merged(settings, filled.get("tags"))
    filled["__defaults"] = sorted(defaulted)
    failures += _not_allowed(resource, filled)
    if resource.checks:
        failures += [Failure(path, reason) for path, reason in resource.checks(filled)]
    return filled, failures


def _required(resource: Resource) -> list[str]:
    named = {resource.naming.property} if resource.naming else set()
    required = Schema.load().resources[resource.type]["required"]
    return [name for name in required if name not in named]


def _normal(value: Any, kind: Any) -> Any:
    """Return the value in its declared type: "80" as 80, a policy object as JSON text."""
    if value is UNKNOWN or value is None:
        return value
    if kind == "json":
        return documents.text(value)
    if isinstance(kind, list) and isinstance(value, list):
        return [_normal(item, kind[0]) for item in value]
    if isinstance(kind, dict) and isinstance(value, dict):
        return {key: _normal(item, kind["*"]) for key, item in value.items() if item is not None}
    if isinstance(kind, str) and kind.startswith("#") and isinstance(value, dict):
        members = Schema.load().object_inputs(kind)
        return {
            key: _normal(item, members.get(key, "any"))
            for key, item in value.items()
            if item is not None and key != "__defaults"
        }
    return _scalar(value, kind)


def _scalar(value: Any, kind: Any) -> Any:
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, (int, float)):
        return str(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "integer" and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return value


def _not_carried(
    resource: Resource, inputs: Mapping[str, Any], kinds: Mapping[str, Any]
) -> Iterator[Failure]:
    for name, value in inputs.items():
        if name in kinds and name not in resource.carried:
            yield Failure(name, _unsupported(name, resource))
        else:
            yield from _not_carried_inside(resource, name, name, value)


def _not_carried_inside(
    resource: Resource, path: str, pattern: str, value: Any
) -> Iterator[Failure]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _not_carried_inside(resource, f"{path}[{index}]", pattern, item)
    elif isinstance(value, dict):
        for key, item in value.items():
            inner, where = f"{pattern}.{key}", f"{path}.{key}"
            if inner in resource.read_only:
                yield Failure(where, f"{where} is decided by AWS; leave it out")
            elif inner in resource.without:
                yield Failure(where, _unsupported(where, resource))
            else:
                yield from _not_carried_inside(resource, where, inner, item)


def _unsupported(path: str, resource: Resource) -> str:
    return (
        f"{path} of {resource.label} is not supported by the embedded AWS provider; leave it out "
        "for the embedded environment, or deploy with the released plugin"
    )


def _filled(resource: Resource, path: str, value: Any) -> Any:
    """Return the value with the defaults of nested properties filled in."""
    if isinstance(value, list):
        return [_filled(resource, path, item) for item in value]
    if not isinstance(value, dict):
        return value
    filled = {key: _filled(resource, f"{path}.{key}", item) for key, item in value.items()}
    for default, standard in resource.defaults.items():
        head, _, key = default.rpartition(".")
        if head == path:
            filled.setdefault(key, standard)
    return filled


def _add_defaults(resource: Resource, inputs: dict[str, Any]) -> list[str]:
    missing = [name for name in resource.defaults if "." not in name and inputs.get(name) is None]
    for name in missing:
        inputs[name] = resource.defaults[name]
    return missing


def _name(
    resource: Resource,
    target: Target,
    olds: dict[str, Any],
    inputs: dict[str, Any],
    autonaming: Autonaming,
    recorded: Mapping[str, str],
    defaulted: list[str],
) -> list[Failure]:
    rules = resource.naming
    if rules is None or inputs.get(rules.property) is not None:
        return []
    name, failures = naming.choose(
        rules, target, olds, inputs, autonaming, recorded.get(rules.property)
    )
    if name is not None:
        inputs[rules.property] = name
        defaulted.append(rules.property)
    return failures


def _not_allowed(resource: Resource, inputs: Mapping[str, Any]) -> list[Failure]:
    allowed = Schema.load().resources[resource.type].get("allowed", {})
    failures = []
    for pattern, choices in allowed.items():
        for path, value in _values(inputs, pattern.split("."), ""):
            if isinstance(value, str) and value not in choices:
                reason = f"{path} is {value!r}; allowed are: {', '.join(choices)}"
                failures.append(Failure(path, reason))
    return failures


def _values(value: Any, parts: list[str], path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values(item, parts, f"{path}[{index}]")
    elif not parts:
        yield path, value
    elif isinstance(value, dict) and parts[0] in value:
        where = f"{path}.{parts[0]}" if path else parts[0]
        yield from _values(value[parts[0]], parts[1:], where)
