"""KMS: keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step
from embedded.plugins.aws.tagging import keyed

_KEY: Final = {"KeyId": "{id}"}


def _read_key(operation: Operation) -> Mapping[str, Any] | None:
    key = operation.call(Call("describe_key", _KEY, "KeyMetadata"))
    # A key is gone from the program's view as soon as its deletion is scheduled.
    if key["KeyState"] in ("PendingDeletion", "Unavailable"):
        return None
    rotation = operation.call(Call("get_key_rotation_status", _KEY))
    policy = operation.call(Call("get_key_policy", {**_KEY, "PolicyName": "default"}, "Policy"))
    return {
        **key,
        "enableKeyRotation": rotation.get("KeyRotationEnabled", False),
        "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        "policy": policy,
    }


def _set_rotation(operation: Operation) -> None:
    if operation.inputs.get("enableKeyRotation"):
        operation.call(Call("enable_key_rotation", _KEY), ("rotationPeriodInDays",))
    else:
        operation.call(Call("disable_key_rotation", _KEY))


def _set_enabled(operation: Operation) -> None:
    verb = "disable_key" if operation.inputs.get("isEnabled") is False else "enable_key"
    operation.call(Call(verb, _KEY))


KEY = Resource(
    type="aws:kms/key:Key",
    label="KMS Key",
    service="kms",
    identity="{KeyId}",
    create=Call("create_key", result="KeyMetadata"),
    read=_read_key,
    delete=Call("schedule_key_deletion", {**_KEY, "PendingWindowInDays": "{deletionWindowInDays}"}),
    sends=("description", "keyUsage", "customerMasterKeySpec", "multiRegion", "policy"),
    steers=("deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"),
    names={"customerMasterKeySpec": "KeySpec", "isEnabled": "Enabled"},
    steps=(
        Step(("description",), Call("update_key_description", _KEY)),
        Step(("policy",), Call("put_key_policy", {**_KEY, "PolicyName": "default"})),
        Step(("enableKeyRotation", "rotationPeriodInDays"), _set_rotation),
        Step(("isEnabled",), _set_enabled),
    ),
    replaces=("keyUsage", "customerMasterKeySpec", "multiRegion"),
    computed=("description", "policy", "multiRegion", "rotationPeriodInDays"),
    defaults={
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    },
    documents=("policy",),
    outputs={"arn": "Arn", "keyId": "KeyId"},
    tags=keyed("resource", _KEY, style="kms", read=Call("list_resource_tags", _KEY, "Tags")),
)


def _create_alias(operation: Operation) -> dict[str, Any]:
    operation.api("create_alias", operation.values(("name", "targetKeyId")))
    return {}


def _read_alias(operation: Operation) -> Mapping[str, Any] | None:
    marker: dict[str, Any] = {}
    while True:
        page = operation.api("list_aliases", marker)
        for alias in page["Aliases"]:
            if alias["AliasName"] == operation.id:
                return alias
        if not page.get("Truncated"):
            return None
        marker = {"Marker": page["NextMarker"]}


def _target_key(alias: Mapping[str, Any]) -> Any:
    return alias.get("TargetKeyId")


ALIAS = Resource(
    type="aws:kms/alias:Alias",
    label="KMS Alias",
    service="kms",
    identity="{name}",
    create=_create_alias,
    shape=("create_alias",),
    read=_read_alias,
    delete=Call("delete_alias", {"AliasName": "{id}"}),
    sends=("name", "targetKeyId"),
    steers=("namePrefix",),
    names={"name": "AliasName"},
    reads={"targetKeyId": _target_key},
    steps=(Step(("targetKeyId",), Call("update_alias", {"AliasName": "{id}"})),),
    replaces=("name", "namePrefix"),
    last_segment=("targetKeyId",),
    outputs={
        "arn": "AliasArn",
        "targetKeyArn": "arn:{partition}:kms:{region}:{account}:key/{TargetKeyId}",
    },
    naming=Naming(prefix_property="namePrefix", max_length=256, always_prefix="alias/"),
)

RESOURCES = (KEY, ALIAS)
