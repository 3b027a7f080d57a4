"""What AWS says before it takes a machine away, in a queue that somebody reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components import naming, tagging

TOKEN = naming.token("capacity", "InterruptionQueue")

# Notices: source and detail-type of EventBridge.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/automating_with_eventbridge.html
NOTICES: Final[Mapping[str, tuple[str, str]]] = {
    "spot-interruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state-change": ("aws.ec2", "EC2 Instance State-change Notification"),
    "scheduled-change": ("aws.health", "AWS Health Event"),
}
# A notice that is five minutes old is about a machine that is gone.
_RETENTION_SECONDS: Final = 300
# What nobody could read is kept for people: two weeks, the longest there is.
_DEAD_LETTER_SECONDS: Final = 1_209_600
_ATTEMPTS: Final = 5


@dataclass(frozen=True, kw_only=True)
class InterruptionQueueArgs:
    """What makes the queue."""

    # Fixed, so that who may read it is known before it exists.
    queue_name: str
    region: str
    account: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class InterruptionQueue(pulumi.ComponentResource):
    """Brings AWS's notices about machines to the cluster.

    Creates: queue, dead-letter queue, their policies, an EventBridge rule for each kind of notice.
    """

    url: Output[str]
    # Known before the queue exists.
    arn: str

    def __init__(
        self, name: str, args: InterruptionQueueArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        dead = self._build_dead_letters(name, args)
        queue = self._build_queue(name, args, dead)
        rules = [self._build_rule(name, args, notice) for notice in NOTICES]
        self._build_policy(naming.child(name, "dead-letters-policy"), dead, [])
        self._build_policy(naming.child(name, "queue-policy"), queue, [rule.arn for rule in rules])
        for notice, rule in zip(NOTICES, rules, strict=True):
            self._build_target(name, notice, rule, queue)
        self.url = queue.url
        self.arn = f"arn:aws:sqs:{args.region}:{args.account}:{args.queue_name}"
        self.register_outputs({"url": self.url, "arn": self.arn})

    def _build_dead_letters(self, name: str, args: InterruptionQueueArgs) -> aws.sqs.Queue:
        child = naming.child(name, "dead-letters")
        return aws.sqs.Queue(
            child,
            aws.sqs.QueueArgs(
                sqs_managed_sse_enabled=True,
                message_retention_seconds=_DEAD_LETTER_SECONDS,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_queue(
        self, name: str, args: InterruptionQueueArgs, dead: aws.sqs.Queue
    ) -> aws.sqs.Queue:
        child = naming.child(name, "queue")
        redrive = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": _ATTEMPTS}
        return aws.sqs.Queue(
            child,
            aws.sqs.QueueArgs(
                name=args.queue_name,
                sqs_managed_sse_enabled=True,
                message_retention_seconds=_RETENTION_SECONDS,
                redrive_policy=Output.json_dumps(redrive),
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_rule(
        self, name: str, args: InterruptionQueueArgs, notice: str
    ) -> aws.cloudwatch.EventRule:
        source, kind = NOTICES[notice]
        child = naming.child(name, notice)
        return aws.cloudwatch.EventRule(
            child,
            aws.cloudwatch.EventRuleArgs(
                description=f"{kind}, for the cluster's interruption handler",
                event_pattern=json.dumps({"source": [source], "detail-type": [kind]}),
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_target(
        self, name: str, notice: str, rule: aws.cloudwatch.EventRule, queue: aws.sqs.Queue
    ) -> None:
        aws.cloudwatch.EventTarget(
            naming.child(name, f"{notice}-target"),
            aws.cloudwatch.EventTargetArgs(rule=rule.name, arn=queue.arn, target_id="queue"),
            self._child,
        )

    def _build_policy(
        self, child: str, queue: aws.sqs.Queue, rule_arns: Sequence[Output[str]]
    ) -> None:
        aws.sqs.QueuePolicy(
            child,
            aws.sqs.QueuePolicyArgs(queue_url=queue.url, policy=_policy(queue.arn, rule_arns)),
            self._child,
        )


def _policy(queue_arn: Output[str], rule_arns: Sequence[Output[str]]) -> Output[str]:
    """Return the policy: nothing without TLS, and from EventBridge only what our rules send."""
    tls_only = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    notices = {
        "Sid": "NoticesOfOurRules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(rule_arns)}},
    }
    statements = [tls_only, notices] if rule_arns else [tls_only]
    return Output.json_dumps({"Version": "2012-10-17", "Statement": statements})
