"""EKS: clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step, Wait
from embedded.plugins.aws.tagging import by_arn

_HALF_HOUR: Final = 1800.0


def _logging(operation: Operation) -> dict[str, Any]:
    """Return the log types as EKS wants them: some on, and on an update the rest off."""
    every = ("api", "audit", "authenticator", "controllerManager", "scheduler")
    wanted = operation.inputs.get("enabledClusterLogTypes") or []
    setups = [{"types": list(wanted), "enabled": True}] if wanted else []
    off = [name for name in every if name not in wanted]
    if operation.id and off:
        setups.append({"types": off, "enabled": False})
    return {"clusterLogging": setups}


def _log_types(cluster: Mapping[str, Any]) -> list[str]:
    setups = (cluster.get("logging") or {}).get("clusterLogging") or ()
    return [name for setup in setups if setup.get("enabled") for name in setup.get("types", ())]


_CLUSTER_SENDS: Final = (
    "name",
    "roleArn",
    "version",
    "vpcConfig",
    "accessConfig",
    "bootstrapSelfManagedAddons",
    "computeConfig",
    "deletionProtection",
    "encryptionConfig",
    "kubernetesNetworkConfig",
    "remoteNetworkConfig",
    "storageConfig",
    "upgradePolicy",
    "zonalShiftConfig",
)


def _create_cluster(operation: Operation) -> Mapping[str, Any]:
    params = {**operation.values(_CLUSTER_SENDS), **operation.tag_params()}
    if operation.inputs.get("enabledClusterLogTypes"):
        params["logging"] = _logging(operation)
    return operation.api("create_cluster", params)["cluster"]


def _config(*properties: str) -> Step:
    """EKS takes one kind of change a call."""
    return Step(properties, Call("update_cluster_config", {"name": "{id}"}))


def _update_endpoint(operation: Operation) -> None:
    wanted = dict(operation.inputs["vpcConfig"])
    before = operation.old_inputs.get("vpcConfig") or {}
    for names in (("subnetIds", "securityGroupIds"), _ENDPOINT):
        if any(wanted.get(name) != before.get(name) for name in names):
            part = {name: wanted[name] for name in names if name in wanted}
            params = {"name": operation.id, "resourcesVpcConfig": part}
            operation.api("update_cluster_config", params)


_ENDPOINT: Final = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")


def _update_logging(operation: Operation) -> None:
    params = {"name": operation.id, "logging": _logging(operation)}
    operation.api("update_cluster_config", params)


def _encrypt(operation: Operation) -> None:
    config = operation.values(("encryptionConfig",))
    params = {"clusterName": operation.id, **config}
    operation.api("associate_encryption_config", params)


def _check_cluster(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    config = inputs.get("vpcConfig")
    if not isinstance(config, dict):
        return []
    closed = config.get("endpointPublicAccess") is False
    if closed and config.get("endpointPrivateAccess") is False:
        reason = "vpcConfig closes the endpoint to the public and to the VPC: nobody could reach it"
        return [("vpcConfig.endpointPrivateAccess", reason)]
    return []


CLUSTER = Resource(
    type="aws:eks/cluster:Cluster",
    label="EKS Cluster",
    service="eks",
    identity="{name}",
    create=_create_cluster,
    shape=("create_cluster",),
    read=Call("describe_cluster", {"name": "{id}"}, "cluster"),
    delete=Call("delete_cluster", {"name": "{id}"}),
    sends=(*_CLUSTER_SENDS, "enabledClusterLogTypes"),
    steers=("forceUpdateVersion", "defaultAddonsToRemoves"),
    names={"vpcConfig": "resourcesVpcConfig", "enabledClusterLogTypes": "logging"},
    reads={"enabledClusterLogTypes": _log_types},
    unread=(
        "bootstrapSelfManagedAddons",
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
    ),
    steps=(
        Step(
            ("version",),
            Call("update_cluster_version", {"name": "{id}", "force": "{forceUpdateVersion}"}),
        ),
        Step(("vpcConfig",), _update_endpoint),
        Step(("enabledClusterLogTypes",), _update_logging),
        Step(("encryptionConfig",), _encrypt),
        _config("accessConfig"),
        _config("computeConfig", "storageConfig", "kubernetesNetworkConfig"),
        _config("deletionProtection"),
        _config("upgradePolicy"),
        _config("zonalShiftConfig"),
    ),
    replaces=(
        "name",
        "roleArn",
        "bootstrapSelfManagedAddons",
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "kubernetesNetworkConfig.ipFamily",
        "kubernetesNetworkConfig.serviceIpv4Cidr",
        "remoteNetworkConfig",
    ),
    computed=(
        "accessConfig",
        "accessConfig.authenticationMode",
        "deletionProtection",
        "kubernetesNetworkConfig",
        "kubernetesNetworkConfig.ipFamily",
        "kubernetesNetworkConfig.serviceIpv4Cidr",
        "kubernetesNetworkConfig.elasticLoadBalancing",
        "kubernetesNetworkConfig.elasticLoadBalancing.enabled",
        "upgradePolicy",
        "upgradePolicy.supportType",
        "version",
        "vpcConfig.publicAccessCidrs",
    ),
    read_only=(
        "vpcConfig.clusterSecurityGroupId",
        "vpcConfig.vpcId",
        "kubernetesNetworkConfig.serviceIpv6Cidr",
    ),
    without=("vpcConfig.controlPlaneEgressMode",),
    defaults={
        "bootstrapSelfManagedAddons": True,
        "accessConfig.bootstrapClusterCreatorAdminPermissions": True,
        "vpcConfig.endpointPrivateAccess": False,
        "vpcConfig.endpointPublicAccess": True,
    },
    sets=(
        "computeConfig.nodePools",
        "enabledClusterLogTypes",
        "encryptionConfig.resources",
        "vpcConfig.publicAccessCidrs",
        "vpcConfig.securityGroupIds",
        "vpcConfig.subnetIds",
    ),
    outputs={
        "arn": "arn",
        "certificateAuthority": "certificateAuthority",
        "createdAt": "createdAt",
        "endpoint": "endpoint",
        "identities": lambda cluster: [{"oidcs": [(cluster.get("identity") or {}).get("oidc")]}],
        "platformVersion": "platformVersion",
        "status": "status",
    },
    naming=Naming(max_length=100),
    tags=by_arn(),
    wait=Wait("status", until=("ACTIVE",), failed=("FAILED",), seconds=_HALF_HOUR),
    checks=_check_cluster,
)

RESOURCES = (CLUSTER,)
