"""One whole stack of resources, right in every respect, to be spoiled by property tests."""

from __future__ import annotations

from typing import Any

from frame.facts import UNKNOWN
from tests.support.policy import Given

POD_SPEC: dict[str, Any] = {
    "containers": [
        {
            "name": "vllm",
            "image": "vllm/vllm-openai:v0.11.0",
            "resources": {
                "limits": {"nvidia.com/gpu": "1", "memory": "32Gi"},
                "requests": {"nvidia.com/gpu": "1", "memory": "32Gi", "cpu": "4"},
            },
        }
    ],
    "nodeSelector": {"nvidia.com/gpu.present": "true"},
}
WORKLOAD: dict[str, Any] = {
    "metadata": {"name": "llm", "namespace": "serving", "labels": {"app": "llm"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "llm"}},
        "template": {"metadata": {"labels": {"app": "llm"}}, "spec": POD_SPEC},
    },
}
INGRESS = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}

STACK = (
    Given(token="kubernetes:apps/v1:Deployment", name="llm", props=WORKLOAD),
    Given(token="kubernetes:core/v1:Pod", name="pod", props={"spec": POD_SPEC}),
    Given(
        token="kubernetes:batch/v1:CronJob",
        name="cron",
        props={"spec": {"jobTemplate": {"spec": {"template": {"spec": POD_SPEC}}}}},
    ),
    Given(
        token="kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        name="hpa",
        props={
            "metadata": {"name": "llm", "namespace": "serving"},
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "llm"},
                "maxReplicas": 4,
                "metrics": [{"type": "Pods", "pods": {"metric": {"name": "vllm_waiting"}}}],
            },
        },
    ),
    Given(
        token="kubernetes:keda.sh/v1alpha1:ScaledObject",
        name="scaled",
        props={
            "metadata": {"name": "llm", "namespace": "serving"},
            "spec": {
                "scaleTargetRef": {"name": "llm"},
                "triggers": [{"type": "prometheus", "metadata": {"query": "sum(vllm_waiting)"}}],
            },
        },
    ),
    Given(
        token="aws:ec2/securityGroup:SecurityGroup",
        name="nodes",
        props={"vpcId": UNKNOWN, "ingress": [INGRESS]},
    ),
    Given(
        token="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        name="rule",
        props={"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/8"},
    ),
)
