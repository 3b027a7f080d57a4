"""CloudWatch: log groups, event rules and their targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step
from embedded.plugins.aws.tagging import by_arn

_GROUP: Final = {"logGroupName": "{id}"}
_GROUP_ARN: Final = "arn:{partition}:logs:{region}:{account}:log-group:{id}"


def _create_group(operation: Operation) -> dict[str, Any]:
    params = operation.values(("name", "kmsKeyId", "logGroupClass"))
    operation.api("create_log_group", {**params, **operation.tag_params()})
    return {}


def _read_group(operation: Operation) -> Mapping[str, Any] | None:
    groups = operation.api("describe_log_groups", {"logGroupNamePrefix": operation.id})
    return next(
        (group for group in groups["logGroups"] if group["logGroupName"] == operation.id), None
    )


def _set_retention(operation: Operation) -> None:
    # 0 is pulumi-aws' word for never.
    if operation.inputs.get("retentionInDays"):
        operation.call(Call("put_retention_policy", _GROUP), ("retentionInDays",))
    else:
        operation.call(Call("delete_retention_policy", _GROUP))


def _set_key(operation: Operation) -> None:
    if operation.inputs.get("kmsKeyId"):
        operation.call(Call("associate_kms_key", _GROUP), ("kmsKeyId",))
    else:
        operation.call(Call("disassociate_kms_key", _GROUP))


def _delete_group(operation: Operation) -> None:
    if not operation.inputs.get("skipDestroy"):
        operation.call(Call("delete_log_group", _GROUP))


LOG_GROUP = Resource(
    type="aws:cloudwatch/logGroup:LogGroup",
    label="CloudWatch Logs Log Group",
    service="logs",
    identity="{name}",
    create=_create_group,
    shape=("create_log_group",),
    read=_read_group,
    delete=_delete_group,
    sends=("name", "kmsKeyId", "logGroupClass"),
    steers=("namePrefix", "skipDestroy"),
    names={"name": "logGroupName"},
    steps=(Step(("retentionInDays",), _set_retention), Step(("kmsKeyId",), _set_key)),
    replaces=("name", "namePrefix", "logGroupClass"),
    computed=("logGroupClass",),
    defaults={"retentionInDays": 0, "skipDestroy": False},
    outputs={"arn": _GROUP_ARN},
    naming=Naming(prefix_property="namePrefix", max_length=255),
    tags=by_arn(
        _GROUP_ARN, read=Call("list_tags_for_resource", {"resourceArn": _GROUP_ARN}, "tags")
    ),
)

RESOURCES = (LOG_GROUP,)
