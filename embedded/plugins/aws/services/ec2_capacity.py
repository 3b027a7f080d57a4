"""EC2: placement groups and capacity reservations."""

from __future__ import annotations

from typing import Final

from embedded.plugins.aws.resource import Call, Naming, Resource, Step, Tagging, Wait
from embedded.plugins.aws.tagging import ec2 as ec2_tags

_GROUP_ID: Final = ["{placementGroupId}"]

PLACEMENT_GROUP = Resource(
    type="aws:ec2/placementGroup:PlacementGroup",
    label="EC2 Placement Group",
    service="ec2",
    identity="{name}",
    create=Call("create_placement_group", result="PlacementGroup"),
    read=Call("describe_placement_groups", {"GroupNames": ["{id}"]}, "PlacementGroups[0]"),
    delete=Call("delete_placement_group", {"GroupName": "{id}"}),
    sends=("name", "strategy", "partitionCount", "spreadLevel"),
    names={"name": "GroupName"},
    replaces=("*",),
    computed=("partitionCount", "spreadLevel"),
    outputs={"arn": "GroupArn", "placementGroupId": "GroupId"},
    naming=Naming(max_length=255),
    # The id of the resource is its name; tags go by the group's id.
    tags=Tagging(
        create=ec2_tags("placement-group").create,
        tag=Call("create_tags", {"Resources": _GROUP_ID, "Tags": "{tags}"}),
        untag=Call("delete_tags", {"Resources": _GROUP_ID, "Tags": "{tagKeyList}"}),
    ),
    wait=Wait("State", until=("available",), gone=("deleted",), seconds=300.0),
    gone=("InvalidPlacementGroup.Unknown",),
    busy=("InvalidPlacementGroup.InUse",),
)

_CHANGEABLE: Final = ("instanceCount", "endDate", "endDateType")

CAPACITY_RESERVATION = Resource(
    type="aws:ec2/capacityReservation:CapacityReservation",
    label="EC2 Capacity Reservation",
    service="ec2",
    identity="{CapacityReservationId}",
    create=Call("create_capacity_reservation", result="CapacityReservation"),
    read=Call(
        "describe_capacity_reservations",
        {"CapacityReservationIds": ["{id}"]},
        "CapacityReservations[0]",
    ),
    delete=Call("cancel_capacity_reservation", {"CapacityReservationId": "{id}"}),
    sends=(
        "availabilityZone",
        "ebsOptimized",
        "ephemeralStorage",
        "instanceMatchCriteria",
        "instancePlatform",
        "instanceType",
        "placementGroupArn",
        "tenancy",
        *_CHANGEABLE,
    ),
    reads={"instanceCount": "TotalInstanceCount"},
    steps=(
        Step(
            _CHANGEABLE,
            Call("modify_capacity_reservation", {"CapacityReservationId": "{id}"}),
        ),
    ),
    replaces=("*",),
    defaults={
        "ebsOptimized": False,
        "ephemeralStorage": False,
        "instanceMatchCriteria": "open",
        "tenancy": "default",
        "endDateType": "unlimited",
    },
    outputs={"arn": "CapacityReservationArn", "ownerId": "OwnerId"},
    tags=ec2_tags("capacity-reservation"),
    wait=Wait(
        "State",
        until=("active", "scheduled"),
        failed=("failed",),
        gone=("cancelled", "expired"),
        seconds=600.0,
    ),
    # Cancelled ones can still be read for a while, but not be cancelled again.
    gone=("InvalidCapacityReservationId.NotFound", "InvalidCapacityReservationState"),
)

RESOURCES = (PLACEMENT_GROUP, CAPACITY_RESERVATION)
