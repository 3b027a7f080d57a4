"""Managed node groups."""

from __future__ import annotations

import json
from typing import Any

from embedded.cloud.eks import access, instances, readiness, versions
from embedded.cloud.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse
from embedded.cloud.eks.nodegroup_settings import (
    check_labels,
    check_scaling,
    check_taints,
    describe_new,
    launch_template,
    release,
    without,
)
from embedded.cloud.eks.state import (
    Answer,
    EksBackend,
    Nodegroup,
    Parameters,
    new_uuid,
    now,
    operation,
    page,
    record_update,
)

_NODE_SERVICE = "ec2.amazonaws.com"


@operation
def create_nodegroup(backend: EksBackend, parameters: Parameters) -> Answer:
    """Make a node group and start its instances."""
    cluster = backend.cluster(parameters["clusterName"])
    name = parameters["nodegroupName"]
    if name in cluster.nodegroups:
        message = f"NodeGroup already exists with name {name} and cluster name {cluster.name}"
        raise ResourceInUse(message, clusterName=cluster.name, nodegroupName=name)
    backend.require_role(parameters["nodeRole"], _NODE_SERVICE)
    group = Nodegroup(describe_new(backend, cluster, parameters, new_uuid()))
    access.admit_nodes(backend, cluster, parameters["nodeRole"])
    instances.scale(backend, cluster, group)
    cluster.nodegroups[name] = group
    return {"nodegroup": {**group.description, "status": "CREATING"}}


@operation
def describe_nodegroup(backend: EksBackend, parameters: Parameters) -> Answer:
    """Tell of a node group; it is CREATING until its first nodes are Ready."""
    group = backend.nodegroup(parameters["clusterName"], parameters["nodegroupName"])
    return {"nodegroup": {**group.description, "status": readiness.status(group)}}


@operation
def list_nodegroups(backend: EksBackend, parameters: Parameters) -> Answer:
    """List the names of a cluster's node groups."""
    cluster = backend.cluster(parameters["clusterName"])
    return page(sorted(cluster.nodegroups), parameters, "nodegroups")


@operation
def delete_nodegroup(backend: EksBackend, parameters: Parameters) -> Answer:
    """Delete a node group and its instances; its nodes are drained first."""
    cluster = backend.cluster(parameters["clusterName"])
    group = backend.nodegroup(cluster.name, parameters["nodegroupName"])
    instances.terminate(backend, group, len(group.instances))
    del cluster.nodegroups[parameters["nodegroupName"]]
    return {"nodegroup": {**group.description, "status": "DELETING"}}


@operation
def update_nodegroup_config(backend: EksBackend, parameters: Parameters) -> Answer:
    """Change size, labels, taints or update behaviour of a node group."""
    cluster = backend.cluster(parameters.pop("clusterName"))
    group = backend.nodegroup(cluster.name, parameters.pop("nodegroupName"))
    if not parameters:
        message = "At least one of the configurations has to be provided"
        raise InvalidParameter(message, clusterName=cluster.name)
    changed = {**group.description, "modifiedAt": now()}
    params: dict[str, Any] = {}
    _change_scaling(changed, parameters.get("scalingConfig"), params)
    _change_labels(changed, parameters.get("labels") or {}, params)
    _change_taints(changed, parameters.get("taints") or {}, params)
    for key, told in (
        ("updateConfig", "MaxUnavailable"),
        ("nodeRepairConfig", "NodeRepairConfig"),
        ("warmPoolConfig", "WarmPoolEnabled"),
    ):
        if key in parameters:
            changed[key] = parameters[key]
            params[told] = json.dumps(parameters[key])
    group.description = changed
    instances.scale(backend, cluster, group)
    texts = {key: str(value) for key, value in params.items()}
    return record_update(cluster, "ConfigUpdate", texts, nodegroup=changed["nodegroupName"])


def _change_scaling(
    changed: dict[str, Any], given: dict[str, int] | None, params: dict[str, Any]
) -> None:
    if given:
        changed["scalingConfig"] = check_scaling({**changed["scalingConfig"], **given})
        params.update({key[0].upper() + key[1:]: value for key, value in given.items()})


def _change_labels(changed: dict[str, Any], given: dict[str, Any], params: dict[str, Any]) -> None:
    added, removed = given.get("addOrUpdateLabels") or {}, given.get("removeLabels") or []
    check_labels(added)
    kept = {key: value for key, value in changed["labels"].items() if key not in removed}
    changed["labels"] = {**kept, **added}
    if added:
        params["LabelsToAdd"] = json.dumps(added)
    if removed:
        params["LabelsToRemove"] = json.dumps(removed)


def _change_taints(changed: dict[str, Any], given: dict[str, Any], params: dict[str, Any]) -> None:
    added, removed = given.get("addOrUpdateTaints") or [], given.get("removeTaints") or []
    taints = [*without(changed["taints"], [*added, *removed]), *added]
    check_taints(taints)
    changed["taints"] = taints
    if added:
        params["TaintsToAdd"] = json.dumps(added)
    if removed:
        params["TaintsToRemove"] = json.dumps(removed)


@operation
def update_nodegroup_version(backend: EksBackend, parameters: Parameters) -> Answer:
    """Replace the instances of a node group by ones of another version or launch template."""
    cluster = backend.cluster(parameters["clusterName"])
    group = backend.nodegroup(cluster.name, parameters["nodegroupName"])
    changed = {**group.description, "modifiedAt": now()}
    params: dict[str, str] = {}
    given = parameters.get("launchTemplate")
    if given:
        changed["launchTemplate"] = _other_version(backend, changed, given)
        params["LaunchTemplateVersion"] = changed["launchTemplate"]["version"]
    if changed["amiType"] != "CUSTOM":
        target = parameters.get("version") or cluster.description["version"]
        versions.require_node_version(cluster.description["version"], target)
        changed["version"] = target
        changed["releaseVersion"] = parameters.get("releaseVersion") or release(target)
        params |= {"Version": target, "ReleaseVersion": changed["releaseVersion"]}
    elif parameters.get("version") or parameters.get("releaseVersion"):
        message = "Version and release version are the launch template's, as its image is custom"
        raise InvalidParameter(message, nodegroupName=changed["nodegroupName"])
    group.description = changed
    instances.replace(backend, cluster, group)
    name = changed["nodegroupName"]
    return record_update(cluster, "VersionUpdate", params, nodegroup=name)


def _other_version(
    backend: EksBackend, changed: dict[str, Any], given: dict[str, str]
) -> dict[str, str]:
    current = changed.get("launchTemplate")
    found, _ = launch_template(backend, given)
    if current is None or found["id"] != current["id"]:
        message = "A node group cannot change to another launch template, only to its versions"
        raise InvalidRequest(message, nodegroupName=changed["nodegroupName"])
    return found
