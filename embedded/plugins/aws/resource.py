"""The vocabulary of the table: what one record says about one resource type."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedded.plugins.aws.operation import Operation

Function = Callable[["Operation"], Any]


@dataclass(frozen=True)
class Call:
    """One API call.

    `params` is a template: "{vpcId}" stands for that property's value (left out
    when absent), "{id}" for the resource's id. `result` is a JMESPath.
    """

    operation: str
    params: Mapping[str, Any] = field(default_factory=dict)
    result: str = "@"


@dataclass(frozen=True)
class Step:
    """How some properties are set after the create, or changed by an update.

    With a Call the properties are sent along under their API names unless `send` is
    False. A step also runs after the create when the create call does not take one of
    its properties and the program gave it another value than the default.
    """

    properties: tuple[str, ...]
    run: Call | Function
    send: bool = True


@dataclass(frozen=True)
class Wait:
    """When the resource counts as ready: the JMESPath `state` has one of `until`."""

    state: str
    until: Collection[str]
    failed: Collection[str] = ()
    # States that mean it is gone, for APIs that list the dead for a while.
    gone: Collection[str] = ()
    reason: str = ""
    seconds: float = 1800.0


@dataclass(frozen=True)
class Naming:
    """Which property is filled in when the program names nothing."""

    property: str = "name"
    prefix_property: str = ""
    max_length: int = 255
    always_prefix: str = ""
    lower: bool = False


@dataclass(frozen=True)
class Tagging:
    """How tags travel: `style` is list (Key, Value), kms (TagKey, TagValue) or map.

    In templates "{tags}" is the styled tags and "{tagKeys}" the removed keys.
    """

    create: Mapping[str, Any]
    # A function sets them all at once, `untag` included.
    tag: Call | Function
    untag: Call | None
    read: str | Call | Function = "Tags"
    style: str = "list"
    service: str = ""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource type of pulumi-aws, as the embedded provider carries it.

    Property paths have dots and no list indices (`vpcConfig.subnetIds`).
    """

    # The token: "aws:ec2/subnet:Subnet".
    type: str
    # As the released provider's messages call it: "EC2 Subnet".
    label: str
    # The boto3 client.
    service: str
    # Template over properties and the create call's result; parsed back on import.
    identity: str
    # The id form for `pulumi import`, where it differs.
    imports: str = ""
    create: Call | Function
    read: Call | Function
    delete: Call | Function | None
    # Properties that go with the create call.
    sends: Sequence[str] = ()
    # Properties that only steer the provider, such as forceDestroy.
    steers: Sequence[str] = ()
    steps: Sequence[Step] = ()
    # Where an API name differs by more than case. Also for nested paths.
    names: Mapping[str, str] = field(default_factory=dict)
    # Where reading differs from writing: JMESPath over what `read` returned, or a function.
    reads: Mapping[str, str | Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)
    # Properties whose change makes a new resource; "*" means all but the steps'.
    replaces: Collection[str] = ()
    # Properties of which one is given; going from one to another makes a new resource.
    alternatives: Collection[str] = ()
    # Optional properties that the service fills in when they are absent.
    computed: Collection[str] = ()
    # Nested properties that the SDK lists as inputs but that only the service sets.
    read_only: Collection[str] = ()
    # Nested properties that pulumi-aws has and that are not carried here.
    without: Collection[str] = ()
    # Properties that the API does not give back: taken from the program.
    unread: Collection[str] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    # Lists without order.
    sets: Collection[str] = ()
    # JSON documents: compared by meaning, not by letters.
    documents: Collection[str] = ()
    # Compared without regard to upper and lower case.
    caseless: Collection[str] = ()
    # An address with or without https://.
    without_scheme: Collection[str] = ()
    # Internet protocols by name or number.
    protocols: Collection[str] = ()
    # An ARN and the id at its end are the same reference.
    last_segment: Collection[str] = ()
    # Computed outputs: JMESPath over what `read` returned, or a template with braces.
    outputs: Mapping[str, str | Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)
    # Computed outputs that are unknown in the preview of an update.
    volatile: Collection[str] = ()
    naming: Naming | None = None
    tags: Tagging | None = None
    wait: Wait | None = None
    # Error codes of `read` and `delete` that mean the resource is gone.
    gone: Collection[str] = ()
    # A delete that fails with one of these is tried again: something lets go slowly.
    busy: Collection[str] = ("DependencyViolation", "ResourceInUseException")
    delete_before_replace: bool = False
    # Further checks of the inputs: yields (property path, what is wrong).
    checks: Callable[[Mapping[str, Any]], list[tuple[str, str]]] | None = None
    # Where the API model of the properties is, when `create` is a function: operation, then
    # members. Enums and coverage come from it.
    shape: tuple[str, ...] = ()

    @property
    def carried(self) -> frozenset[str]:
        """The top-level properties that reach the API or steer the provider."""
        stepped = [name for step in self.steps for name in step.properties]
        named = [self.naming.property] if self.naming else []
        prefix = [self.naming.prefix_property] if self.naming else []
        tagged = ["tags", "tagsAll"] if self.tags else []
        names = [*self.sends, *self.steers, *stepped, *named, *prefix, *tagged, "region"]
        return frozenset(name.split(".")[0] for name in names if name)

    def replacing(self, path: str, kind: str) -> bool:
        """Tell whether a change (add, update, delete) at the path makes a new resource."""
        top = path.split(".")[0]
        if top == "region" or (top in self.alternatives and kind != "update"):
            return True
        if "*" in self.replaces:
            stepped = {name for step in self.steps for name in step.properties}
            return top not in {*stepped, *self.steers, "tags", "tagsAll"}
        parts = path.split(".")
        return any(".".join(parts[: end + 1]) in self.replaces for end in range(len(parts)))
