"""Clusters: create, describe, list, delete."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from typing import Any

from moto.kms.models import kms_backends

from embedded.cloud.eks import access, control_plane, network, versions
from embedded.cloud.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse
from embedded.cloud.eks.state import (
    Answer,
    Cluster,
    EksBackend,
    Parameters,
    now,
    operation,
    page,
)

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# Kept as they came and told again; nothing in the embedded environment acts on them.
_CARRIED = (
    "outpostConfig",
    "remoteNetworkConfig",
    "computeConfig",
    "storageConfig",
    "controlPlaneScalingConfig",
    "kubeApiServerConfig",
    "kubeSchedulerConfig",
    "kubeControllerManagerConfig",
)


@operation
def create_cluster(backend: EksBackend, parameters: Parameters) -> Answer:
    """Make a cluster, its security group and its creator's access entry."""
    name = parameters["name"]
    if name in backend.clusters:
        message = f"Cluster already exists with name: {name}"
        raise ResourceInUse(message, clusterName=name)
    version = parameters.get("version") or versions.DEFAULT_VERSION
    versions.require_supported(version)
    backend.require_role(parameters["roleArn"], "eks.amazonaws.com")
    require_whole_auto_mode(parameters)
    encryption = parameters.get("encryptionConfig") or []
    require_keys(backend, encryption)
    vpc = network.describe_new(backend, parameters["resourcesVpcConfig"])
    services = _service_network(backend, vpc["vpcId"], parameters.get("kubernetesNetworkConfig"))
    vpc["clusterSecurityGroupId"] = network.create_security_group(backend, name, vpc["vpcId"])
    description = {
        "name": name,
        "arn": backend.arn(f"cluster/{name}"),
        "createdAt": now(),
        "version": version,
        "roleArn": parameters["roleArn"],
        "resourcesVpcConfig": vpc,
        "kubernetesNetworkConfig": services,
        "logging": normal_logging([], parameters.get("logging")),
        "identity": {"oidc": {"issuer": _issuer(backend, name)}},
        "status": "ACTIVE",
        "platformVersion": "eks.1",
        "tags": parameters.get("tags") or {},
        "encryptionConfig": encryption,
        "health": {"issues": []},
        "accessConfig": _access(parameters.get("accessConfig") or {}),
        "upgradePolicy": parameters.get("upgradePolicy") or {"supportType": "EXTENDED"},
        "zonalShiftConfig": parameters.get("zonalShiftConfig") or {"enabled": False},
        "deletionProtection": parameters.get("deletionProtection") or False,
        **{key: parameters[key] for key in _CARRIED if key in parameters},
    }
    cluster = Cluster(description)
    cluster.bootstrap_self_managed_addons = parameters.get("bootstrapSelfManagedAddons", True)
    access.admit_creator(backend, cluster)
    backend.clusters[name] = cluster
    return {"cluster": {**description, "status": "CREATING"}}


@operation
def describe_cluster(backend: EksBackend, parameters: Parameters) -> Answer:
    """Tell of a cluster; its endpoint is the embedded control plane's where there is one."""
    description = backend.cluster(parameters["name"]).description
    return {"cluster": {**description, **_address(backend, description["arn"])}}


@operation
def list_clusters(backend: EksBackend, parameters: Parameters) -> Answer:
    """List the clusters' names."""
    return page(sorted(backend.clusters), parameters, "clusters")


@operation
def delete_cluster(backend: EksBackend, parameters: Parameters) -> Answer:
    """Delete a cluster that has no node groups and is not protected."""
    cluster = backend.cluster(parameters["name"])
    if cluster.nodegroups:
        message = "Cluster has nodegroups attached"
        groups = ",".join(sorted(cluster.nodegroups))
        raise ResourceInUse(message, clusterName=cluster.name, nodegroupName=groups)
    if cluster.description["deletionProtection"]:
        message = "Cluster has deletion protection enabled; disable it before deleting the cluster"
        raise InvalidRequest(message, clusterName=cluster.name)
    network.delete_security_group(backend, cluster)
    del backend.clusters[cluster.name]
    return {"cluster": {**cluster.description, "status": "DELETING"}}


@operation
def describe_cluster_versions(backend: EksBackend, parameters: Parameters) -> Answer:  # noqa: ARG001
    """Tell which Kubernetes versions there are."""
    wanted = parameters.get("clusterVersions")
    listed = [
        versions.describe(name)
        for name in versions.RELEASES
        if (wanted is None or name in wanted)
        and (parameters.get("includeAll") or name in versions.supported())
        and (not parameters.get("defaultOnly") or name == versions.DEFAULT_VERSION)
    ]
    status = parameters.get("versionStatus")
    listed = [row for row in listed if status is None or row["versionStatus"] == status]
    return page(listed, parameters, "clusterVersions")


