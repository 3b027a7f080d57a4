"""Examples: EKS."""

from __future__ import annotations

from tests.embedded.plugins.aws.ground import Example

EKS = (
    Example(
        "aws:eks/cluster:Cluster",
        lambda world: {
            "roleArn": world.arn("role"),
            "version": "1.33",
            "vpcConfig": {
                "subnetIds": [world.id("other-subnet"), world.id("subnet")],
                "endpointPrivateAccess": True,
                "publicAccessCidrs": ["203.0.113.0/24"],
            },
            "accessConfig": {"authenticationMode": "API"},
            "enabledClusterLogTypes": ["audit", "api"],
            "encryptionConfig": {
                "provider": {"keyArn": world.arn("key")},
                "resources": ["secrets"],
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.21.0.0/16"},
            "upgradePolicy": {"supportType": "STANDARD"},
            "zonalShiftConfig": {"enabled": True},
            "bootstrapSelfManagedAddons": False,
        },
        lambda world: [
            {"version": "1.34"},
            {"enabledClusterLogTypes": ["audit"]},
            {"upgradePolicy": {"supportType": "EXTENDED"}},
            {"zonalShiftConfig": {"enabled": False}},
            {
                "vpcConfig": {
                    "subnetIds": [world.id("other-subnet"), world.id("subnet")],
                    "endpointPrivateAccess": True,
                    "endpointPublicAccess": False,
                }
            },
            {"tags": {"Name": "x"}},
        ],
        lambda world: {"roleArn": world.arn("other-role"), "bootstrapSelfManagedAddons": True},
    ),
    Example(
        "aws:eks/nodeGroup:NodeGroup",
        lambda world: {
            "clusterName": world.id("cluster"),
            "nodeRoleArn": world.arn("role"),
            "subnetIds": [world.id("subnet")],
            "scalingConfig": {"minSize": 0, "maxSize": 2, "desiredSize": 1},
            "capacityType": "SPOT",
            "amiType": "AL2023_x86_64_NVIDIA",
            "instanceTypes": ["g5.xlarge", "g6.xlarge"],
            "labels": {"pool": "gpu", "old": "yes"},
            "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailable": 1},
            "nodeRepairConfig": {"enabled": True},
            "launchTemplate": {"id": world.id("launch-template"), "version": "1"},
        },
        lambda _: [
            {"scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 3}},
            {"labels": {"pool": "gpus"}},
            {"taints": [{"key": "spot", "effect": "NO_EXECUTE"}]},
            {"updateConfig": {"maxUnavailablePercentage": 50}},
            {"tags": {"Name": "x"}},
        ],
        lambda world: {
            "capacityType": "ON_DEMAND",
            "instanceTypes": ["g5.xlarge"],
            "subnetIds": [world.id("other-subnet")],
        },
    ),
    Example(
        "aws:eks/addon:Addon",
        lambda world: {
            "clusterName": world.id("cluster"),
            "addonName": "vpc-cni",
            "configurationValues": '{"enableNetworkPolicy": "true"}',
            "resolveConflictsOnCreate": "OVERWRITE",
        },
        lambda _: [
            {"configurationValues": '{"enableNetworkPolicy": "false"}'},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"addonName": "coredns"},
    ),
    Example(
        "aws:eks/accessEntry:AccessEntry",
        lambda world: {
            "clusterName": world.id("cluster"),
            "principalArn": world.arn("third-role"),
            "kubernetesGroups": ["viewers", "admins"],
        },
        lambda _: [{"kubernetesGroups": ["viewers"]}, {"tags": {"Name": "x"}}],
        lambda _: {"type": "EC2_LINUX"},
    ),
    Example(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        lambda world: {
            "clusterName": world.id("cluster"),
            "principalArn": world.get("access-entry").inputs["principalArn"],
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["b", "a"]},
        },
        replaces=lambda _: {"accessScope": {"type": "cluster"}},
    ),
    Example(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda world: {
            "clusterName": world.id("cluster"),
            "namespace": "kube-system",
            "serviceAccount": "controller",
            "roleArn": world.arn("other-role"),
        },
        lambda world: [{"roleArn": world.arn("third-role")}, {"tags": {"Name": "x"}}],
        lambda _: {"namespace": "default"},
        import_id=lambda made: f"{made.inputs['clusterName']},{made.id}",
    ),
)
