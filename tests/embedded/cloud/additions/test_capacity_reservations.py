"""Capacity reservations of EC2."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded

ASKED: dict[str, Any] = {
    "InstanceType": "p5.48xlarge",
    "InstancePlatform": "Linux/UNIX",
    "AvailabilityZone": "us-east-1a",
    "InstanceCount": 2,
    "InstanceMatchCriteria": "targeted",
}
LATER = datetime.datetime(2099, 1, 31, tzinfo=datetime.UTC)


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws.client("ec2")


def reserve(ec2: Any, **changes: Any) -> Any:
    return ec2.create_capacity_reservation(**{**ASKED, **changes})["CapacityReservation"]


def describe(ec2: Any, identity: str) -> Any:
    answer = ec2.describe_capacity_reservations(CapacityReservationIds=[identity])
    return answer["CapacityReservations"][0]


def test_a_reservation_is_told_as_it_was_made(ec2: Any) -> None:
    made = reserve(ec2)
    identity = made["CapacityReservationId"]
    assert describe(ec2, identity) == made
    assert (
        made.items()
        >= {
            "State": "active",
            "InstanceType": "p5.48xlarge",
            "TotalInstanceCount": 2,
            "AvailableInstanceCount": 2,
            "EndDateType": "unlimited",
            "InstanceMatchCriteria": "targeted",
        }.items()
    )


def test_a_zone_can_be_named_by_its_id(ec2: Any) -> None:
    zone = ec2.describe_availability_zones()["AvailabilityZones"][1]
    asked = {key: value for key, value in ASKED.items() if key != "AvailabilityZone"}
    made = ec2.create_capacity_reservation(**asked, AvailabilityZoneId=zone["ZoneId"])
    assert made["CapacityReservation"]["AvailabilityZone"] == zone["ZoneName"]


def test_size_and_end_can_be_changed(ec2: Any) -> None:
    identity = reserve(ec2)["CapacityReservationId"]
    ec2.modify_capacity_reservation(
        CapacityReservationId=identity, InstanceCount=5, EndDateType="limited", EndDate=LATER
    )
    changed = describe(ec2, identity)
    assert (changed["TotalInstanceCount"], changed["EndDate"]) == (5, LATER)
    ec2.modify_capacity_reservation(CapacityReservationId=identity, EndDateType="unlimited")
    assert "EndDate" not in describe(ec2, identity)


def test_a_cancelled_one_stays_to_be_seen_and_is_no_more(ec2: Any) -> None:
    identity = reserve(ec2)["CapacityReservationId"]
    ec2.cancel_capacity_reservation(CapacityReservationId=identity)
    assert describe(ec2, identity)["State"] == "cancelled"
    with pytest.raises(ClientError, match=rf"{identity}' is cancelled"):
        ec2.modify_capacity_reservation(CapacityReservationId=identity, InstanceCount=1)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"InstanceType": "p9.huge"}, "p9.huge' does not exist"),
        ({"AvailabilityZone": "eu-west-1a"}, "eu-west-1a' does not exist in us-east-1"),
        ({"InstanceCount": 0}, "at least 1 is needed"),
        ({"InstancePlatform": "Plan 9"}, "'Plan 9' is not one of"),
        ({"EndDateType": "limited"}, "endDate belongs to"),
        ({"EndDate": LATER}, "endDate belongs to"),
        ({"EndDateType": "limited", "EndDate": "2020-01-01T00:00:00Z"}, "is in the past"),
    ],
)
def test_what_cannot_be_reserved_is_refused(ec2: Any, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        reserve(ec2, **wrong)


def test_an_unknown_one_is_not_found(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"InvalidCapacityReservationId.NotFound"):
        describe(ec2, "cr-0123456789abcdef0")


def template(ec2: Any, reservation: str) -> dict[str, str]:
    target = {"CapacityReservationId": reservation}
    data = {
        "InstanceType": "p5.48xlarge",
        "CapacityReservationSpecification": {"CapacityReservationTarget": target},
    }
    name = f"reserved-{uuid.uuid4().hex[:8]}"
    made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return {"id": made["LaunchTemplate"]["LaunchTemplateId"], "version": "1"}


def test_a_node_group_starts_only_out_of_a_reservation_that_exists(aws: Aws, ec2: Any) -> None:
    cluster = aws.cluster()
    reservation = reserve(ec2)["CapacityReservationId"]
    made = aws.nodegroup(cluster, "reserved", launchTemplate=template(ec2, reservation))
    assert made["nodegroupName"] == "reserved"
    unknown = "cr-0123456789abcdef0"
    with pytest.raises(ClientError, match=rf"launchTemplate: .*{unknown}' does not exist"):
        aws.nodegroup(cluster, "unknown", launchTemplate=template(ec2, unknown))
