"""Turns what the API returns into outputs, and outputs into inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded.plugins.aws import shapes, tagging
from embedded.plugins.aws.compare import Comparison, is_blank
from embedded.plugins.aws.operation import Operation, search
from embedded.plugins.aws.resource import Call, Resource, Tagging
from embedded.plugins.aws.schema import Schema
from embedded.plugins.values import UNKNOWN

_TAGS = frozenset({"tags", "tagsAll"})


def outputs(operation: Operation, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource's outputs as pulumi-aws names and shapes them."""
    resource = operation.resource
    kinds = Schema.load().inputs(resource.type)
    # IAM and the like are in no region.
    found: dict[str, Any] = {"region": operation.region} if "region" in kinds else {}
    for name in sorted(resource.carried - _TAGS - {"region"}):
        value = _property(operation, data, name, kinds.get(name, "any"))
        if value is not None:
            found[name] = value
    for name, where in resource.outputs.items():
        value = _computed(operation, data, name, where)
        if value is not None:
            found[name] = value
    return {**found, **_tags(operation, data)}


def _property(operation: Operation, data: Mapping[str, Any], name: str, kind: Any) -> Any:
    resource = operation.resource
    if name in resource.steers or name in resource.unread:
        given = operation.inputs.get(name)
        return operation.state.get(name) if given is None else given
    where = resource.reads.get(name)
    if where is None:
        key = resource.names.get(name, name).lower()
        raw = next((item for field, item in data.items() if field.lower() == key), None)
    else:
        raw = _find(where, data)
    return shapes.unfit(raw, kind, name, resource.names)


def _find(where: Any, data: Mapping[str, Any]) -> Any:
    return search(where, data) if isinstance(where, str) else where(data)


def _computed(operation: Operation, data: Mapping[str, Any], name: str, where: Any) -> Any:
    schema = Schema.load()
    kind = schema.outputs(operation.resource.type).get(name, "any")
    if isinstance(where, str) and "{" in where:
        extra = {key: value for key, value in data.items() if isinstance(value, (str, int))}
        return operation.render(where, **extra)
    return shapes.unfit(_find(where, data), kind, name, operation.resource.names)


def _tags(operation: Operation, data: Mapping[str, Any]) -> dict[str, Any]:
    rules = operation.resource.tags
    if rules is None:
        return {}
    raw = _raw_tags(operation, rules, data)
    settings = operation.clients.settings
    actual = tagging.visible(settings, tagging.plain(rules.style, raw))
    own = tagging.own(settings, actual, operation.inputs.get("tags"))
    return {"tags": own, "tagsAll": actual} if own else {"tagsAll": actual}


def _raw_tags(operation: Operation, rules: Tagging, data: Mapping[str, Any]) -> Any:
    if isinstance(rules.read, str):
        return search(rules.read, data)
    return operation.call(rules.read) if isinstance(rules.read, Call) else rules.read(operation)


def inputs(resource: Resource, actual: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """Return the inputs that would make what is there: `given`, corrected by `actual`.

    Without `given` (an import) everything that can be an input and is not empty.
    """
    importing = not given
    corrected = {}
    for name in sorted(resource.carried):
        wanted, real = given.get(name), actual.get(name)
        value = _projected(resource, name, real, wanted, importing=importing)
        if value is not None:
            corrected[name] = value
    if "__defaults" in given:
        corrected["__defaults"] = given["__defaults"]
    elif importing and resource.naming:
        corrected["__defaults"] = []
    return corrected


def _projected(resource: Resource, path: str, real: Any, wanted: Any, *, importing: bool) -> Any:
    if path.split(".")[0] in resource.steers or path in resource.unread:
        return wanted if wanted is not None else _default(resource, path)
    if wanted is not None and Comparison(resource).same(path, real, wanted):
        return wanted
    if wanted is None and not _claimed(resource, path, real, importing=importing):
        return None
    if isinstance(real, dict):
        return _projected_object(resource, path, real, wanted, importing=importing)
    if isinstance(real, list):
        return _projected_list(resource, path, real, wanted, importing=importing)
    return real


def _default(resource: Resource, path: str) -> Any:
    return resource.defaults.get(path)


def _claimed(resource: Resource, path: str, real: Any, *, importing: bool) -> bool:
    """Tell whether a value that the program did not give belongs among the inputs."""
    if path in resource.read_only or path == "region":
        return False
    if path in resource.computed:
        return importing and not is_blank(real)
    return not is_blank(real) or path in resource.defaults


def _projected_object(
    resource: Resource, path: str, real: Mapping[str, Any], wanted: Any, *, importing: bool
) -> dict[str, Any]:
    given = wanted if isinstance(wanted, dict) else {}
    found = {}
    for key in sorted(real.keys() | given.keys()):
        value = _projected(
            resource, f"{path}.{key}", real.get(key), given.get(key), importing=importing
        )
        if value is not None:
            found[key] = value
    return found


def _projected_list(
    resource: Resource, path: str, real: list[Any], wanted: Any, *, importing: bool
) -> list[Any]:
    given = list(wanted) if isinstance(wanted, list) else []
    comparison = Comparison(resource)
    found = []
    for item in real:
        if not isinstance(item, dict):
            found.append(item)
            continue
        twin = next((other for other in given if comparison.same(path, item, other)), None)
        fresh = _projected_object(resource, path, item, None, importing=importing)
        found.append(fresh if twin is None else twin)
    return found


def foreseen(
    resource: Resource, wanted: Mapping[str, Any], before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the outputs that a preview can know; `before` are those of an update's resource."""
    known = {
        name: value
        for name, value in wanted.items()
        if not name.startswith("__") and value is not None
    }
    if before is not None:
        return _foreseen_update(resource, known, before)
    schema = Schema.load()
    kinds = schema.inputs(resource.type)
    unknown = {*schema.outputs(resource.type), *_top(resource.computed)}
    unknown |= {"region"} & kinds.keys()
    found = dict.fromkeys(unknown - known.keys(), UNKNOWN)
    for name, value in known.items():
        found[name] = _with_unknowns(resource, name, value, kinds.get(name, "any"))
    return found


def _top(paths: Any) -> set[str]:
    return {path for path in paths if "." not in path}


def _with_unknowns(resource: Resource, path: str, value: Any, kind: Any) -> Any:
    """Return the object with what only the service can fill in marked unknown."""
    if not isinstance(value, dict) or not isinstance(kind, str) or not kind.startswith("#"):
        return value
    members = Schema.load().members(kind)
    filled = {
        name: _with_unknowns(resource, f"{path}.{name}", item, members.get(name, "any"))
        for name, item in value.items()
    }
    chosen = (*resource.read_only, *resource.computed)
    for inner in chosen:
        head, _, name = inner.rpartition(".")
        if head == path and name not in filled:
            filled[name] = UNKNOWN
    return filled


def _foreseen_update(
    resource: Resource, known: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in before.items()
        if name in known or name not in resource.carried or name in resource.computed
    }
    found = {**kept, **known}
    for name, value in known.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict) and name not in _TAGS:
            hidden = {f"{name}.{key}" for key in old}
            chosen = hidden & {*resource.read_only, *resource.computed}
            extra = {path.rpartition(".")[2] for path in chosen}
            found[name] = {**{key: old[key] for key in extra}, **value}
    return {**found, **dict.fromkeys(resource.volatile, UNKNOWN)}
