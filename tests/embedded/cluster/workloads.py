"""Nodes and workloads for the tests of the control plane."""

from __future__ import annotations

from typing import Any

GPU = "nvidia.com/gpu"


def node(name: str, *, gpus: int = 0, fake: bool = True) -> dict[str, Any]:
    """Describe a node as the bridge from EKS makes it."""
    capacity = {"cpu": "8", "memory": "32Gi", "pods": "58", **({GPU: str(gpus)} if gpus else {})}
    taints = [{"key": GPU, "value": "true", "effect": "NoSchedule"}] if gpus else []
    return {
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "test/node": name},
            "annotations": {"kwok.x-k8s.io/node": "fake"} if fake else {},
        },
        "spec": {"taints": taints},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def pod_spec(node_name: str, **more: Any) -> dict[str, Any]:
    """Describe a pod of one container, for one node of a test's own."""
    container = {"name": "main", "image": "example.com/main:1", **more.pop("container", {})}
    return {"nodeSelector": {"test/node": node_name}, "containers": [container], **more}


def deployment(name: str, spec: dict[str, Any], *, replicas: int = 1) -> dict[str, Any]:
    """Describe a Deployment of pods with this spec."""
    labels = {"app": name}
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def pod(name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Describe a bare pod."""
    return {"metadata": {"name": name, **metadata}, "spec": spec}
