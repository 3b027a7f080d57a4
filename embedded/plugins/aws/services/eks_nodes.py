"""EKS: managed node groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step, Wait
from embedded.plugins.aws.tagging import by_arn

_HOUR: Final = 3600.0


def _labels_change(operation: Operation) -> dict[str, Any]:
    old = operation.old_inputs.get("labels") or {}
    new = operation.inputs.get("labels") or {}
    return {
        "addOrUpdateLabels": {key: text for key, text in new.items() if old.get(key) != text},
        "removeLabels": sorted(old.keys() - new.keys()),
    }


def _taints_change(operation: Operation) -> dict[str, Any]:
    old = operation.old_inputs.get("taints") or []
    new = operation.inputs.get("taints") or []
    kept = {(taint["key"], taint["effect"]) for taint in new}
    removed = [taint for taint in old if (taint["key"], taint["effect"]) not in kept]
    return {
        "addOrUpdateTaints": [taint for taint in new if taint not in old],
        "removeTaints": removed,
    }


def _update_config(operation: Operation) -> None:
    """One call for labels, taints and sizes: EKS allows one update at a time."""
    params = {
        "clusterName": "{clusterName}",
        "nodegroupName": "{nodeGroupName}",
        "labels": _labels_change(operation),
        "taints": _taints_change(operation),
    }
    filled = {key: value for key, value in params.items() if value and _any(value)}
    sizes = ("scalingConfig", "updateConfig", "nodeRepairConfig", "warmPoolConfig")
    operation.call(Call("update_nodegroup_config", filled), sizes)


def _any(value: Any) -> bool:
    return not isinstance(value, dict) or any(value.values())


def _template(operation: Operation) -> dict[str, Any]:
    """EKS gives id and name back but takes only one of them."""
    template = dict(operation.inputs.get("launchTemplate") or {})
    if template.get("id"):
        template.pop("name", None)
    return {"launchTemplate": template} if template else {}


def _create_node_group(operation: Operation) -> Mapping[str, Any]:
    params = {
        **operation.values(_GROUP_SENDS),
        **_template(operation),
        **operation.tag_params(),
    }
    return operation.api("create_nodegroup", params)["nodegroup"]


def _update_version(operation: Operation) -> None:
    params = {
        "clusterName": "{clusterName}",
        "nodegroupName": "{nodeGroupName}",
        "force": "{forceUpdateVersion}",
        **_template(operation),
    }
    changed = [name for name in ("version", "releaseVersion") if name in operation.changed]
    operation.call(Call("update_nodegroup_version", params), changed)


def _check_node_group(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    sizes = inputs.get("scalingConfig")
    if not isinstance(sizes, dict):
        return []
    low, wanted, high = (sizes.get(key) for key in ("minSize", "desiredSize", "maxSize"))
    if not all(isinstance(size, int) for size in (low, wanted, high)):
        return []
    if low <= wanted <= high and high >= 1 and low >= 0:  # type: ignore[operator]
        return []
    reason = (
        f"scalingConfig is minSize {low}, desiredSize {wanted}, maxSize {high}; allowed is "
        "0 <= minSize <= desiredSize <= maxSize, and maxSize at least 1"
    )
    return [("scalingConfig", reason)]


_GROUP_SENDS: Final = (
    "clusterName",
    "nodeGroupName",
    "nodeRoleArn",
    "subnetIds",
    "scalingConfig",
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "labels",
    "nodeRepairConfig",
    "releaseVersion",
    "remoteAccess",
    "taints",
    "updateConfig",
    "version",
    "warmPoolConfig",
)

NODE_GROUP = Resource(
    type="aws:eks/nodeGroup:NodeGroup",
    label="EKS Node Group",
    service="eks",
    identity="{clusterName}:{nodeGroupName}",
    create=_create_node_group,
    shape=("create_nodegroup",),
    read=Call(
        "describe_nodegroup",
        {"clusterName": "{clusterName}", "nodegroupName": "{nodeGroupName}"},
        "nodegroup",
    ),
    delete=Call(
        "delete_nodegroup",
        {"clusterName": "{clusterName}", "nodegroupName": "{nodeGroupName}"},
    ),
    sends=(*_GROUP_SENDS, "launchTemplate"),
    steers=("forceUpdateVersion", "nodeGroupNamePrefix"),
    names={
        "nodeRoleArn": "nodeRole",
        "subnetIds": "subnets",
        "remoteAccess.sourceSecurityGroupIds": "sourceSecurityGroups",
    },
    steps=(
        Step(("launchTemplate", "releaseVersion", "version"), _update_version),
        Step(
            (
                "labels",
                "taints",
                "scalingConfig",
                "updateConfig",
                "nodeRepairConfig",
                "warmPoolConfig",
            ),
            _update_config,
        ),
    ),
    replaces=(
        "amiType",
        "capacityType",
        "clusterName",
        "diskSize",
        "instanceTypes",
        "launchTemplate.id",
        "launchTemplate.name",
        "nodeGroupName",
        "nodeGroupNamePrefix",
        "nodeRoleArn",
        "remoteAccess",
        "subnetIds",
    ),
    computed=(
        "amiType",
        "capacityType",
        "diskSize",
        "instanceTypes",
        "launchTemplate.id",
        "launchTemplate.name",
        "nodeRepairConfig",
        "releaseVersion",
        "updateConfig",
        "updateConfig.updateStrategy",
        "version",
    ),
    without=("nodeRepairConfig.nodeRepairConfigOverrides",),
    sets=("subnetIds", "taints", "remoteAccess.sourceSecurityGroupIds"),
    outputs={
        "arn": "nodegroupArn",
        "resources": lambda group: [group.get("resources") or {}],
        "status": "status",
    },
    naming=Naming("nodeGroupName", "nodeGroupNamePrefix", max_length=63),
    tags=by_arn(),
    wait=Wait(
        "status",
        until=("ACTIVE",),
        failed=("CREATE_FAILED", "DEGRADED", "DELETE_FAILED"),
        reason="health.issues[0].message",
        seconds=_HOUR,
    ),
    checks=_check_node_group,
)

RESOURCES = (NODE_GROUP,)
