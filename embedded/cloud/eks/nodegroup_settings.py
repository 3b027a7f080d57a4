"""What a node group is made of: checks, defaults, and the launch template's part."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models.instance_types import INSTANCE_TYPES
from werkzeug.exceptions import HTTPException

from catalog.instances import INSTANCES, UnknownInstanceTypeError, instance
from embedded.cloud.additions import capacity_reservations, placement_groups
from embedded.cloud.additions.wire import RefusedError
from embedded.cloud.eks import network, versions
from embedded.cloud.eks.errors import InvalidParameter
from embedded.cloud.eks.state import Cluster, EksBackend, Parameters, now

_RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
_DEFAULT_TYPE = "t3.medium"
_DEFAULT_SCALING = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
_MOST_TAINTS = 50


def describe_new(
    backend: EksBackend, cluster: Cluster, parameters: Parameters, uuid: str
) -> dict[str, Any]:
    """Return the description of the node group that `parameters` ask for."""
    name = parameters["nodegroupName"]
    vpc_id = network.require_subnets(backend, parameters["subnets"], zones=1)
    if vpc_id != cluster.description["resourcesVpcConfig"]["vpcId"]:
        message = "Nodegroup subnets have to be in the VPC of the cluster"
        raise InvalidParameter(message, clusterName=cluster.name, nodegroupName=name)
    template, data = None, {}
    if parameters.get("launchTemplate"):
        template, data = launch_template(backend, parameters["launchTemplate"])
        _check_against_template(parameters, data)
        _require_capacity(backend, data)
    types = _instance_types(parameters, data)
    kind = ami_type(parameters, data, types)
    version = parameters.get("version") or cluster.description["version"]
    versions.require_node_version(cluster.description["version"], version)
    labels, taints = parameters.get("labels") or {}, parameters.get("taints") or []
    check_labels(labels)
    check_taints(taints)
    stamp = now()
    remote = parameters.get("remoteAccess")
    return {
        "nodegroupName": name,
        "nodegroupArn": backend.arn(f"nodegroup/{cluster.name}/{name}/{uuid}"),
        "clusterName": cluster.name,
        "version": version,
        "releaseVersion": _release_of(parameters, data, kind, version),
        "createdAt": stamp,
        "modifiedAt": stamp,
        "status": "ACTIVE",
        "capacityType": parameters.get("capacityType") or "ON_DEMAND",
        "scalingConfig": check_scaling(
            {**_DEFAULT_SCALING, **(parameters.get("scalingConfig") or {})}
        ),
        "instanceTypes": None if "InstanceType" in data else types,
        "subnets": parameters["subnets"],
        "remoteAccess": remote,
        "amiType": kind,
        "nodeRole": parameters["nodeRole"],
        "labels": labels,
        "taints": taints,
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{uuid}"}]},
        "diskSize": None if template else parameters.get("diskSize") or 20,
        "health": {"issues": []},
        "updateConfig": parameters.get("updateConfig") or {"maxUnavailable": 1},
        "nodeRepairConfig": parameters.get("nodeRepairConfig"),
        "launchTemplate": template,
        "warmPoolConfig": parameters.get("warmPoolConfig"),
        "tags": parameters.get("tags") or {},
    }


def launch_template(
    backend: EksBackend, given: dict[str, str]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the template as a node group tells it, and the data of its version."""
    if ("id" in given) == ("name" in given):
        message = "launchTemplate: set either id or name"
        raise InvalidParameter(message)
    try:
        if "id" in given:
            template = backend.ec2.get_launch_template(given["id"])
        else:
            template = backend.ec2.get_launch_template_by_name(given["name"])
    except (ServiceException, HTTPException, KeyError):
        message = f"launchTemplate: {given.get('id') or given['name']} does not exist"
        raise InvalidParameter(message) from None
    number = given.get("version") or str(template.default_version_number)
    known = {str(version.number): version for version in template.versions}
    if number not in known:
        message = f"launchTemplate: version {number} of {template.id} does not exist"
        raise InvalidParameter(message)
    told = {"id": template.id, "name": template.name, "version": number}
    return told, dict(known[number].data)


def _check_against_template(parameters: Parameters, data: dict[str, Any]) -> None:
    if parameters.get("diskSize"):
        message = "Disk size must be specified within the launch template."
        raise InvalidParameter(message)
    if parameters.get("remoteAccess"):
        message = "Remote access configuration cannot be specified with a launch template."
        raise InvalidParameter(message)
    if parameters.get("instanceTypes") and "InstanceType" in data:
        message = "Instance types are in the launch template and in the request; name them once."
        raise InvalidParameter(message)
    if "ImageId" in data and parameters.get("amiType") not in {None, "CUSTOM"}:
        message = "amiType cannot be set when the launch template has an image"
        raise InvalidParameter(message)


