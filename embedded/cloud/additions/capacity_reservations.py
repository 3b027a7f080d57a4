"""EC2 capacity reservations: machines kept ready for an on-demand pool."""

from __future__ import annotations

import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models import core
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generic_filter, random_id

from embedded.cloud.additions import ec2, wire
from embedded.cloud.additions.wire import Parameters, RefusedError


class CapacityReservation(core.TaggedEC2Resource):
    """One reservation; its attributes are what DescribeCapacityReservations tells."""

    def __init__(self, backend: Any, parameters: Parameters) -> None:
        self.ec2_backend = backend
        self.id = random_id(ec2.PREFIXES["capacity-reservation"])
        self.capacity_reservation_id = self.id
        self.capacity_reservation_arn = ec2.arn(backend, f"capacity-reservation/{self.id}")
        self.owner_id: str = backend.account_id
        self.instance_type: str = parameters["InstanceType"]
        self.instance_platform: str = parameters["InstancePlatform"]
        self.availability_zone: str = parameters["AvailabilityZone"]
        self.tenancy: str = parameters.get("Tenancy") or "default"
        self.ebs_optimized = bool(parameters.get("EbsOptimized"))
        self.ephemeral_storage = bool(parameters.get("EphemeralStorage"))
        self.placement_group_arn: str | None = parameters.get("PlacementGroupArn")
        self.outpost_arn: str | None = parameters.get("OutpostArn")
        self.instance_match_criteria: str = parameters.get("InstanceMatchCriteria") or "open"
        self.reservation_type = "default"
        self.create_date = self.start_date = utcnow()
        self.end_date: datetime.datetime | None = parameters.get("EndDate")
        self.end_date_type: str = parameters.get("EndDateType") or "unlimited"
        self.total_instance_count: int = parameters["InstanceCount"]
        self.cancelled = False
        self.add_tags(ec2.tags(parameters, "capacity-reservation"))

    @property
    def state(self) -> str:
        """The state now: a limited reservation ends by itself."""
        if self.cancelled:
            return "cancelled"
        over = self.end_date is not None and _aware(self.end_date) <= _aware(utcnow())
        return "expired" if over else "active"

    @property
    def available_instance_count(self) -> int:
        """How many are still to be had; moto's instances use none up."""
        return self.total_instance_count if self.state == "active" else 0


def _aware(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def reservations(backend: Any) -> dict[str, CapacityReservation]:
    """Return the region's reservations by id, those that ended included."""
    return vars(backend).setdefault("capacity_reservations", {})


def require(backend: Any, identity: str) -> CapacityReservation:
    """Return the reservation, or refuse as EC2 does."""
    if identity not in reservations(backend):
        message = f"The capacity reservation ID '{identity}' does not exist"
        raise RefusedError(message, code="InvalidCapacityReservationId.NotFound")
    return reservations(backend)[identity]


def create_capacity_reservation(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Reserve; it is active at once."""
    given = {**parameters, "AvailabilityZone": _zone(backend, parameters)}
    if given["InstanceType"] not in INSTANCE_TYPES:
        message = f"The instance type '{given['InstanceType']}' does not exist"
        raise RefusedError(message, code="InvalidInstanceType")
    if given["InstanceCount"] < 1:
        message = f"instanceCount is {given['InstanceCount']}; at least 1 is needed"
        raise RefusedError(message, code=ec2.INVALID)
    _check_end(given)
    made: Any = CapacityReservation(backend, given)
    reservations(backend)[made.id] = made
    return {"CapacityReservation": made}


def _zone(backend: Any, parameters: Parameters) -> str:
    name, identity = parameters.get("AvailabilityZone"), parameters.get("AvailabilityZoneId")
    for zone in backend.describe_availability_zones():
        if zone.name == name or (not name and zone.zone_id == identity):
            return zone.name
    message = f"The availability zone '{name or identity}' does not exist in {backend.region_name}"
    raise RefusedError(message, code="InvalidAvailabilityZone")


def _check_end(parameters: Parameters) -> None:
    limited = parameters.get("EndDateType") == "limited"
    if limited != (parameters.get("EndDate") is not None):
        message = "endDate belongs to the endDateType 'limited', and is needed there"
        raise RefusedError(message, code="InvalidParameterCombination")
    if limited and _aware(parameters["EndDate"]) <= _aware(utcnow()):
        message = f"endDate {parameters['EndDate']} is in the past"
        raise RefusedError(message, code=ec2.INVALID)


def describe_capacity_reservations(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Tell the reservations of these ids, or all."""
    ids = parameters.get("CapacityReservationIds") or []
    found = [require(backend, name) for name in ids] or list(reservations(backend).values())
    return {"CapacityReservations": generic_filter(ec2.filters(parameters), found)}


def modify_capacity_reservation(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Change size, end or who may use it."""
    reservation = _active(backend, parameters["CapacityReservationId"])
    if parameters.get("EndDateType") or parameters.get("EndDate"):
        _check_end({"EndDateType": "limited", **parameters})
        reservation.end_date = parameters.get("EndDate")
        reservation.end_date_type = parameters.get("EndDateType") or "limited"
    count = parameters.get("InstanceCount")
    if count is not None:
        if count < 1:
            message = f"instanceCount is {count}; cancel the reservation to give all back"
            raise RefusedError(message, code=ec2.INVALID)
        reservation.total_instance_count = count
    criteria = parameters.get("InstanceMatchCriteria")
    reservation.instance_match_criteria = criteria or reservation.instance_match_criteria
    return {"Return": True}


def cancel_capacity_reservation(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Give the capacity back; the reservation stays to be seen."""
    _active(backend, parameters["CapacityReservationId"]).cancelled = True
    return {"Return": True}


def _active(backend: Any, identity: str) -> CapacityReservation:
    reservation = require(backend, identity)
    if reservation.state != "active":
        message = f"The capacity reservation '{identity}' is {reservation.state}"
        raise RefusedError(message, code="InvalidCapacityReservationState")
    return reservation


OPERATIONS = (
    create_capacity_reservation,
    describe_capacity_reservations,
    modify_capacity_reservation,
    cancel_capacity_reservation,
)


def install() -> None:
    """Let moto's EC2 have them."""
    ec2.teach_prefixes()
    wire.add(EC2Response, OPERATIONS, lambda response: response.ec2_backend, ec2.INVALID)
