"""What the pipeline's roles may do: the stack's own resources, and no others. Imports no Pulumi.

Names follow from the program (`ballast-<stack>-...`), so a policy can name them
before they exist.
"""

from __future__ import annotations

import json
from typing import Any, Final

from components.automation.scope import Scope

Statement = dict[str, Any]

# AWS counts the characters of a managed policy without white space.
LONGEST: Final = 6144
# Services that get a role of the stack, or a role of their own, from us.
_SERVED: Final = ("eks", "ec2", "vpc-flow-logs", "pods.eks", "events", "scheduler")
_LINKED: Final = ("eks", "eks-nodegroup", "autoscaling", "spot", "elasticloadbalancing")
# AWS narrows these down for nobody; they say what there is, not what is in it.
_DESCRIBED: Final = (
    *("AccountAttributes", "Addresses", "AddressesAttribute", "AvailabilityZones", "FlowLogs"),
    *("Images", "Instances", "InstanceTypes", "InternetGateways", "LaunchTemplates"),
    *("LaunchTemplateVersions", "ManagedPrefixLists", "NatGateways", "NetworkAcls"),
    *("NetworkInterfaces", "PrefixLists", "RouteTables", "SecurityGroupRules", "SecurityGroups"),
    *("Subnets", "Tags", "VpcAttribute", "VpcEndpoints", "VpcEndpointServices"),
    *("VpcPeeringConnections", "Vpcs"),
)
_MAKING: Final = (
    *("Associate*", "Create*", "Delete*", "Describe*", "Disassociate*", "List*"),
    *("TagResource", "UntagResource", "Update*", "AccessKubernetesApi"),
)


