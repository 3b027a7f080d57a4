"""Changes of a cluster, and the record of every update."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from embedded.cloud.eks import clusters, network, versions
from embedded.cloud.eks.errors import InvalidParameter, InvalidRequest, ResourceNotFound
from embedded.cloud.eks.state import (
    Answer,
    Cluster,
    EksBackend,
    Parameters,
    Update,
    operation,
    page,
    record_update,
)

_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
_AUTO_MODE = frozenset({"computeConfig", "storageConfig", "kubernetesNetworkConfig"})


@operation
def update_cluster_config(backend: EksBackend, parameters: Parameters) -> Answer:
    """Change one thing of a cluster; EKS takes one kind of change at a time."""
    cluster = backend.cluster(parameters.pop("name"))
    kinds = parameters.keys()
    if kinds and kinds <= _AUTO_MODE:
        return _update_auto_mode(cluster, parameters)
    if len(kinds) != 1:
        message = (
            f"Only one type of update can be allowed; got {', '.join(sorted(kinds)) or 'none'}"
        )
        raise InvalidParameter(message, clusterName=cluster.name)
    ((kind, value),) = parameters.items()
    return _UPDATES[kind](backend, cluster, value)


def _update_vpc(backend: EksBackend, cluster: Cluster, value: dict[str, Any]) -> Answer:
    current = cluster.description["resourcesVpcConfig"]
    moves = value.get("subnetIds") is not None or value.get("securityGroupIds") is not None
    changed = network.with_endpoint(current, value)
    if value.get("subnetIds"):
        vpc_id = network.require_subnets(backend, value["subnetIds"])
        if vpc_id != current["vpcId"]:
            message = f"The subnets have to be in the cluster's VPC {current['vpcId']}"
            raise InvalidParameter(message, clusterName=cluster.name)
        changed["subnetIds"] = value["subnetIds"]
    if value.get("securityGroupIds") is not None:
        network.require_security_groups(backend, value["securityGroupIds"], current["vpcId"])
        changed["securityGroupIds"] = value["securityGroupIds"]
    if "controlPlaneEgressMode" in value:
        changed["controlPlaneEgressMode"] = value["controlPlaneEgressMode"]
    _require_change(cluster, current, changed, "resourcesVpcConfig")
    cluster.description["resourcesVpcConfig"] = changed
    params = {
        "EndpointPublicAccess": json.dumps(changed["endpointPublicAccess"]),
        "EndpointPrivateAccess": json.dumps(changed["endpointPrivateAccess"]),
        "PublicAccessCidrs": json.dumps(changed["publicAccessCidrs"]),
    }
    if moves:
        params = {
            "Subnets": json.dumps(changed["subnetIds"]),
            "SecurityGroups": json.dumps(changed["securityGroupIds"]),
        }
    return record_update(cluster, "VpcConfigUpdate" if moves else "EndpointAccessUpdate", params)


def _update_logging(_: EksBackend, cluster: Cluster, value: dict[str, Any]) -> Answer:
    current = cluster.description["logging"]
    changed = clusters.normal_logging(current["clusterLogging"], value)
    _require_change(cluster, current, changed, "logging")
    cluster.description["logging"] = changed
    return record_update(cluster, "LoggingUpdate", {"ClusterLogging": json.dumps(changed)})


def _update_access(_: EksBackend, cluster: Cluster, value: dict[str, Any]) -> Answer:
    current = cluster.description["accessConfig"]
    old, new = current["authenticationMode"], value.get("authenticationMode")
    if new is None or _MODES.index(new) <= _MODES.index(old):
        message = f"Unsupported authentication mode update from {old} to {new}"
        raise InvalidParameter(message, clusterName=cluster.name)
    cluster.description["accessConfig"] = {**current, "authenticationMode": new}
    return record_update(cluster, "AccessConfigUpdate", {"AuthenticationMode": new})


def _update_auto_mode(cluster: Cluster, parameters: Parameters) -> Answer:
    merged = {
        key: {**(cluster.description.get(key) or {}), **parameters.get(key, {})}
        for key in _AUTO_MODE
    }
    clusters.require_whole_auto_mode(merged)
    given = parameters.get("kubernetesNetworkConfig") or {}
    fixed = given.keys() & {"serviceIpv4Cidr", "ipFamily"}
    current = cluster.description["kubernetesNetworkConfig"]
    if any(given[key] != current.get(key) for key in fixed):
        message = f"{', '.join(sorted(fixed))} cannot be changed after the cluster was made"
        raise InvalidParameter(message, clusterName=cluster.name)
    cluster.description.update({key: value for key, value in merged.items() if value})
    names = {key: key[0].upper() + key[1:] for key in parameters}
    params = {names[key]: json.dumps(value) for key, value in parameters.items()}
    return record_update(cluster, "AutoModeUpdate", params)


def _plain(kind: str, key: str) -> Callable[[EksBackend, Cluster, Any], Answer]:
    """Return the handler of a setting that is simply another one afterwards."""

    def update(_: EksBackend, cluster: Cluster, value: Any) -> Answer:
        _require_change(cluster, cluster.description.get(key), value, key)
        cluster.description[key] = value
        told = value if isinstance(value, str) else json.dumps(value)
        return record_update(cluster, kind, {key[0].upper() + key[1:]: told})

    return update


_UPDATES: dict[str, Callable[[EksBackend, Cluster, Any], Answer]] = {
    "resourcesVpcConfig": _update_vpc,
    "logging": _update_logging,
    "accessConfig": _update_access,
    "upgradePolicy": _plain("UpgradePolicyUpdate", "upgradePolicy"),
    "zonalShiftConfig": _plain("ZonalShiftConfigUpdate", "zonalShiftConfig"),
    "remoteNetworkConfig": _plain("RemoteNetworkConfigUpdate", "remoteNetworkConfig"),
    "deletionProtection": _plain("DeletionProtectionUpdate", "deletionProtection"),
    "controlPlaneScalingConfig": _plain(
        "ControlPlaneScalingConfigUpdate", "controlPlaneScalingConfig"
    ),
    "kubeApiServerConfig": _plain("ControlPlaneComponentConfigUpdate", "kubeApiServerConfig"),
    "kubeSchedulerConfig": _plain("ControlPlaneComponentConfigUpdate", "kubeSchedulerConfig"),
    "kubeControllerManagerConfig": _plain(
        "ControlPlaneComponentConfigUpdate", "kubeControllerManagerConfig"
    ),
}


def _require_change(cluster: Cluster, old: Any, new: Any, what: str) -> None:
    if old == new:
        message = f"No changes needed for the {what} provided"
        raise InvalidParameter(message, clusterName=cluster.name)


@operation
def update_cluster_version(backend: EksBackend, parameters: Parameters) -> Answer:
    """Go to the next minor version; there is no other way."""
    cluster = backend.cluster(parameters["name"])
    old, new = cluster.description["version"], parameters["version"]
    if parameters.get("rollbackConfig"):
        message = "The embedded AWS has no version rollback; leave rollbackConfig out"
        raise InvalidRequest(message, clusterName=cluster.name)
    versions.require_supported(new)
    if versions.minor(new) != versions.minor(old) + 1:
        message = f"Unsupported Kubernetes minor version update from {old} to {new}"
        raise InvalidParameter(message, clusterName=cluster.name)
    _require_near_nodegroups(cluster, new)
    cluster.description["version"] = new
    params = {"Version": new, "PlatformVersion": cluster.description["platformVersion"]}
    return record_update(cluster, "VersionUpdate", params)


def _require_near_nodegroups(cluster: Cluster, version: str) -> None:
    """A kubelet may be three minor versions older than its API server, not more."""
    late = [
        name
        for name, group in cluster.nodegroups.items()
        if versions.minor(group.description["version"]) < versions.minor(version) - 3
    ]
    if late:
        message = (
            f"Nodegroups {', '.join(late)} must be updated before the cluster goes to {version}"
        )
        raise InvalidRequest(message, clusterName=cluster.name)


@operation
def associate_encryption_config(backend: EksBackend, parameters: Parameters) -> Answer:
    """Encrypt the secrets of a cluster that was made without."""
    cluster = backend.cluster(parameters["clusterName"])
    encryption = parameters["encryptionConfig"]
    if cluster.description["encryptionConfig"]:
        message = "The cluster has an encryption configuration already; it cannot be changed"
        raise InvalidParameter(message, clusterName=cluster.name)
    clusters.require_keys(backend, encryption)
    cluster.description["encryptionConfig"] = encryption
    params = {"EncryptionConfig": json.dumps(encryption)}
    return record_update(cluster, "AssociateEncryptionConfig", params)


@operation
def describe_update(backend: EksBackend, parameters: Parameters) -> Answer:
    """Tell how an update went."""
    cluster = backend.cluster(parameters["name"])
    identity = parameters["updateId"]
    update = cluster.updates.get(identity)
    if update is None or not _belongs(update, parameters):
        message = f"No update found for ID: {identity}"
        raise ResourceNotFound(message, clusterName=cluster.name)
    return {"update": update.description}


@operation
def list_updates(backend: EksBackend, parameters: Parameters) -> Answer:
    """List the updates of a cluster, or of one node group or add-on."""
    cluster = backend.cluster(parameters["name"])
    found = [name for name, update in cluster.updates.items() if _belongs(update, parameters)]
    return page(found, parameters, "updateIds")


def _belongs(update: Update, parameters: Parameters) -> bool:
    owner = (parameters.get("nodegroupName"), parameters.get("addonName"))
    return (update.nodegroup, update.addon) == owner
