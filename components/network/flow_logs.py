"""Who talked to whom, kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, tagging

TOKEN = naming.token("network", "FlowLogs")
_DELIVERY: Final = "vpc-flow-logs.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """What is kept, and for how long."""

    vpc_id: Input[str]
    region: str
    account: str
    retention_days: int
    # REJECT alone is a tenth of the volume, and cannot say where data went.
    traffic: Literal["ALL", "REJECT"] = "ALL"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class FlowLogs(pulumi.ComponentResource):
    """The network's flow logs in an encrypted log group with an end.

    The service may write to this one group and to no other, and only for this account's
    flow logs. Creates: KMS key, log group, role with its policy, flow log.
    """

    log_group_name: Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        key = self._build_key(name, args)
        group = self._build_group(name, args, key)
        role = self._build_role(name, args)
        policy = self._build_policy(name, role, group)
        self._build_log(name, args, role, group, policy)
        self.log_group_name = group.name
        self.register_outputs({"log_group_name": self.log_group_name})

    def _build_key(self, name: str, args: FlowLogsArgs) -> aws.kms.Key:
        child = naming.child(name, "key")
        return aws.kms.Key(
            child,
            aws.kms.KeyArgs(
                description="Flow logs of the network",
                enable_key_rotation=True,
                deletion_window_in_days=30,
                policy=key_policy(args),
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_group(
        self, name: str, args: FlowLogsArgs, key: aws.kms.Key
    ) -> aws.cloudwatch.LogGroup:
        child = naming.child(name, "group")
        return aws.cloudwatch.LogGroup(
            child,
            aws.cloudwatch.LogGroupArgs(
                retention_in_days=args.retention_days,
                kms_key_id=key.arn,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_role(self, name: str, args: FlowLogsArgs) -> aws.iam.Role:
        child = naming.child(name, "role", longest=naming.LONGEST_ROLE)
        return aws.iam.Role(
            child,
            aws.iam.RoleArgs(
                assume_role_policy=trust_policy(args), tags=tagging.tags(args.tags, child)
            ),
            self._child,
        )

    def _build_policy(
        self, name: str, role: aws.iam.Role, group: aws.cloudwatch.LogGroup
    ) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(
            naming.child(name, "writes"),
            aws.iam.RolePolicyArgs(role=role.name, policy=group.arn.apply(writing_policy)),
            self._child,
        )

    def _build_log(
        self,
        name: str,
        args: FlowLogsArgs,
        role: aws.iam.Role,
        group: aws.cloudwatch.LogGroup,
        policy: aws.iam.RolePolicy,
    ) -> aws.ec2.FlowLog:
        child = naming.child(name, "log")
        return aws.ec2.FlowLog(
            child,
            aws.ec2.FlowLogArgs(
                vpc_id=args.vpc_id,
                traffic_type=args.traffic,
                log_destination_type="cloud-watch-logs",
                log_destination=group.arn,
                iam_role_arn=role.arn,
                # A minute: with ten, an incident is over before it is seen.
                max_aggregation_interval=60,
                tags=tagging.tags(args.tags, child),
            ),
            # Without its policy the role could not write, and AWS drops what it cannot deliver.
            ResourceOptions.merge(self._child, ResourceOptions(depends_on=[policy])),
        )


def trust_policy(args: FlowLogsArgs) -> str:
    """Return who may take the role: the delivery service, for flow logs of this account."""
    source = f"arn:aws:ec2:{args.region}:{args.account}:vpc-flow-log/*"
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": _DELIVERY},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": args.account},
                "ArnLike": {"aws:SourceArn": source},
            },
        }
    )


def writing_policy(group_arn: str) -> str:
    """Return what the role may do: write streams of this group. It may not make groups."""
    return _document(
        {
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogStream",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            "Resource": [group_arn, f"{group_arn}:*"],
        }
    )


def key_policy(args: FlowLogsArgs) -> str:
    """Return who may use the key: CloudWatch Logs for this account's groups, and the account.

    In a key's policy the resource is the key itself, whatever the policy is attached to.
    """
    groups = f"arn:aws:logs:{args.region}:{args.account}:log-group:*"
    return _document(
        {
            "Sid": "Administration",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{args.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{args.region}.amazonaws.com"},
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        },
    )


def _document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
