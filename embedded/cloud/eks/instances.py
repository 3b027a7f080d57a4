"""The EC2 instances of a node group, as its Auto Scaling group would keep them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from embedded.cloud.eks import network
from embedded.cloud.eks.nodegroup_settings import launch_template
from embedded.cloud.eks.state import Cluster, EksBackend, Nodegroup

# What moto's images are to EKS: some Amazon Linux.
_IMAGE = "ami-12c6146b"


def scale(backend: EksBackend, cluster: Cluster, group: Nodegroup) -> None:
    """Start or stop instances until there are as many as desired."""
    missing = group.description["scalingConfig"]["desiredSize"] - len(group.instances)
    if missing < 0:
        terminate(backend, group, -missing)
    for _ in range(missing):
        group.instances.append(_launch(backend, cluster, group))


def terminate(backend: EksBackend, group: Nodegroup, count: int) -> None:
    """Stop `count` instances: each from the zone that has most, the oldest of it first."""
    leaving: list[str] = []
    for _ in range(count):
        zones = {name: _zone(backend, name) for name in group.instances}
        fullest = Counter(zones.values()).most_common(1)[0][0]
        oldest = next(name for name in group.instances if zones[name] == fullest)
        group.instances.remove(oldest)
        leaving.append(oldest)
    if leaving:
        backend.ec2.terminate_instances(leaving)


def replace(backend: EksBackend, cluster: Cluster, group: Nodegroup) -> None:
    """Start a new instance for every old one, then stop the old ones."""
    old = group.instances
    group.instances = []
    scale(backend, cluster, group)
    if old:
        backend.ec2.terminate_instances(old)


def _launch(backend: EksBackend, cluster: Cluster, group: Nodegroup) -> str:
    description = group.description
    subnet = _emptiest_subnet(backend, group)
    data: dict[str, Any] = {}
    if description["launchTemplate"]:
        told = description["launchTemplate"]
        given = {"id": told["id"], "version": told["version"]}
        _, data = launch_template(backend, given)
    vpc = cluster.description["resourcesVpcConfig"]
    groups = _template_groups(data) or [vpc["clusterSecurityGroupId"]]
    spot = {"MarketType": "spot"} if description["capacityType"] == "SPOT" else None
    reservation = backend.ec2.run_instances(
        data.get("ImageId", _IMAGE),
        1,
        None,
        [],
        instance_type=_instance_type(group, data),
        is_instance_type_default=False,
        security_group_ids=groups,
        subnet_id=subnet.id,
        placement=subnet.availability_zone,
        region_name=backend.region_name,
        instance_market_options=spot,
        lifecycle="spot" if spot else None,
        tags={"instance": _tags(cluster, description)},
        nics=[],
    )
    started = reservation.instances[0]
    # moto does not keep it; a placement group with machines in it cannot be deleted.
    started.placement.group_name = (data.get("Placement") or {}).get("GroupName")
    return started.id


def _tags(cluster: Cluster, description: dict[str, Any]) -> dict[str, str]:
    """Return the tags of EKS; a group's own tags stay at the group, as in AWS."""
    return {
        "eks:cluster-name": cluster.name,
        "eks:nodegroup-name": description["nodegroupName"],
        f"kubernetes.io/cluster/{cluster.name}": "owned",
    }


def _template_groups(data: dict[str, Any]) -> list[str]:
    found = data.get("SecurityGroupIds") or []
    for interface in data.get("NetworkInterfaces") or []:
        found = [*found, *(interface.get("Groups") or [])]
    return found


def _instance_type(group: Nodegroup, data: dict[str, Any]) -> str:
    """Return the type of the next instance.

    On demand AWS takes the first type that it can have, and here it always can.
    Spot is spread over the types, one after the other.
    """
    if "InstanceType" in data:
        return data["InstanceType"]
    types: list[str] = group.description["instanceTypes"]
    if group.description["capacityType"] == "SPOT":
        return types[len(group.instances) % len(types)]
    return types[0]


def _emptiest_subnet(backend: EksBackend, group: Nodegroup) -> Any:
    """Return the subnet for the next instance: zones in balance, then subnets."""
    subnets = [network.find_subnet(backend, name) for name in group.description["subnets"]]
    running = [backend.ec2.get_instance(name) for name in group.instances]
    by_subnet = Counter(item.subnet_id for item in running)
    zones = {subnet.id: subnet.availability_zone for subnet in subnets}
    by_zone = Counter(zones[item.subnet_id] for item in running)
    return min(subnets, key=lambda s: (by_zone[s.availability_zone], by_subnet[s.id]))


def _zone(backend: EksBackend, instance_id: str) -> str:
    return backend.ec2.get_instance(instance_id).placement.availability_zone
