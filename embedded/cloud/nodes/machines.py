"""What the node groups say should be there: one machine an instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from embedded.cloud.eks.nodegroup_settings import launch_template
from embedded.cloud.eks.state import Cluster, EksBackend, Nodegroup, eks_backends

_DEFAULT_DISK_GIB = 20


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One instance of a node group, with all that its node is made from."""

    instance_id: str
    instance_type: str
    node_name: str
    address: str
    region: str
    zone: str
    image_id: str
    disk_gib: int
    cluster: str
    group: str
    capacity_type: str
    ami_type: str
    version: str
    labels: dict[str, str]
    taints: list[dict[str, str]]
    launch_template: dict[str, str] | None

    @property
    def owner(self) -> str:
        """Return `cluster/group`, by which the bridge knows its own nodes."""
        return f"{self.cluster}/{self.group}"


@dataclass(frozen=True)
class Wanted:
    """Everything that should be there, at one moment."""

    machines: list[Machine]
    clusters: frozenset[str]


def look() -> Wanted:
    """Return what the node groups want; the caller keeps requests out meanwhile."""
    machines: list[Machine] = []
    clusters: set[str] = set()
    regions = [region for account in eks_backends.values() for region in account.values()]
    for backend in regions:
        for cluster in backend.clusters.values():
            clusters.add(cluster.name)
            for group in cluster.nodegroups.values():
                machines += _machines(backend, cluster, group)
    return Wanted(machines, frozenset(clusters))


def _machines(backend: EksBackend, cluster: Cluster, group: Nodegroup) -> list[Machine]:
    description = group.description
    running = [backend.ec2.get_instance(name) for name in group.instances]
    disk = _disk(backend, description) if running else 0
    return [
        Machine(
            instance_id=item.id,
            instance_type=item.instance_type,
            node_name=item.private_dns_name,
            address=item.private_ip,
            region=backend.region_name,
            zone=item.placement.availability_zone,
            image_id=item.image_id,
            disk_gib=disk,
            cluster=cluster.name,
            group=description["nodegroupName"],
            capacity_type=description["capacityType"],
            ami_type=description["amiType"],
            version=description["version"],
            labels=dict(description["labels"]),
            taints=list(description["taints"]),
            launch_template=description["launchTemplate"],
        )
        for item in running
        # Somebody may have terminated it behind the group's back.
        if item.state == "running"
    ]


def _disk(backend: EksBackend, description: dict[str, Any]) -> int:
    """Return the GiB of the volume that pods write to: the largest one."""
    template = description["launchTemplate"]
    if template is None:
        return description["diskSize"]
    given = {"id": template["id"], "version": template["version"]}
    _, data = launch_template(backend, given)
    volumes = [entry.get("Ebs") or {} for entry in data.get("BlockDeviceMappings") or []]
    return max([int(volume.get("VolumeSize") or 0) for volume in volumes] + [_DEFAULT_DISK_GIB])