def _require_capacity(backend: EksBackend, data: dict[str, Any]) -> None:
    """Raise InvalidParameter when machines of the template could never start."""
    group = (data.get("Placement") or {}).get("GroupName")
    target = (data.get("CapacityReservationSpecification") or {}).get("CapacityReservationTarget")
    reservation = (target or {}).get("CapacityReservationId")
    try:
        if group:
            placement_groups.require(backend.ec2, group)
        if reservation:
            capacity_reservations.require(backend.ec2, reservation)
    except RefusedError as error:
        message = f"launchTemplate: {error}"
        raise InvalidParameter(message) from None


def _instance_types(parameters: Parameters, data: dict[str, Any]) -> list[str]:
    inside = [data["InstanceType"]] if "InstanceType" in data else []
    types = inside or parameters.get("instanceTypes") or [_DEFAULT_TYPE]
    missing = [name for name in types if name not in INSTANCE_TYPES]
    if missing:
        message = f"The following supplied instance types do not exist: [{', '.join(missing)}]"
        raise InvalidParameter(message)
    for name in types:
        try:
            instance(name)
        except UnknownInstanceTypeError as error:
            message = f"{error} AWS has it, but the embedded AWS cannot make nodes of it."
            raise InvalidParameter(message) from None
    return types


def ami_type(parameters: Parameters, data: dict[str, Any], types: list[str]) -> str:
    """Return the image's kind: as asked for, else what EKS takes for these machines."""
    if "ImageId" in data:
        return "CUSTOM"
    machines = [INSTANCES[name] for name in types]
    architectures = {machine.architecture for machine in machines}
    if len(architectures) > 1:
        message = f"instanceTypes: {', '.join(types)} are of different architectures"
        raise InvalidParameter(message)
    arm = architectures == {"arm64"}
    kind = parameters.get("amiType")
    if kind is None:
        if any(machine.gpu_count for machine in machines):
            return "AL2023_ARM_64_NVIDIA" if arm else "AL2023_x86_64_NVIDIA"
        return "AL2023_ARM_64_STANDARD" if arm else "AL2023_x86_64_STANDARD"
    if kind == "CUSTOM":
        message = "amiType CUSTOM needs a launch template that names an image"
        raise InvalidParameter(message)
    if ("ARM_64" in kind) != arm:
        message = f"[{', '.join(types)}] is not a valid instance type for requested amiType {kind}"
        raise InvalidParameter(message)
    return kind


def _release_of(parameters: Parameters, data: dict[str, Any], kind: str, version: str) -> str:
    if kind == "CUSTOM":
        return data["ImageId"]
    return parameters.get("releaseVersion") or release(version)


def release(version: str) -> str:
    """Return a release of the month, in AWS's form; which ones AWS has is not known here."""
    return f"{version}.0-{now():%Y%m}01"


def check_scaling(scaling: dict[str, int]) -> dict[str, int]:
    """Return the sizes, or raise InvalidParameter when they contradict each other."""
    least, most, wanted = (scaling[key] for key in ("minSize", "maxSize", "desiredSize"))
    if least > wanted:
        message = f"Minimum capacity {least} can't be greater than desired size {wanted}"
        raise InvalidParameter(message)
    if wanted > most:
        message = f"desired capacity {wanted} can't be greater than max size {most}"
        raise InvalidParameter(message)
    return scaling


def check_labels(labels: dict[str, str]) -> None:
    """Raise InvalidParameter for a label that only Kubernetes or EKS may set."""
    for key in labels:
        domain = key.rpartition("/")[0]
        if any(domain == name or domain.endswith(f".{name}") for name in _RESERVED):
            reserved = ", ".join(f"{name}/" for name in _RESERVED)
            message = f"Label {key} cannot contain reserved prefixes [{reserved}]"
            raise InvalidParameter(message)


def check_taints(taints: list[dict[str, str]]) -> None:
    """Raise InvalidParameter for too many, incomplete or repeated taints."""
    if len(taints) > _MOST_TAINTS:
        message = f"{len(taints)} taints are more than the {_MOST_TAINTS} of a node group"
        raise InvalidParameter(message)
    marks = [(taint.get("key"), taint.get("effect")) for taint in taints]
    if any(None in mark for mark in marks):
        message = "taints: each needs a key and an effect"
        raise InvalidParameter(message)
    if len(set(marks)) < len(marks):
        message = "taints: the same key and effect is there twice"
        raise InvalidParameter(message)


def without(taints: list[dict[str, str]], others: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the taints that have not the key and effect of one of `others`."""
    marks = {(taint.get("key"), taint.get("effect")) for taint in others}
    return [taint for taint in taints if (taint.get("key"), taint.get("effect")) not in marks]
