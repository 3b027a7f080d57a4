"""Examples: queues, events, images, buckets."""

from __future__ import annotations

import json
from typing import Any

from tests.embedded.plugins.aws.ground import Example, policy

MESSAGES = (
    Example(
        "aws:sqs/queue:Queue",
        lambda _: {"messageRetentionSeconds": 300, "sqsManagedSseEnabled": True},
        lambda _: [
            {"messageRetentionSeconds": 600},
            {"visibilityTimeoutSeconds": 60},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"name": "another"},
    ),
    Example(
        "aws:sqs/queuePolicy:QueuePolicy",
        lambda world: {"queueUrl": world.id("queue"), "policy": policy("sqs:SendMessage")},
        lambda _: [{"policy": policy("sqs:ReceiveMessage")}],
        lambda world: {"queueUrl": world.id("other-queue")},
    ),
    Example(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {
            "description": "spot notices",
            "eventPattern": json.dumps({"source": ["aws.ec2"]}),
        },
        lambda _: [
            {"description": "notices"},
            {"eventPattern": json.dumps({"source": ["aws.health"]})},
            {"state": "DISABLED"},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"name": "another"},
    ),
    Example(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda world: {
            "rule": world.id("event-rule"),
            "arn": world.get("queue").outputs["arn"],
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 120},
        },
        lambda world: [{"arn": world.get("other-queue").outputs["arn"]}],
        lambda _: {"targetId": "another"},
        import_id=lambda made: f"{made.inputs['rule']}/{made.inputs['targetId']}",
    ),
)

STORAGE = (
    Example(
        "aws:ecr/repository:Repository",
        lambda _: {
            "name": "models",
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "AES256"}],
            "forceDelete": True,
        },
        lambda _: [
            {"imageTagMutability": "MUTABLE"},
            {"imageScanningConfiguration": {"scanOnPush": False}},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"name": "another"},
    ),
    Example(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda world: {"repository": world.id("repository"), "policy": _lifecycle(7)},
        replaces=lambda _: {"policy": _lifecycle(14)},
    ),
    Example(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        lambda _: {
            "ecrRepositoryPrefix": "docker-hub",
            "upstreamRegistryUrl": "registry-1.docker.io",
            "credentialArn": _secret("one"),
        },
        lambda _: [{"credentialArn": _secret("two")}],
        lambda _: {"ecrRepositoryPrefix": "another", "upstreamRegistryUrl": "ghcr.io"},
    ),
    Example(
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        lambda _: {"scanType": "ENHANCED", "rules": [_scan("CONTINUOUS_SCAN")]},
        lambda _: [{"rules": [_scan("SCAN_ON_PUSH")]}, {"scanType": "BASIC"}],
        stays=True,
    ),
    Example(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        lambda world: {"repository": world.id("repository"), "policy": _pull("111122223333")},
        lambda _: [{"policy": _pull("444455556666")}],
        lambda _: {"repository": "another"},
    ),
    Example(
        "aws:s3/bucket:Bucket",
        lambda _: {"tags": {"Name": "x"}},
        lambda _: [{"tags": {"Name": "y", "Other": "z"}}, {"tags": None}],
        lambda _: {"bucket": "another"},
    ),
    Example(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda world: {"bucket": world.id("bucket"), "blockPublicAcls": True},
        lambda _: [{"blockPublicPolicy": True}, {"blockPublicAcls": False}],
        lambda world: {"bucket": world.id("other-bucket")},
    ),
    Example(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda world: {"bucket": world.id("bucket"), "policy": policy("s3:GetObject")},
        lambda _: [{"policy": policy("s3:PutObject")}],
        lambda world: {"bucket": world.id("other-bucket")},
    ),
    Example(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda world: {
            "bucket": world.id("bucket"),
            "versioningConfiguration": {"status": "Enabled"},
        },
        lambda _: [{"versioningConfiguration": {"status": "Suspended"}}],
        lambda world: {"bucket": world.id("other-bucket")},
        stays=True,
    ),
    Example(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda world: {"bucket": world.id("bucket"), "rules": [_encryption("AES256")]},
        lambda _: [{"rules": [_encryption("aws:kms")]}],
        lambda world: {"bucket": world.id("other-bucket")},
    ),
    Example(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda world: {
            "bucket": world.id("bucket"),
            "rule": {"objectOwnership": "BucketOwnerEnforced"},
        },
        lambda _: [{"rule": {"objectOwnership": "BucketOwnerPreferred"}}],
        lambda world: {"bucket": world.id("other-bucket")},
    ),
)


def _lifecycle(days: int) -> str:
    selection = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": days,
    }
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    return json.dumps({"rules": [rule]})


def _secret(name: str) -> str:
    return f"arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/{name}"


def _scan(frequency: str) -> dict[str, Any]:
    return {
        "scanFrequency": frequency,
        "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
    }


def _pull(account: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _encryption(algorithm: str) -> dict[str, Any]:
    return {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm},
        "bucketKeyEnabled": True,
    }
