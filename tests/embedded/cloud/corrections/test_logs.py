"""Log groups: their keys, their tags, and the flow logs that go there."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def logs(aws: Aws) -> Any:
    return aws.client("logs")


@pytest.fixture
def name() -> str:
    return f"/ballast/{uuid.uuid4().hex[:8]}"


def describe(logs: Any, name: str) -> Any:
    return logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]


def test_a_key_is_given_and_taken_after_the_group_was_made(logs: Any, name: str) -> None:
    logs.create_log_group(logGroupName=name)
    logs.associate_kms_key(logGroupName=name, kmsKeyId=KEY)
    assert describe(logs, name)["kmsKeyId"] == KEY
    logs.disassociate_kms_key(logGroupName=name)
    assert "kmsKeyId" not in describe(logs, name)


def test_a_key_is_given_to_a_group_named_by_its_arn(logs: Any, name: str) -> None:
    logs.create_log_group(logGroupName=name)
    arn = describe(logs, name)["arn"]
    logs.associate_kms_key(resourceIdentifier=arn, kmsKeyId=KEY)
    assert describe(logs, name)["kmsKeyId"] == KEY


def test_a_key_for_no_group_is_refused(logs: Any, name: str) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match=name):
        logs.associate_kms_key(logGroupName=name, kmsKeyId=KEY)
    with pytest.raises(ClientError, match="none was named"):
        logs.disassociate_kms_key()


def test_a_group_of_a_removed_one_s_name_has_not_its_tags(logs: Any, name: str) -> None:
    logs.create_log_group(logGroupName=name, tags={"old": "yes"})
    logs.delete_log_group(logGroupName=name)
    logs.create_log_group(logGroupName=name, tags={"new": "yes"})
    assert logs.list_tags_log_group(logGroupName=name)["tags"] == {"new": "yes"}


def test_removing_what_is_not_there_is_refused(logs: Any, name: str) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=name)


def test_a_flow_log_finds_its_log_group_by_arn(aws: Aws, logs: Any, name: str) -> None:
    logs.create_log_group(logGroupName=name)
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestination=describe(logs, name)["arn"],
        DeliverLogsPermissionArn=aws.role("vpc-flow-logs.amazonaws.com"),
    )
    found = ec2.describe_flow_logs(FlowLogIds=made["FlowLogIds"])["FlowLogs"][0]
    assert (found["DeliverLogsStatus"], found["LogGroupName"]) == ("SUCCESS", name)
