"""A cluster's place in its VPC: subnets, security groups, the endpoint's access."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.core.exceptions import ServiceException
from moto.moto_api._internal import mock_random
from werkzeug.exceptions import HTTPException

from embedded.cloud.eks.errors import InvalidParameter
from embedded.cloud.eks.state import Cluster, EksBackend

_ANYWHERE = "0.0.0.0/0"


def describe_new(backend: EksBackend, given: dict[str, Any]) -> dict[str, Any]:
    """Check a new cluster's settings and return them with what AWS adds."""
    subnet_ids = given.get("subnetIds") or []
    vpc_id = require_subnets(backend, subnet_ids)
    group_ids = given.get("securityGroupIds") or []
    require_security_groups(backend, group_ids, vpc_id)
    described = {
        **given,
        "subnetIds": subnet_ids,
        "securityGroupIds": group_ids,
        "vpcId": vpc_id,
        "endpointPublicAccess": given.get("endpointPublicAccess", True),
        "endpointPrivateAccess": given.get("endpointPrivateAccess", False),
    }
    return with_endpoint(described, given)


def with_endpoint(current: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with the endpoint's access as `given` changes it."""
    changed = {**current}
    for key in ("endpointPublicAccess", "endpointPrivateAccess"):
        if given.get(key) is not None:
            changed[key] = given[key]
    if not changed["endpointPublicAccess"] and not changed["endpointPrivateAccess"]:
        message = "Private and public endpoint access cannot be false"
        raise InvalidParameter(message)
    cidrs = given.get("publicAccessCidrs")
    if cidrs and not changed["endpointPublicAccess"]:
        message = "publicAccessCidrs cannot be set while endpointPublicAccess is false"
        raise InvalidParameter(message)
    if changed["endpointPublicAccess"]:
        changed["publicAccessCidrs"] = cidrs or current.get("publicAccessCidrs") or [_ANYWHERE]
        _check_cidrs(changed["publicAccessCidrs"])
    else:
        changed["publicAccessCidrs"] = []
    return changed


def _check_cidrs(cidrs: list[str]) -> None:
    for cidr in cidrs:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            message = f"publicAccessCidrs: {cidr!r} is not a network: {error}"
            raise InvalidParameter(message) from None


def require_subnets(backend: EksBackend, subnet_ids: list[str], *, zones: int = 2) -> str:
    """Return the VPC of the subnets, which have to exist, in one VPC and enough zones."""
    subnets = [find_subnet(backend, subnet_id) for subnet_id in subnet_ids]
    if len({subnet.availability_zone for subnet in subnets}) < zones:
        message = f"Subnets specified must be in at least {zones} different AZs"
        raise InvalidParameter(message)
    vpcs = {subnet.vpc_id for subnet in subnets}
    if len(vpcs) > 1:
        message = f"Subnets specified must be in one VPC; they are in {', '.join(sorted(vpcs))}"
        raise InvalidParameter(message)
    return vpcs.pop()


def find_subnet(backend: EksBackend, subnet_id: str) -> Any:
    """Return moto's subnet or raise InvalidParameter."""
    for by_id in backend.ec2.subnets.values():
        if subnet_id in by_id:
            return by_id[subnet_id]
    message = f"The subnet ID '{subnet_id}' does not exist"
    raise InvalidParameter(message)


def require_security_groups(backend: EksBackend, group_ids: list[str], vpc_id: str) -> None:
    """Raise InvalidParameter unless the groups exist in the VPC."""
    for group_id in group_ids:
        group = backend.ec2.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc_id:
            message = f"The security group '{group_id}' does not exist in {vpc_id}"
            raise InvalidParameter(message)


def create_security_group(backend: EksBackend, cluster: str, vpc_id: str) -> str:
    """Make the group that EKS makes for control plane and nodes; return its id."""
    name = f"eks-cluster-sg-{cluster}-{mock_random.randint(10**8, 2**31)}"
    about = "EKS created security group applied to ENI that is attached to EKS Control Plane"
    tags = {"Name": name, f"kubernetes.io/cluster/{cluster}": "owned"}
    group = backend.ec2.create_security_group(
        name, f"{about} master nodes, as well as any managed workloads.", vpc_id=vpc_id, tags=tags
    )
    backend.ec2.authorize_security_group_ingress(
        group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}]
    )
    return group.id


def delete_security_group(backend: EksBackend, cluster: Cluster) -> None:
    """Remove the group again; one that is in use stays, as in AWS."""
    group_id = cluster.description["resourcesVpcConfig"]["clusterSecurityGroupId"]
    try:
        backend.ec2.delete_security_group(group_id=group_id)
    except (ServiceException, HTTPException):
        return
