"""EventBridge: rules and their targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step, Tagging

_DEFAULT_BUS: Final = "default"
_RULE: Final = ("name", "description", "eventBusName", "eventPattern", "roleArn")
_RULE_ARN: Final = {"ResourceARN": "{arn}"}


def _put_rule(operation: Operation) -> Mapping[str, Any]:
    state = operation.inputs.get("state") or "ENABLED"
    params = {
        **operation.values((*_RULE, "scheduleExpression")),
        "State": state,
        **({} if operation.id else operation.tag_params()),
    }
    return operation.api("put_rule", params)


def _bus(operation: Operation) -> str:
    place = {**operation.state, **operation.inputs}
    return place.get("eventBusName") or _DEFAULT_BUS


def _rule_name(operation: Operation) -> str:
    """The id is the name, with the bus before it where that is not the default one."""
    return operation.id.rpartition("/")[2]


def _read_rule(operation: Operation) -> Mapping[str, Any]:
    bus, _, name = operation.id.rpartition("/")
    params = {"Name": name, "EventBusName": bus or _DEFAULT_BUS}
    rule = operation.api("describe_rule", params)
    return {**rule, "EventBusName": bus or _DEFAULT_BUS}


def _delete_rule(operation: Operation) -> None:
    params = {"Name": _rule_name(operation), "EventBusName": _bus(operation)}
    if operation.inputs.get("forceDestroy"):
        where = {"Rule": params["Name"], "EventBusName": params["EventBusName"]}
        targets = operation.api("list_targets_by_rule", where)["Targets"]
        if targets:
            ids = [target["Id"] for target in targets]
            operation.api("remove_targets", {**where, "Ids": ids})
    operation.api("delete_rule", params)


def _check_rule(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    if inputs.get("eventPattern") is None and inputs.get("scheduleExpression") is None:
        return [("eventPattern", "eventPattern or scheduleExpression is needed; got neither")]
    return []


EVENT_RULE = Resource(
    type="aws:cloudwatch/eventRule:EventRule",
    label="EventBridge Rule",
    service="events",
    identity="{name}",
    create=_put_rule,
    shape=("put_rule",),
    read=_read_rule,
    delete=_delete_rule,
    sends=(*_RULE, "scheduleExpression", "state"),
    steers=("namePrefix", "forceDestroy"),
    steps=(
        Step(("description", "eventPattern", "roleArn", "scheduleExpression", "state"), _put_rule),
    ),
    replaces=("name", "namePrefix", "eventBusName"),
    defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False, "state": "ENABLED"},
    documents=("eventPattern",),
    outputs={"arn": "Arn"},
    naming=Naming(prefix_property="namePrefix", max_length=64),
    tags=Tagging(
        create={"Tags": "{tags}"},
        tag=Call("tag_resource", {**_RULE_ARN, "Tags": "{tags}"}),
        untag=Call("untag_resource", {**_RULE_ARN, "TagKeys": "{tagKeys}"}),
        read=Call(
            "list_tags_for_resource",
            {"ResourceARN": "arn:{partition}:events:{region}:{account}:rule/{id}"},
            "Tags",
        ),
    ),
    checks=_check_rule,
)

_TARGET: Final = (
    "arn",
    "input",
    "inputPath",
    "inputTransformer",
    "roleArn",
    "deadLetterConfig",
    "retryPolicy",
    "sqsTarget",
)


def _where(operation: Operation) -> dict[str, str]:
    place = {**operation.state, **operation.inputs}
    return {"Rule": place["rule"], "EventBusName": place.get("eventBusName") or _DEFAULT_BUS}


def _put_target(operation: Operation) -> dict[str, Any]:
    target = {"Id": operation.inputs["targetId"], **operation.values(_TARGET)}
    answer = operation.api("put_targets", {**_where(operation), "Targets": [target]})
    if answer.get("FailedEntryCount"):
        raise operation.refused(answer["FailedEntries"][0])
    place = {**operation.inputs, "targetId": operation.inputs["targetId"]}
    return {"TargetKey": f"{place['rule']}-{place['targetId']}"}


def _read_target(operation: Operation) -> Mapping[str, Any] | None:
    where = _where(operation)
    wanted = {**operation.state, **operation.inputs}["targetId"]
    operation.id = f"{where['Rule']}-{wanted}"
    targets = operation.api("list_targets_by_rule", where)["Targets"]
    found = (target for target in targets if target["Id"] == wanted)
    return next(({**target, "targetId": wanted, **where} for target in found), None)


def _remove_target(operation: Operation) -> None:
    wanted = {**operation.state, **operation.inputs}["targetId"]
    operation.api("remove_targets", {**_where(operation), "Ids": [wanted]})


EVENT_TARGET = Resource(
    type="aws:cloudwatch/eventTarget:EventTarget",
    label="EventBridge Target",
    service="events",
    identity="{TargetKey}",
    imports="{rule}/{targetId}",
    create=_put_target,
    shape=("put_targets", "Targets"),
    read=_read_target,
    delete=_remove_target,
    sends=("rule", "eventBusName", *_TARGET),
    steers=("forceDestroy",),
    names={
        "retryPolicy.maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        "inputTransformer.inputPaths": "InputPathsMap",
        "sqsTarget": "SqsParameters",
    },
    steps=(Step(_TARGET, _put_target),),
    replaces=("rule", "eventBusName", "targetId"),
    defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False},
    documents=("input",),
    naming=Naming("targetId"),
)

RESOURCES = (EVENT_RULE, EVENT_TARGET)
