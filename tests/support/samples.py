"""One whole stack of resources, right in every respect, to be spoiled by property tests."""

from __future__ import annotations

from typing import Any

from frame.facts import UNKNOWN
from tests.support.policy import Given

NAME = "app.kubernetes.io/name"
LABELS = {NAME: "llm", "app.kubernetes.io/part-of": "ballast"}
SELECTOR = {"matchLabels": {NAME: "llm"}}
META = {"name": "llm", "namespace": "serving", "labels": LABELS}
IMAGE = "docker.io/vllm/vllm-openai:v0.18.0"
CONTAINER: dict[str, Any] = {
    "name": "vllm",
    "image": IMAGE,
    "args": ["--model=Qwen/Qwen2.5-7B-Instruct", "--max-model-len=4096", "--max-num-seqs=16"],
    "ports": [{"containerPort": 8000}],
    "env": [{"name": "HF_HOME", "value": "/cache"}],
    "resources": {
        "limits": {"nvidia.com/gpu": "1", "memory": "28Gi"},
        "requests": {"nvidia.com/gpu": "1", "memory": "28Gi", "cpu": "3"},
    },
    "startupProbe": {
        "httpGet": {"path": "/health", "port": 8000},
        "periodSeconds": 10,
        "failureThreshold": 60,
    },
    "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}, "failureThreshold": 2},
    "livenessProbe": {"httpGet": {"path": "/health", "port": 8000}, "failureThreshold": 6},
    "lifecycle": {"preStop": {"sleep": {"seconds": 15}}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "volumeMounts": [
        {"name": "cache", "mountPath": "/cache"},
        {"name": "shm", "mountPath": "/dev/shm"},
    ],
}
POD_SPEC: dict[str, Any] = {
    "serviceAccountName": "llm",
    "automountServiceAccountToken": False,
    "priorityClassName": "serving",
    "terminationGracePeriodSeconds": 80,
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "containers": [CONTAINER],
    "nodeSelector": {"accelerator": "nvidia"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": SELECTOR,
        }
    ],
    "volumes": [
        {"name": "cache", "emptyDir": {"sizeLimit": "40Gi"}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}},
    ],
}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD_SPEC}
WORKLOAD: dict[str, Any] = {
    "metadata": META,
    "spec": {"replicas": 2, "selector": SELECTOR, "template": TEMPLATE},
}
CPU_SPEC = {
    **POD_SPEC,
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [],
    "restartPolicy": "OnFailure",
    "containers": [
        {
            **CONTAINER,
            "name": "report",
            "image": "ghcr.io/acme/report:1.4.2",
            "args": ["--nightly"],
            "resources": {
                "limits": {"memory": "1Gi"},
                "requests": {"memory": "1Gi", "cpu": "1"},
            },
            "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
        }
    ],
    "volumes": [{"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}}],
}
CRON_POD = {"metadata": {"labels": LABELS}, "spec": CPU_SPEC}
INGRESS = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}


def kubernetes(kind: str, name: str, props: dict[str, Any]) -> Given:
    return Given(token=f"kubernetes:{kind}", name=name, props=props)


KUBERNETES = (
    kubernetes("apps/v1:Deployment", "llm", WORKLOAD),
    kubernetes(
        "batch/v1:CronJob",
        "cron",
        {
            "metadata": {**META, "name": "report"},
            "spec": {
                "schedule": "0 3 * * *",
                "jobTemplate": {"spec": {"ttlSecondsAfterFinished": 600, "template": CRON_POD}},
            },
        },
    ),
    kubernetes(
        "keda.sh/v1alpha1:ScaledObject",
        "scaled",
        {
            "metadata": META,
            "spec": {
                "scaleTargetRef": {"name": "llm"},
                "minReplicaCount": 2,
                "maxReplicaCount": 4,
                "triggers": [
                    {
                        "type": "prometheus",
                        "metadata": {
                            "query": "sum(vllm:num_requests_waiting)",
                            "threshold": "5",
                            "serverAddress": "http://prometheus.monitoring:9090",
                        },
                    }
                ],
            },
        },
    ),
    kubernetes(
        "policy/v1:PodDisruptionBudget",
        "budget",
        {"metadata": META, "spec": {"maxUnavailable": 1, "selector": SELECTOR}},
    ),
    kubernetes(
        "networking.k8s.io/v1:NetworkPolicy",
        "policy",
        {"metadata": META, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
    ),
    kubernetes(
        "core/v1:Service",
        "service",
        {"metadata": META, "spec": {"type": "ClusterIP", "selector": {NAME: "llm"}}},
    ),
    kubernetes(
        "core/v1:ServiceAccount",
        "account",
        {"metadata": META, "automountServiceAccountToken": False},
    ),
    kubernetes(
        "rbac.authorization.k8s.io/v1:Role",
        "role",
        {
            "metadata": META,
            "rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}],
        },
    ),
    kubernetes(
        "rbac.authorization.k8s.io/v1:RoleBinding",
        "binding",
        {
            "metadata": META,
            "roleRef": {"kind": "Role", "name": "llm"},
            "subjects": [{"kind": "ServiceAccount", "name": "llm"}],
        },
    ),
)
AWS = (
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
STACK = (*KUBERNETES, *AWS)