def _address(backend: EksBackend, arn: str) -> dict[str, Any]:
    found = control_plane.address()
    if found is not None:
        return {
            "endpoint": found.server,
            "certificateAuthority": {"data": found.certificate_authority},
        }
    mark = hashlib.sha256(arn.encode()).hexdigest()[:32].upper()
    nobody = base64.b64encode(b"The embedded control plane was never started.").decode()
    return {
        "endpoint": f"https://{mark}.gr7.{backend.region_name}.eks.amazonaws.com",
        "certificateAuthority": {"data": nobody},
    }


def _issuer(backend: EksBackend, name: str) -> str:
    # A new cluster of an old name has new keys, so the moment belongs in it.
    mark = hashlib.sha256(f"{backend.account_id}/{name}/{now()}".encode()).hexdigest()
    return f"https://oidc.eks.{backend.region_name}.amazonaws.com/id/{mark[:32].upper()}"


def _access(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "bootstrapClusterCreatorAdminPermissions": given.get(
            "bootstrapClusterCreatorAdminPermissions", True
        ),
        "authenticationMode": given.get("authenticationMode", "CONFIG_MAP"),
    }


def _service_network(
    backend: EksBackend, vpc_id: str, given: dict[str, Any] | None
) -> dict[str, Any]:
    vpc = ipaddress.ip_network(backend.ec2.get_vpc(vpc_id).cidr_block)
    settings = {
        "ipFamily": "ipv4",
        "elasticLoadBalancing": {"enabled": False},
        **(given or {}),
    }
    if settings["ipFamily"] == "ipv6":
        # EKS hands out a unique local range itself and takes none from the caller.
        settings["serviceIpv6Cidr"] = "fd00:ec2:1::/108"
        return settings
    default = next(cidr for cidr in ("172.20.0.0/16", "10.100.0.0/16") if not _overlaps(cidr, vpc))
    settings.setdefault("serviceIpv4Cidr", default)
    _check_service_range(settings["serviceIpv4Cidr"], vpc)
    return settings


def _overlaps(cidr: str, vpc: Any) -> bool:
    return ipaddress.ip_network(cidr).overlaps(vpc)


def _check_service_range(cidr: str, vpc: Any) -> None:
    path = "kubernetesNetworkConfig.serviceIpv4Cidr"
    try:
        services = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        message = f"{path}: {cidr!r} is not a network: {error}"
        raise InvalidParameter(message) from None
    if not 12 <= services.prefixlen <= 24 or not services.is_private:
        message = f"{path}: {cidr} has to be a private range between /24 and /12"
        raise InvalidParameter(message)
    if services.overlaps(vpc):
        message = f"{path}: {cidr} overlaps with the VPC's {vpc}"
        raise InvalidParameter(message)


def normal_logging(old: list[dict[str, Any]], given: dict[str, Any] | None) -> dict[str, Any]:
    """Return the setting as EKS tells it: what is on, then what is off."""
    on = {kind for entry in old if entry["enabled"] for kind in entry["types"]}
    for entry in (given or {}).get("clusterLogging") or []:
        kinds = set(entry.get("types") or [])
        on = on | kinds if entry.get("enabled") else on - kinds
    parts = ([k for k in LOG_TYPES if k in on], [k for k in LOG_TYPES if k not in on])
    listed = [
        {"types": kinds, "enabled": enabled}
        for kinds, enabled in zip(parts, (True, False), strict=True)
        if kinds
    ]
    return {"clusterLogging": listed}


def require_keys(backend: EksBackend, encryption: list[dict[str, Any]]) -> None:
    """Raise InvalidParameter unless secrets are encrypted with an existing symmetric key."""
    for entry in encryption:
        if entry.get("resources") != ["secrets"]:
            message = "encryptionConfig.resources: the only allowed value is [secrets]"
            raise InvalidParameter(message)
        arn = (entry.get("provider") or {}).get("keyArn", "")
        keys = kms_backends[backend.account_id][backend.region_name].keys.values()
        key = next((key for key in keys if key.arn == arn), None)
        if key is None or key.key_spec != "SYMMETRIC_DEFAULT":
            message = f"encryptionConfig.provider.keyArn: no symmetric KMS key {arn!r}"
            raise InvalidParameter(message)


def require_whole_auto_mode(parameters: Parameters) -> None:
    """Raise InvalidParameter when EKS Auto Mode is neither wholly on nor wholly off."""
    storage = (parameters.get("storageConfig") or {}).get("blockStorage") or {}
    services = parameters.get("kubernetesNetworkConfig") or {}
    balancing = services.get("elasticLoadBalancing") or {}
    compute = parameters.get("computeConfig") or {}
    if len({bool(part.get("enabled")) for part in (compute, storage, balancing)}) > 1:
        parts = "computeConfig, kubernetesNetworkConfig.elasticLoadBalancing and blockStorage"
        message = f"EKS Auto Mode: {parts} have to be either all enabled or all disabled"
        raise InvalidParameter(message)
