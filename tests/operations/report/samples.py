"""Events as the engine writes them, one function a kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SECRET_MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
VPC = "ballast:network:Vpc"
POOL = "ballast:capacity:GpuPool"
MODEL = "ballast:serving:ModelServing"
GATEWAY = "ballast:serving:InferenceGateway"
AGGREGATOR = "ballast:serving:ResultAggregator"


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::ballast::{token}::{name}"


def step(
    token: str,
    name: str,
    inputs: dict[str, Any] | None = None,
    *,
    op: str = "create",
    parent: str = "",
    old: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    def state(values: dict[str, Any] | None) -> dict[str, Any] | None:
        if values is None:
            return None
        return {"type": token, "urn": urn(token, name), "parent": parent, "inputs": values}

    new = None if op in ("delete", "delete-replaced") else state(inputs or {})
    before = state(old if old is not None else inputs or {}) if op != "create" else None
    metadata = {"op": op, "urn": urn(token, name), "type": token, "old": before, "new": new}
    return {"resourcePreEvent": {"metadata": {**metadata, **more}, "planning": True}}


def policy(
    name: str, message: str, *, level: str = "mandatory", on: str = "", severity: str = "high"
) -> dict[str, Any]:
    event = {
        "policyName": name,
        "message": message,
        "enforcementLevel": level,
        "severity": severity,
        "resourceUrn": on,
    }
    return {"policyEvent": event}


def component(token: str, name: str) -> dict[str, Any]:
    return step(token, name)


def subnet(tier: str, zone: str, cidr: str = "10.0.0.0/24") -> dict[str, Any]:
    inputs = {"availabilityZone": zone, "cidrBlock": cidr, "tags": {"ballast:tier": tier}}
    return step("aws:ec2/subnet:Subnet", f"{tier}-{zone}", inputs, parent=urn(VPC, "network"))


def node_group(
    name: str,
    sizes: tuple[int, int, int] = (0, 1, 4),
    *,
    types: Sequence[str] = ("g6.2xlarge", "g5.2xlarge"),
    spot: bool = True,
    **more: Any,
) -> dict[str, Any]:
    least, start, most = sizes
    inputs = {
        "capacityType": "SPOT" if spot else "ON_DEMAND",
        "instanceTypes": list(types),
        "labels": {"ballast/pool": name, "accelerator": "nvidia"}
        if spot
        else {"ballast/pool": name},
        "taints": [{"key": "nvidia.com/gpu"}] if spot else [],
        "scalingConfig": {"minSize": least, "desiredSize": start, "maxSize": most},
    }
    return step("aws:eks/nodeGroup:NodeGroup", name, inputs, parent=urn(POOL, name), **more)


def deployment(
    kind: str, name: str, replicas: int = 2, pod: dict[str, Any] | None = None
) -> dict[str, Any]:
    inputs = {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "template": {"spec": pod or {}}},
    }
    event = step(
        "kubernetes:apps/v1:Deployment", name, inputs, parent=urn(kind, f"{name}-component")
    )
    metadata = event["resourcePreEvent"]["metadata"]
    chain = f"{kind}$kubernetes:apps/v1:Deployment"
    metadata["urn"] = metadata["new"]["urn"] = urn(chain, name)
    return event


def autoscaler(name: str, least: int, most: int, percent: int = 65) -> dict[str, Any]:
    resource = {"name": "cpu", "target": {"averageUtilization": percent}}
    inputs = {
        "metadata": {"name": name},
        "spec": {
            "minReplicas": least,
            "maxReplicas": most,
            "scaleTargetRef": {"name": name},
            "metrics": [{"type": "Resource", "resource": resource}],
        },
    }
    return step("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", name, inputs)


def a_whole_stack() -> list[dict[str, Any]]:
    gpu = {
        "tolerations": [{"key": "nvidia.com/gpu"}],
        "nodeSelector": {"accelerator": "nvidia"},
    }
    return [
        {"preludeEvent": {"config": {"ballast:region": "us-east-1"}}},
        component(VPC, "network"),
        step("aws:ec2/vpc:Vpc", "network-vpc", {"cidrBlock": "10.0.0.0/16"}),
        *(
            subnet(tier, zone)
            for tier in ("public", "private", "isolated")
            for zone in ("us-east-1a", "us-east-1b")
        ),
        step("aws:ec2/natGateway:NatGateway", "network-nat-us-east-1a"),
        component(POOL, "gpu"),
        component(POOL, "system"),
        node_group("gpu"),
        node_group("system", (2, 2, 4), types=["m7i.2xlarge"], spot=False),
        component(GATEWAY, "gateway-component"),
        component(AGGREGATOR, "aggregator-component"),
        component(MODEL, "chat-component"),
        component(MODEL, "embedding-component"),
        deployment(GATEWAY, "gateway"),
        deployment(AGGREGATOR, "aggregator"),
        deployment(MODEL, "chat", 1, gpu),
        deployment(MODEL, "embedding", 3),
        autoscaler("gateway", 2, 6),
    ]
