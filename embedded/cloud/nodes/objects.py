"""Machines as Node objects, and what has to change on a node that is there."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from catalog.instances import InstanceType, instance
from embedded.cloud.nodes.machines import Machine

OWNER = "ballast.local/nodegroup"
INSTANCE = "ballast.local/instance-id"
# What the group gave the node, so that what it takes back is known later.
GIVEN = "ballast.local/given"
LEAVING = "ballast.local/leaving-since"
GROUP_LABEL = "eks.amazonaws.com/nodegroup"
_KWOK = "kwok.x-k8s.io/node"
_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}

Node = dict[str, Any]
Taint = dict[str, str]


def build(machine: Machine) -> Node:
    """Return the Node that this machine's kubelet would register."""
    kind = instance(machine.instance_type)
    given = {"labels": machine.labels, "taints": taints(machine)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": machine.node_name,
            "labels": {**labels(machine, kind), **machine.labels},
            "annotations": {
                _KWOK: "fake",
                OWNER: machine.owner,
                INSTANCE: machine.instance_id,
                GIVEN: json.dumps(given, sort_keys=True),
            },
        },
        "spec": {
            "providerID": f"aws:///{machine.zone}/{machine.instance_id}",
            "taints": taints(machine),
        },
        "status": {
            "capacity": capacity(machine, kind),
            "allocatable": allocatable(machine, kind),
            "addresses": [
                {"type": "InternalIP", "address": machine.address},
                {"type": "InternalDNS", "address": machine.node_name},
                {"type": "Hostname", "address": machine.node_name},
            ],
            "nodeInfo": _node_info(machine, kind),
        },
    }


def labels(machine: Machine, kind: InstanceType) -> dict[str, str]:
    """Return the labels that kubelet, cloud provider and EKS set."""
    found = {
        "kubernetes.io/arch": kind.architecture,
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": machine.node_name,
        "node.kubernetes.io/instance-type": machine.instance_type,
        "topology.kubernetes.io/region": machine.region,
        "topology.kubernetes.io/zone": machine.zone,
        GROUP_LABEL: machine.group,
        "eks.amazonaws.com/capacityType": machine.capacity_type,
        "eks.amazonaws.com/nodegroup-image": machine.image_id,
    }
    if machine.launch_template:
        found["eks.amazonaws.com/sourceLaunchTemplateId"] = machine.launch_template["id"]
        found["eks.amazonaws.com/sourceLaunchTemplateVersion"] = machine.launch_template["version"]
    return found


def taints(machine: Machine) -> list[Taint]:
    """Return the group's taints as Kubernetes writes them."""
    return [
        {
            "key": taint["key"],
            "effect": _EFFECTS[taint["effect"]],
            **({"value": taint["value"]} if taint.get("value") else {}),
        }
        for taint in machine.taints
    ]


def capacity(machine: Machine, kind: InstanceType) -> dict[str, str]:
    """Return what the machine has."""
    found = {
        "cpu": str(kind.vcpus),
        "memory": f"{int(kind.memory_gib * 1024)}Mi",
        "pods": str(kind.max_pods),
        "ephemeral-storage": f"{machine.disk_gib}Gi",
    }
    return {**found, **_gpus(machine, kind)}


def allocatable(machine: Machine, kind: InstanceType) -> dict[str, str]:
    """Return what EKS leaves of it for pods.

    Of the disk, nodeadm keeps 1 GiB and the kubelet evicts at 10 % free.
    """
    found = {
        "cpu": f"{kind.allocatable_cpu_millis}m",
        "memory": f"{kind.allocatable_memory_mib}Mi",
        "pods": str(kind.max_pods),
        "ephemeral-storage": f"{int(machine.disk_gib * 1024 * 0.9) - 1024}Mi",
    }
    return {**found, **_gpus(machine, kind)}


def _gpus(machine: Machine, kind: InstanceType) -> dict[str, str]:
    """GPUs show only with an image that has the driver."""
    driver = machine.ami_type == "CUSTOM" or machine.ami_type.endswith(
        ("_NVIDIA", "_NVIDIA_FIPS", "_GPU")
    )
    return {"nvidia.com/gpu": str(kind.gpu_count)} if kind.gpu_count and driver else {}


def _node_info(machine: Machine, kind: InstanceType) -> dict[str, str]:
    bottlerocket = machine.ami_type.startswith("BOTTLEROCKET")
    # As on EC2, and never all digits: KWOK's templates do not quote.
    identity = f"ec2{hashlib.sha256(machine.instance_id.encode()).hexdigest()[:29]}"
    version = f"v{machine.version}.0"
    return {
        "architecture": kind.architecture,
        "operatingSystem": "linux",
        "osImage": "Bottlerocket OS" if bottlerocket else "Amazon Linux 2023",
        "kernelVersion": "6.12-aws",
        "containerRuntimeVersion": "containerd://2.1",
        "kubeletVersion": version,
        "kubeProxyVersion": version,
        "machineID": identity,
        "systemUUID": identity,
        "bootID": identity,
    }


def is_ours(node: Node) -> bool:
    """Tell whether the bridge made this node; no other is ever touched."""
    return OWNER in _annotations(node)


def owner(node: Node) -> tuple[str, str]:
    """Return cluster and group of a node of ours."""
    cluster, _, group = _annotations(node)[OWNER].partition("/")
    return cluster, group


def instance_id(node: Node) -> str:
    """Return the instance of a node of ours."""
    return _annotations(node)[INSTANCE]


def leaving_since(node: Node) -> float | None:
    """Return when the node began to leave, or None."""
    text = _annotations(node).get(LEAVING)
    return float(text) if text else None


def is_ready(node: Node) -> bool:
    """Tell whether the node is Ready."""
    conditions = node.get("status", {}).get("conditions") or []
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def change(node: Node, machine: Machine) -> dict[str, Any] | None:
    """Return the merge patch that brings the group's labels and taints up to date, or None."""
    given: dict[str, Any] = json.loads(_annotations(node)[GIVEN])
    wanted = {"labels": machine.labels, "taints": taints(machine)}
    if given == wanted:
        return None
    gone = given["labels"].keys() - machine.labels.keys()
    foreign = [taint for taint in node["spec"].get("taints") or [] if taint not in given["taints"]]
    return {
        "metadata": {
            "labels": {**dict.fromkeys(gone), **machine.labels},
            "annotations": {GIVEN: json.dumps(wanted, sort_keys=True)},
            # Somebody else may change taints at the same time: then this fails and is tried again.
            "resourceVersion": node["metadata"]["resourceVersion"],
        },
        "spec": {"taints": [*foreign, *wanted["taints"]]},
    }


def _annotations(node: Node) -> dict[str, str]:
    return node["metadata"].get("annotations") or {}
