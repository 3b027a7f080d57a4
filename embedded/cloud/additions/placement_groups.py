"""EC2 placement groups, which keep machines with EFA interfaces close to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.models import core
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generic_filter, random_id

from embedded.cloud.additions import ec2, wire
from embedded.cloud.additions.wire import Parameters, RefusedError

_MOST_PARTITIONS = 7


class PlacementGroup(core.TaggedEC2Resource):
    """One group; its attributes are what DescribePlacementGroups tells."""

    def __init__(self, backend: Any, parameters: Parameters) -> None:
        self.ec2_backend = backend
        self.id = random_id(ec2.PREFIXES["placement-group"])
        self.group_id = self.id
        self.group_name: str = parameters["GroupName"]
        self.state = "available"
        self.strategy: str = parameters.get("Strategy") or "cluster"
        self.partition_count: int | None = None
        self.spread_level: str | None = None
        if self.strategy == "partition":
            self.partition_count = parameters.get("PartitionCount") or 2
        if self.strategy == "spread":
            self.spread_level = parameters.get("SpreadLevel") or "rack"
        self.group_arn = ec2.arn(backend, f"placement-group/{self.group_name}")
        self.add_tags(ec2.tags(parameters, "placement-group"))


def groups(backend: Any) -> dict[str, PlacementGroup]:
    """Return the region's groups by name."""
    return vars(backend).setdefault("placement_groups", {})


def require(backend: Any, name: str) -> PlacementGroup:
    """Return the group, or refuse as EC2 does."""
    if name not in groups(backend):
        message = f"The Placement Group '{name}' is unknown."
        raise RefusedError(message, code="InvalidPlacementGroup.Unknown")
    return groups(backend)[name]


def create_placement_group(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Make a group."""
    name = parameters.get("GroupName")
    if not name:
        message = "The request must contain the parameter groupName"
        raise RefusedError(message, code="MissingParameter")
    if name in groups(backend):
        message = f"The Placement Group '{name}' already exists."
        raise RefusedError(message, code="InvalidPlacementGroup.Duplicate")
    _check(parameters)
    made: Any = PlacementGroup(backend, parameters)
    groups(backend)[name] = made
    return {"PlacementGroup": made}


def _check(parameters: Mapping[str, Any]) -> None:
    strategy = parameters.get("Strategy") or "cluster"
    count = parameters.get("PartitionCount")
    if count is not None and strategy != "partition":
        message = f"partitionCount is for the strategy 'partition' only, not for '{strategy}'"
        raise RefusedError(message, code="InvalidParameterCombination")
    if count is not None and not 1 <= count <= _MOST_PARTITIONS:
        message = f"partitionCount is {count}; allowed is 1 to {_MOST_PARTITIONS}"
        raise RefusedError(message, code="InvalidParameterValue")
    if parameters.get("SpreadLevel") and strategy != "spread":
        message = f"spreadLevel is for the strategy 'spread' only, not for '{strategy}'"
        raise RefusedError(message, code="InvalidParameterCombination")


def describe_placement_groups(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Tell the groups of these names or ids, or all."""
    names, ids = parameters.get("GroupNames") or [], parameters.get("GroupIds") or []
    found = [require(backend, name) for name in names] or list(groups(backend).values())
    if ids:
        found = [group for group in found if group.id in ids]
        unknown = sorted({*ids} - {group.id for group in found})
        if unknown:
            message = f"The Placement Group '{unknown[0]}' is unknown."
            raise RefusedError(message, code="InvalidPlacementGroup.Unknown")
    return {"PlacementGroups": generic_filter(ec2.filters(parameters), found)}


def delete_placement_group(backend: Any, parameters: Parameters) -> None:
    """Remove a group that no machine is in."""
    group = require(backend, parameters["GroupName"])
    if any(_is_in(instance, group) for instance in backend.all_instances()):
        message = f"The placement group '{group.group_name}' is in use and may not be deleted."
        raise RefusedError(message, code="InvalidPlacementGroup.InUse")
    del groups(backend)[group.group_name]
    backend.tags.pop(group.id, None)


def _is_in(instance: Any, group: PlacementGroup) -> bool:
    running = instance.state != "terminated"
    return running and getattr(instance.placement, "group_name", None) == group.group_name


OPERATIONS = (create_placement_group, describe_placement_groups, delete_placement_group)


def install() -> None:
    """Let moto's EC2 have them."""
    ec2.teach_prefixes()
    wire.add(EC2Response, OPERATIONS, lambda response: response.ec2_backend, ec2.INVALID)
