"""One whole stack of resources, right in every respect, to be spoiled by property tests."""

from __future__ import annotations

import json
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
                "cooldownPeriod": 600,
                "fallback": {"failureThreshold": 3, "replicas": 2},
                "advanced": {
                    "horizontalPodAutoscalerConfig": {
                        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}}
                    }
                },
                "triggers": [
                    {
                        "type": "prometheus",
                        "metadata": {
                            "query": "sum(vllm:num_requests_waiting)",
                            "threshold": "5",
                            "serverAddress": "http://prometheus.monitoring:9090",
                            "ignoreNullValues": "false",
                        },
                    }
                ],
            },
        },
    ),
    kubernetes(
        "karpenter.sh/v1:NodePool",
        "pool",
        {
            "metadata": {"name": "gpus"},
            "spec": {
                "limits": {"nvidia.com/gpu": "8"},
                "disruption": {
                    "consolidationPolicy": "WhenEmptyOrUnderutilized",
                    "consolidateAfter": "5m",
                },
                "template": {
                    "metadata": {"labels": {"accelerator": "nvidia"}},
                    "spec": {
                        "taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}],
                        "requirements": [
                            {"key": "karpenter.sh/capacity-type", "values": ["spot", "on-demand"]},
                            {
                                "key": "node.kubernetes.io/instance-type",
                                "values": ["g6.4xlarge", "g5.4xlarge", "g6.8xlarge", "g5.8xlarge"],
                            },
                        ],
                    },
                },
            },
        },
    ),
    kubernetes(
        "leaderworkerset.x-k8s.io/v1:LeaderWorkerSet",
        "group",
        {
            "metadata": {"name": "group", "namespace": "serving", "labels": LABELS},
            "spec": {"leaderWorkerTemplate": {"size": 1, "workerTemplate": TEMPLATE}},
        },
    ),
    kubernetes(
        "policy/v1:PodDisruptionBudget",
        "budget",
        {
            "metadata": META,
            "spec": {
                "maxUnavailable": 1,
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
                "selector": SELECTOR,
            },
        },
    ),
    kubernetes(
        "networking.k8s.io/v1:NetworkPolicy",
        "policy",
        {"metadata": META, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
    ),
    kubernetes(
        "core/v1:ResourceQuota",
        "quota",
        {"metadata": META, "spec": {"hard": {"requests.nvidia.com/gpu": "8"}}},
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


def aws(token: str, name: str, props: dict[str, Any], **through: str) -> Given:
    return Given(
        token=f"aws:{token}",
        name=name,
        props=props,
        through={prop: [other] for prop, other in through.items()},
    )


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Principal": {"Service": "pods.eks.amazonaws.com"},
            }
        ],
    }
)
PERMISSIONS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}
        ],
    }
)
AWS = (
    aws("ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.20.0.0/16"}),
    aws("ec2/flowLog:FlowLog", "flow", {"vpcId": UNKNOWN}, vpcId="vpc"),
    aws(
        "ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "default",
        {"vpcId": UNKNOWN, "ingress": [], "egress": []},
        vpcId="vpc",
    ),
    aws(
        "ec2/subnet:Subnet",
        "private-a",
        {"vpcId": UNKNOWN, "cidrBlock": "10.20.0.0/20", "mapPublicIpOnLaunch": False},
        vpcId="vpc",
    ),
    aws("ec2/securityGroup:SecurityGroup", "nodes", {"vpcId": UNKNOWN, "ingress": [INGRESS]}),
    aws(
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "rule",
        {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/8"},
    ),
    aws(
        "ec2/route:Route",
        "to-shared",
        {"destinationCidrBlock": "10.40.0.0/20", "vpcPeeringConnectionId": UNKNOWN},
    ),
    aws(
        "eks/cluster:Cluster",
        "cluster",
        {
            "vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True},
            "encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": UNKNOWN}},
            "enabledClusterLogTypes": [
                "api",
                "audit",
                "authenticator",
                "controllerManager",
                "scheduler",
            ],
            "version": "1.35",
        },
    ),
    aws(
        "ec2/launchTemplate:LaunchTemplate",
        "template",
        {
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [
                {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "volumeSize": 200}}
            ],
        },
    ),
    aws(
        "eks/nodeGroup:NodeGroup",
        "gpus",
        {
            "capacityType": "SPOT",
            "instanceTypes": ["g6.2xlarge", "g5.2xlarge", "g6.4xlarge", "g5.4xlarge"],
            "scalingConfig": {"minSize": 0, "maxSize": 8, "desiredSize": 2},
            "labels": {"accelerator": "nvidia"},
            "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
            "launchTemplate": {"id": UNKNOWN, "version": UNKNOWN},
        },
        launchTemplate="template",
    ),
    aws("iam/role:Role", "role", {"assumeRolePolicy": TRUST}),
    aws("iam/rolePolicy:RolePolicy", "permissions", {"role": UNKNOWN, "policy": PERMISSIONS}),
    aws(
        "iam/rolePolicyAttachment:RolePolicyAttachment",
        "pull",
        {"policyArn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"},
    ),
    aws(
        "ecr/repository:Repository",
        "images",
        {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS"}],
        },
    ),
    aws(
        "lb/loadBalancer:LoadBalancer",
        "edge",
        {"accessLogs": {"bucket": "logs", "enabled": True}},
    ),
    aws(
        "lb/listener:Listener",
        "https",
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    ),
    aws(
        "lambda/function:Function",
        "drainer",
        {
            "deadLetterConfig": {"targetArn": UNKNOWN},
            "reservedConcurrentExecutions": 5,
            "vpcConfig": {"subnetIds": [UNKNOWN]},
        },
    ),
    aws("lambda/functionUrl:FunctionUrl", "url", {"authorizationType": "AWS_IAM"}),
)
STACK = (*KUBERNETES, *AWS)
