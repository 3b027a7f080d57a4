"""One resource as rules see it, and the index of a whole stack.

In a preview an id that AWS will give is unknown, so resources are joined by what
the engine knows already: who depends on whom through which property, and the
names and labels that Kubernetes objects call each other by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, TypeVar

from frame.facts import Node
from frame.verdict import Tally

T = TypeVar("T")


@dataclass(frozen=True, eq=False, kw_only=True)
class Resource:
    """One resource: its type, its properties, and what it hangs on."""

    token: str
    name: str
    urn: str
    props: Node
    parent: str = ""
    protect: bool = False
    ignore_changes: Sequence[str] = ()
    dependencies: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Any])
    # Texts that no message may show.
    secrets: frozenset[str] = frozenset()

    def at(self, *keys: str) -> Node:
        """Go down from the resource's properties."""
        return self.props.at(*keys)

    @cached_property
    def kind(self) -> str:
        """Return the last part of the type token: Deployment, SecurityGroup."""
        return self.token.rsplit(":", 1)[-1]

    @cached_property
    def is_kubernetes(self) -> bool:
        """Tell whether this is a Kubernetes object."""
        return self.token.startswith("kubernetes:")

    @cached_property
    def object_name(self) -> Node:
        """Return a Kubernetes object's own name."""
        return self.at("metadata", "name")

    @cached_property
    def namespace(self) -> Node:
        """Return a Kubernetes object's namespace; the default one when none is set."""
        node = self.at("metadata", "namespace")
        return Node("default", node.path) if node.missing else node

    def annotation(self, key: str) -> Node:
        """Return an annotation of a Kubernetes object, or the AWS tag of that name."""
        if self.is_kubernetes:
            return self.at("metadata", "annotations", key)
        tag = self.at("tags", key)
        return self.at("tagsAll", key) if tag.missing else tag


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True, kw_only=True)
class PackView:
    """What rules about the pack itself may ask; filled in by whoever runs the rules."""

    rule_ids: frozenset[str] = frozenset()
    today: date = field(default_factory=_today)
    # How much the resource rules could decide.
    tally: Callable[[], Tally] = Tally


class Index:
    """The resources of one stack, found by what rules join on.

    Built once per analysis and shared by all stack rules.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        # The engine hands them over in whatever order they finished.
        self.resources = tuple(sorted(resources, key=lambda resource: resource.urn))
        self.by_urn = {resource.urn: resource for resource in self.resources}
        self.pack = PackView()
        self._made: dict[str, Any] = {}

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what `make` made the first time: rules share what they work out of a stack."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Return the texts that no message may show."""
        return frozenset(text for resource in self.resources for text in resource.secrets)

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            found[resource.kind].append(resource)
        return found

    @cached_property
    def _dependents(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            for urn in sorted(self._all_dependencies(resource)):
                found[urn].append(resource)
        return found

    @cached_property
    def _children(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            found[resource.parent].append(resource)
        return found

    def of_kind(self, *kinds: str) -> list[Resource]:
        """Return the resources whose type token ends in one of the kinds."""
        return [resource for kind in kinds for resource in self._by_kind.get(kind, ())]

    def of_token(self, *tokens: str) -> list[Resource]:
        """Return the resources of exactly these types."""
        kinds = dict.fromkeys(token.rsplit(":", 1)[-1] for token in tokens)
        return [found for found in self.of_kind(*kinds) if found.token in tokens]

    def children(self, resource: Resource) -> list[Resource]:
        """Return the resources that name this one as their parent."""
        return list(self._children.get(resource.urn, ()))

    def dependents(self, resource: Resource, *tokens: str) -> list[Resource]:
        """Return what depends on the resource, of the given types or of any."""
        found = self._dependents.get(resource.urn, ())
        return [item for item in found if not tokens or item.token in tokens]

    def behind(self, resource: Resource, prop: str, *tokens: str) -> list[Resource]:
        """Return the resources that a property's value comes from, of the given types or of any.

        A property's dependencies name everything its value was made from, so a
        caller that means a VPC says so.
        """
        urns = self._property_urns(resource, prop)
        found = (self.by_urn[urn] for urn in urns if urn in self.by_urn)
        return [item for item in found if not tokens or item.token in tokens]

    def named(self, kind: str, namespace: Node, name: Node) -> tuple[list[Resource], bool]:
        """Return the Kubernetes objects that carry the name, and whether there may be more.

        There may be more when a name or a namespace is not known yet.
        """
        found: list[Resource] = []
        open_end = name.unknown or namespace.unknown
        for resource, sure in self.in_namespace(namespace, kind):
            same = _same(resource.object_name, name)
            if same and sure:
                found.append(resource)
            open_end = open_end or (same is not False and not (same and sure))
        return found, open_end

    def in_namespace(self, namespace: Node, *kinds: str) -> Iterator[tuple[Resource, bool]]:
        """Go through objects of a namespace; the flag says whether it is surely the same one."""
        for kind in kinds:
            if namespace.unknown:
                yield from ((resource, False) for resource in self.of_kind(kind))
                continue
            for resource in self._by_namespace.get((kind, namespace.text()), ()):
                yield resource, True
            for resource in self._by_namespace.get((kind, None), ()):
                yield resource, False

    @cached_property
    def _by_namespace(self) -> Mapping[tuple[str, str | None], list[Resource]]:
        # Under None: those whose namespace is not known yet.
        found: dict[tuple[str, str | None], list[Resource]] = defaultdict(list)
        for resource in self.resources:
            if resource.is_kubernetes:
                node = resource.namespace
                found[resource.kind, None if node.unknown else node.text()].append(resource)
        return found

    def _property_urns(self, resource: Resource, prop: str) -> list[str]:
        # A property inside a list is recorded under `subnets[0]` or under `subnets`.
        urns: dict[str, None] = {}
        for key, values in resource.property_dependencies.items():
            if key == prop or key.startswith((f"{prop}.", f"{prop}[")):
                urns.update(dict.fromkeys(values))
        return list(urns)

    def _all_dependencies(self, resource: Resource) -> set[str]:
        through = (urn for urns in resource.property_dependencies.values() for urn in urns)
        return {*resource.dependencies, *through}


def _same(left: Node, right: Node) -> bool | None:
    if left.unknown or right.unknown:
        return None
    return left.known and left.value == right.value
