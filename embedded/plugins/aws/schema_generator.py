"""Writes schema.json: what pulumi-aws says about every type that the table carries.

Read from the installed SDK by introspection, so that the plugin itself never
pays for importing it. Run: python -m embedded.plugins.aws.schema_generator
"""

from __future__ import annotations

import collections.abc
import functools
import importlib
import importlib.metadata
import json
import sys
import typing
from typing import Any, Final

from botocore import xform_name

from embedded.plugins.aws.resource import Resource
from embedded.plugins.aws.schema import SCHEMA_FILE
from embedded.plugins.aws.services import RESOURCES

# Longer lists (instance types) grow faster than this table.
_MOST_CHOICES: Final = 80
_SCALARS: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}


class _Generator:
    """Collects the object types that the resources mention while it walks them."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}

    def resource(self, token: str) -> dict[str, Any]:
        module_name, class_name = token.split(":")[1].split("/")[0], token.split(":")[2]
        module = importlib.import_module(f"pulumi_aws.{module_name}")
        resource = getattr(module, class_name)
        home = sys.modules[resource.__module__]
        # A nested type may have taken the usual name.
        names = (f"{class_name}Args", f"{class_name}InitArgs")
        candidates: list[type] = [getattr(home, name) for name in names if hasattr(home, name)]
        args = next(cls for cls in candidates if cls.__module__ == home.__name__)
        return {
            "inputs": self._properties(args),
            "required": _required(args),
            "outputs": self._properties(resource, skip_inputs_of=args),
            "allowed": Enums(RESOURCES[token], self.objects).collect(self._properties(args)),
        }

    def provider(self) -> dict[str, Any]:
        module = importlib.import_module("pulumi_aws.provider")
        return {"inputs": self._properties(module.ProviderArgs)}

    def _properties(self, cls: type, skip_inputs_of: type | None = None) -> dict[str, Any]:
        from pulumi import _types

        found = _types._types_from_py_properties(cls)
        inputs = _types._types_from_py_properties(skip_inputs_of) if skip_inputs_of else {}
        return {
            name: self._type(hint) for name, hint in sorted(found.items()) if name not in inputs
        }

    def _type(self, hint: Any) -> Any:
        members = [member for member in _members(hint) if not _is_wrapper(member)]
        kinds = {json.dumps(self._member(member)) for member in members}
        if len(kinds) == 1:
            return json.loads(kinds.pop())
        # A policy document may be given as text or as an object.
        if '"string"' in kinds and any(kind.startswith('"#') for kind in kinds):
            return "json"
        return "string" if '"string"' in kinds else "any"

    def _member(self, hint: Any) -> Any:
        if hint in _SCALARS:
            return _SCALARS[hint]
        origin = typing.get_origin(hint)
        if origin is collections.abc.Sequence:
            return [self._type(typing.get_args(hint)[0])]
        if origin in (collections.abc.Mapping, dict):
            return {"*": self._type(typing.get_args(hint)[1])}
        if isinstance(hint, type):
            return self._class(hint)
        return "any"

    def _class(self, cls: type) -> Any:
        from enum import Enum

        if issubclass(cls, Enum):
            return "string"
        module = cls.__module__.split(".")
        if module[0] != "pulumi_aws":
            return "any"
        is_input = module[-1] == "_inputs"
        name = cls.__name__.removesuffix("Args") if is_input else cls.__name__
        key = f"{module[1]}/{name}" if len(module) > 2 else name
        entry = self.objects.setdefault(key, {})
        side = "inputs" if is_input else "outputs"
        if side not in entry:
            entry[side] = {}
            entry[side] = self._properties(cls) if is_input else self._output_properties(cls)
            if is_input:
                entry["required"] = _required(cls)
        return f"#{key}"

    def _output_properties(self, cls: type) -> dict[str, Any]:
        from pulumi import _types

        names = _types._py_to_pulumi_names_from_py_properties(cls)
        found = _types._types_from_py_properties(cls)
        return {names.get(name, name): self._type(hint) for name, hint in sorted(found.items())}


class Enums:
    """Finds the allowed values of a type's properties in the API's own model."""

    def __init__(self, resource: Resource, objects: dict[str, dict[str, Any]]) -> None:
        self._resource = resource
        self._objects = objects

    def collect(self, inputs: dict[str, Any]) -> dict[str, list[str]]:
        """Return property path -> allowed values."""
        shape = input_shape(self._resource)
        if shape is None:
            return {}
        carried = {name: kind for name, kind in inputs.items() if name in self._resource.sends}
        return dict(self._walk(shape, carried, ""))

    def _walk(
        self, shape: Any, properties: dict[str, Any], path: str
    ) -> typing.Iterator[tuple[str, list[str]]]:
        for name, kind in properties.items():
            where = f"{path}.{name}" if path else name
            member = member_of(shape, self._resource.names.get(where, name))
            if member is None:
                continue
            inner = kind[0] if isinstance(kind, list) else kind
            while member.type_name == "list":
                member = member.member
            if isinstance(inner, str) and inner.startswith("#"):
                nested = self._objects[inner[1:]].get("inputs", {})
                yield from self._walk(member, nested, where)
            elif inner == "string" and 0 < len(getattr(member, "enum", ())) <= _MOST_CHOICES:
                yield where, sorted(member.enum)


@functools.cache
def _service_model(service: str) -> Any:
    from botocore.session import get_session

    return get_session().get_service_model(service)


def input_shape(resource: Resource) -> Any:
    """Return the botocore shape that the create call's properties belong to."""
    operation, *members = resource.shape or (getattr(resource.create, "operation", ""),)
    if not operation:
        return None
    model = _service_model(resource.service)
    name = next(name for name in model.operation_names if xform_name(name) == operation)
    shape = model.operation_model(name).input_shape
    for member in members:
        shape = shape.members[member]
        while shape.type_name == "list":
            shape = shape.member
    return shape


def member_of(shape: Any, name: str) -> Any:
    """Return the structure's member of that name, whatever its case."""
    if shape.type_name != "structure":
        return None
    return next((item for key, item in shape.members.items() if key.lower() == name.lower()), None)


def _members(hint: Any) -> list[Any]:
    if typing.get_origin(hint) is typing.Union:
        return [member for part in typing.get_args(hint) for member in _members(part)]
    return [hint]


def _is_wrapper(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    name = getattr(origin or hint, "__name__", "")
    return hint is type(None) or name in {"Output", "Awaitable", "NoneType"} or _is_typed_dict(hint)


def _is_typed_dict(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, dict) and hint.__name__.endswith("ArgsDict")


def _required(cls: type) -> list[str]:
    import inspect

    from pulumi import _types

    names = _types._py_to_pulumi_names_from_py_properties(cls)
    parameters = inspect.signature(cls.__init__).parameters
    return sorted(
        names.get(name, name)
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and name != "__self__"
    )


def generate() -> str:
    """Return the text of schema.json for the types in the table."""
    generator = _Generator()
    schema = {
        "version": importlib.metadata.version("pulumi-aws"),
        "provider": generator.provider(),
        "resources": {token: generator.resource(token) for token in sorted(RESOURCES)},
    }
    schema["objects"] = dict(sorted(generator.objects.items()))
    return json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(generate())
