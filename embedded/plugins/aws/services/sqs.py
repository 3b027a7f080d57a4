"""SQS: queues and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step, Tagging
from embedded.plugins.aws.shapes import as_text

# Property -> queue attribute.
_ATTRIBUTES: Final = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_FIXED: Final = ("fifoQueue",)


def _attributes(operation: Operation) -> dict[str, str]:
    inputs = operation.inputs
    return {
        api: as_text(inputs[name])
        for name, api in _ATTRIBUTES.items()
        if inputs.get(name) not in (None, False)
    }


def _create(operation: Operation) -> Mapping[str, Any]:
    params = {"QueueName": operation.inputs["name"], "Attributes": _attributes(operation)}
    return operation.api("create_queue", {**params, **operation.tag_params()})


def _read(operation: Operation) -> Mapping[str, Any]:
    params = {"QueueUrl": operation.id, "AttributeNames": ["All"]}
    return operation.api("get_queue_attributes", params)["Attributes"]


def _update(operation: Operation) -> None:
    inputs = operation.inputs
    changed = {
        _ATTRIBUTES[name]: "" if inputs.get(name) is None else as_text(inputs[name])
        for name in operation.changed
        if name in _ATTRIBUTES
    }
    operation.api("set_queue_attributes", {"QueueUrl": operation.id, "Attributes": changed})


def _name(attributes: Mapping[str, Any]) -> str:
    return attributes["QueueArn"].rpartition(":")[2]


_URL: Final = {"QueueUrl": "{id}"}

QUEUE = Resource(
    type="aws:sqs/queue:Queue",
    label="SQS Queue",
    service="sqs",
    identity="{QueueUrl}",
    create=_create,
    shape=("create_queue",),
    read=_read,
    delete=Call("delete_queue", _URL),
    sends=("name", *_ATTRIBUTES),
    steers=("namePrefix",),
    reads={"name": _name, **_ATTRIBUTES},
    steps=(Step(tuple(name for name in _ATTRIBUTES if name not in _FIXED), _update),),
    replaces=("name", "namePrefix", *_FIXED),
    computed=("kmsDataKeyReusePeriodSeconds", "policy", "sqsManagedSseEnabled"),
    defaults={
        "delaySeconds": 0,
        "maxMessageSize": 262144,
        "messageRetentionSeconds": 345600,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
    },
    documents=("policy", "redrivePolicy"),
    outputs={"arn": "QueueArn", "url": "{id}"},
    naming=Naming(prefix_property="namePrefix", max_length=80),
    tags=Tagging(
        create={"tags": "{tags}"},
        tag=Call("tag_queue", {**_URL, "Tags": "{tags}"}),
        untag=Call("untag_queue", {**_URL, "TagKeys": "{tagKeys}"}),
        read=Call("list_queue_tags", _URL, "Tags"),
        style="map",
    ),
)


def _put_policy(operation: Operation) -> dict[str, Any]:
    attributes = {"Policy": operation.inputs["policy"]}
    params = {"QueueUrl": operation.inputs["queueUrl"], "Attributes": attributes}
    operation.api("set_queue_attributes", params)
    return {}


def _read_policy(operation: Operation) -> Mapping[str, Any] | None:
    params = {"QueueUrl": operation.id, "AttributeNames": ["Policy"]}
    policy = operation.api("get_queue_attributes", params).get("Attributes", {}).get("Policy")
    return {"queueUrl": operation.id, "policy": policy} if policy else None


QUEUE_POLICY = Resource(
    type="aws:sqs/queuePolicy:QueuePolicy",
    label="SQS Queue Policy",
    service="sqs",
    identity="{queueUrl}",
    create=_put_policy,
    shape=("set_queue_attributes",),
    read=_read_policy,
    delete=Call("set_queue_attributes", {**_URL, "Attributes": {"Policy": ""}}),
    sends=("queueUrl", "policy"),
    steps=(Step(("policy",), _put_policy),),
    replaces=("queueUrl",),
    documents=("policy",),
)

RESOURCES = (QUEUE, QUEUE_POLICY)
