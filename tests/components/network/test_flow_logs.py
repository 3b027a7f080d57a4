import json
from typing import Any

from components.network.flow_logs import (
    FlowLogs,
    FlowLogsArgs,
    key_policy,
    trust_policy,
    writing_policy,
)
from tests.support.engine import Registered, deploy

ARGS = FlowLogsArgs(
    vpc_id="vpc",
    region="us-east-1",
    account="111122223333",
    retention_days=30,
    tags={"Owner": "tests"},
)
GROUP = "arn:aws:logs:us-east-1:111122223333:log-group:flow"


def build() -> dict[str, Registered]:
    _, resources = deploy(lambda: FlowLogs("flow-logs", ARGS))
    return {one.type.rpartition(":")[2]: one for one in resources if one.custom}


def statements(document: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(document)["Statement"]
    return found


def test_logs_end_some_day_and_are_encrypted_with_a_key_of_their_own() -> None:
    resources = build()
    group = resources["LogGroup"].inputs
    assert group["retentionInDays"] == 30
    assert group["kmsKeyId"] == "arn:aws:mock::flow-logs-key"
    assert resources["Key"].inputs["enableKeyRotation"] is True


def test_the_whole_network_s_accepted_and_rejected_traffic_is_kept() -> None:
    log = build()["FlowLog"].inputs
    assert (log["vpcId"], log["trafficType"]) == ("vpc", "ALL")
    assert log["logDestination"] == "arn:aws:mock::flow-logs-group"
    assert log["iamRoleArn"] == "arn:aws:mock::flow-logs-role"


def test_only_this_account_s_flow_logs_may_take_the_role() -> None:
    (trust,) = statements(trust_policy(ARGS))
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}


def test_the_role_writes_to_one_group_and_makes_none() -> None:
    (allowed,) = statements(writing_policy(GROUP))
    assert allowed["Resource"] == [GROUP, f"{GROUP}:*"]
    assert not [action for action in allowed["Action"] if "*" in action]
    assert "logs:CreateLogGroup" not in allowed["Action"]


def test_the_log_service_uses_the_key_for_this_account_s_groups_alone() -> None:
    _, logs = statements(key_policy(ARGS))
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert not [action for action in logs["Action"] if "*" in action]
    (groups,) = logs["Condition"]["ArnLike"].values()
    assert groups.startswith("arn:aws:logs:us-east-1:111122223333:")
