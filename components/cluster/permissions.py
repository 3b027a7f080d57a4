"""IAM policy documents as values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pulumi import Input, Output


@dataclass(frozen=True, kw_only=True)
class Allow:
    """One statement: what is allowed on what, and when."""

    actions: Sequence[str]
    # Reading lists of things cannot be limited to some of them: then it is everything.
    resources: Sequence[Input[str]] = ("*",)
    # Operator -> key -> values.
    when: Mapping[str, Mapping[str, Sequence[str]]] = field(
        default_factory=dict[str, Mapping[str, Sequence[str]]]
    )


def document(statements: Sequence[Allow]) -> Output[str]:
    """Return the policy document of the statements."""
    return Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [_statement(one) for one in statements]}
    )


def _statement(allow: Allow) -> dict[str, object]:
    condition = {"Condition": allow.when} if allow.when else {}
    return {
        "Effect": "Allow",
        "Action": list(allow.actions),
        "Resource": list(allow.resources),
        **condition,
    }


def service_trust(service: str) -> str:
    """Return the document that lets an AWS service take a role on."""
    return _trust(service, {})


def pod_trust(namespace: str, service_account: str) -> str:
    """Return the document that lets the pods of one service account take a role on.

    EKS tags the session with both names, so that no other association can use the role.
    """
    tags = {"kubernetes-namespace": namespace, "kubernetes-service-account": service_account}
    equal = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return _trust("pods.eks.amazonaws.com", {"Condition": {"StringEquals": equal}})


def _trust(service: str, condition: Mapping[str, object]) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        **condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def log_key_policy(*, account: str, region: str, log_group: str) -> str:
    """Return the policy of a key that CloudWatch may use for one log group and no other."""
    group = f"arn:aws:logs:{region}:{account}:log-group:{log_group}"
    whole_account = {
        "Sid": "AccountAdministersKey",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    logs = {
        "Sid": "LogsOfThisGroup",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:DescribeKey",
        ],
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [whole_account, logs]})