def deployer(scope: Scope) -> str:
    """Return what it takes to make, change and delete a stack."""
    return _document(
        _reading(),
        _network(scope),
        _cluster(scope, *_MAKING),
        *_keys(scope),
        _logs(scope),
        *_roles(scope),
        _signals(scope),
        *_state(scope, "s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    )


def previewer(scope: Scope) -> str:
    """Return what it takes to compare a stack with what there is, and no more."""
    return _document(
        _reading(),
        _cluster(scope, "Describe*", "List*", "AccessKubernetesApi"),
        {
            "Sid": "Roles",
            "Effect": "Allow",
            "Action": ["iam:GetRole", "iam:GetRolePolicy", "iam:List*"],
            "Resource": scope.roles(),
        },
        {
            "Sid": "Keys",
            "Effect": "Allow",
            "Action": ["kms:DescribeKey", "kms:GetKey*", "kms:ListResourceTags"],
            "Resource": f"arn:aws:kms:{scope.region}:{scope.account}:key/*",
        },
        {
            "Sid": "Signals",
            "Effect": "Allow",
            "Action": [
                *("logs:ListTagsForResource", "sqs:GetQueue*", "sqs:ListQueueTags"),
                *("events:DescribeRule", "events:List*"),
            ],
            "Resource": [*_log_groups(scope), *_queues_and_rules(scope)],
        },
        *_state(scope, "s3:GetObject"),
    )


def _reading() -> Statement:
    """Return what AWS lets nobody narrow down to single resources."""
    return {
        "Sid": "Reading",
        "Effect": "Allow",
        "Action": [
            *(f"ec2:Describe{kind}" for kind in _DESCRIBED),
            "autoscaling:DescribeAutoScalingGroups",
            *("eks:ListClusters", "eks:DescribeAddonVersions", "eks:DescribeClusterVersions"),
            *("kms:ListAliases", "logs:DescribeLogGroups", "sts:GetCallerIdentity"),
        ],
        "Resource": "*",
    }


def _network(scope: Scope) -> Statement:
    verbs = (
        *("Allocate", "Associate", "Attach", "Authorize", "Create", "Delete", "Detach"),
        *("Disassociate", "Modify", "Release", "Replace", "Revoke", "Accept"),
    )
    return {
        "Sid": "Network",
        "Effect": "Allow",
        # EKS starts the instances of a launch template in the name of whoever made the group.
        "Action": [*(f"ec2:{verb}*" for verb in verbs), "ec2:RunInstances"],
        "Resource": [
            f"arn:aws:ec2:{scope.region}:{scope.account}:*/*",
            f"arn:aws:ec2:{scope.region}::image/*",
        ],
    }


def _cluster(scope: Scope, *verbs: str) -> Statement:
    return {
        "Sid": "Cluster",
        "Effect": "Allow",
        "Action": [f"eks:{verb}" for verb in verbs],
        # cluster/NAME, nodegroup/NAME/..., addon/NAME/..., access-entry/NAME/... and the like.
        "Resource": [arn for end in ("", "/*") for arn in scope.arns("eks", "*/", end)],
    }


def _keys(scope: Scope) -> list[Statement]:
    return [
        {
            "Sid": "NewKeys",
            "Effect": "Allow",
            "Action": ["kms:CreateKey", "kms:TagResource"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestTag/Project": "ballast"}},
        },
        {
            "Sid": "Keys",
            "Effect": "Allow",
            "Action": [
                *("kms:DescribeKey", "kms:GetKey*", "kms:ListResourceTags", "kms:PutKeyPolicy"),
                *("kms:EnableKeyRotation", "kms:ScheduleKeyDeletion", "kms:UntagResource"),
                *("kms:CreateGrant", "kms:UpdateKeyDescription", "kms:*Alias"),
            ],
            "Resource": f"arn:aws:kms:{scope.region}:{scope.account}:key/*",
            "Condition": {"StringEquals": {"aws:ResourceTag/Project": "ballast"}},
        },
        {
            "Sid": "KeyAliases",
            "Effect": "Allow",
            "Action": ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
            "Resource": scope.arns("kms", "alias/", "*"),
        },
    ]


def _logs(scope: Scope) -> Statement:
    return {
        "Sid": "Logs",
        "Effect": "Allow",
        "Action": [
            *("logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"),
            *("logs:DeleteRetentionPolicy", "logs:AssociateKmsKey", "logs:TagResource"),
            *("logs:UntagResource", "logs:ListTagsForResource", "logs:CreateLogDelivery"),
        ],
        "Resource": _log_groups(scope),
    }


def _log_groups(scope: Scope) -> list[str]:
    return [
        arn
        for kind in ("log-group:", "log-group:/aws/eks/")
        for arn in scope.arns("logs", kind, "*")
    ]


def _roles(scope: Scope) -> list[Statement]:
    issuers = f"oidc-provider/oidc.eks.{scope.region}.amazonaws.com/*"
    return [
        {
            "Sid": "Roles",
            "Effect": "Allow",
            "Action": [
                *("iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:GetRolePolicy"),
                *("iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePolicy"),
                *("iam:DeleteRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole*"),
                *("iam:TagRole", "iam:UntagRole", "iam:List*"),
            ],
            "Resource": scope.roles(),
        },
        {
            "Sid": "RolesForServices",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": scope.roles(),
            "Condition": {
                "StringEquals": {
                    "iam:PassedToService": [f"{service}.amazonaws.com" for service in _SERVED]
                }
            },
        },
        {
            "Sid": "RolesOfServices",
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": f"arn:aws:iam::{scope.account}:role/aws-service-role/*",
            "Condition": {
                "StringEquals": {
                    "iam:AWSServiceName": [f"{service}.amazonaws.com" for service in _LINKED]
                }
            },
        },
        {
            "Sid": "ClusterIssuer",
            "Effect": "Allow",
            "Action": [
                *("iam:CreateOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider"),
                *("iam:GetOpenIDConnectProvider", "iam:TagOpenIDConnectProvider"),
            ],
            "Resource": f"arn:aws:iam::{scope.account}:{issuers}",
        },
    ]


def _signals(scope: Scope) -> Statement:
    return {
        "Sid": "Signals",
        "Effect": "Allow",
        "Action": [
            *("sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueue*", "sqs:SetQueueAttributes"),
            *("sqs:TagQueue", "sqs:UntagQueue", "sqs:ListQueueTags", "events:PutRule"),
            *("events:DeleteRule", "events:DescribeRule", "events:PutTargets"),
            *("events:RemoveTargets", "events:TagResource", "events:List*"),
        ],
        "Resource": _queues_and_rules(scope),
    }


def _queues_and_rules(scope: Scope) -> list[str]:
    return [*scope.arns("sqs", "", "-*"), *scope.arns("events", "rule/", "-*")]


def _state(scope: Scope, *actions: str) -> list[Statement]:
    if scope.state_bucket is None:
        return []
    bucket = f"arn:aws:s3:::{scope.state_bucket}"
    statements: list[Statement] = [
        {
            "Sid": "State",
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": f"{bucket}/.pulumi/*",
        },
        {"Sid": "StateList", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
    ]
    if scope.state_key_arn is not None:
        statements.append(
            {
                "Sid": "StateKey",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
                "Resource": scope.state_key_arn,
            }
        )
    return statements


def _document(*statements: Statement) -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    if len(document) > LONGEST:
        message = f"the policy has {len(document)} characters; AWS allows {LONGEST}"
        raise ValueError(message)
    return document
