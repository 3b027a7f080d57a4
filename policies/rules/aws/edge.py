"""Load balancers and functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Resource
from frame.rule import Category, Relative, ResourceRule, Rule, Settings, Severity
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.checks import block, require_set, require_true

BALANCERS: Final = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/loadBalancer:LoadBalancer",
    "aws:applicationloadbalancing/loadBalancer:LoadBalancer",
    "aws:elasticloadbalancingv2/loadBalancer:LoadBalancer",
)
LISTENERS: Final = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
FUNCTION: Final = "aws:lambda/function:Function"
FUNCTION_URL: Final = "aws:lambda/functionUrl:FunctionUrl"
_OLD_POLICIES: Final = (
    "ELBSecurityPolicy-2015",
    "ELBSecurityPolicy-2016",
    "ELBSecurityPolicy-TLS-1-0",
)
_OLD_POLICIES_TOO: Final = ("ELBSecurityPolicy-TLS-1-1", "ELBSecurityPolicy-FS-2018-06")


def _logged(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    logs = block(resource.at("accessLogs"))
    yield from require_true(logs.at("enabled"), "nobody can say who asked what")


def _tls(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    protocol = resource.at("protocol")
    if protocol.unknown:
        yield Undetermined(path=protocol.path)
    elif protocol.value in ("HTTPS", "TLS"):
        yield from _modern(resource.at("sslPolicy"))
    elif protocol.value in ("HTTP", "TCP") or protocol.missing:
        yield from _redirected(resource, protocol)
    else:
        yield NotApplicable(f"{protocol.text()} has no TLS")


def _modern(policy: Node) -> Iterator[Outcome]:
    if policy.unknown:
        yield Undetermined(path=policy.path)
    elif policy.text("ELBSecurityPolicy-2016-08").startswith((*_OLD_POLICIES, *_OLD_POLICIES_TOO)):
        found = f"is {policy.shown()}, which takes TLS 1.0 or 1.1"
        fix = 'ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06"'
        yield Violation(path=policy.path, found=found, fix=fix)


def _redirected(resource: Resource, protocol: Node) -> Iterator[Outcome]:
    if protocol.value == "TCP":
        yield NotApplicable("passes connections on as they are")
        return
    for action in resource.at("defaultActions").blocks():
        target = block(action.at("redirect")).at("protocol")
        if action.at("type").value == "redirect" and target.value == "HTTPS":
            return
    yield Violation(path=protocol.path, found=f"is {protocol.shown()}")


def _dead_letters(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    target = block(resource.at("deadLetterConfig")).at("targetArn")
    yield from require_set(target, "an event that fails three times is lost")


def _concurrency(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    node = resource.at("reservedConcurrentExecutions")
    number = node.number()
    if node.unknown:
        yield Undetermined(path=node.path)
    elif number is None or number < 0:
        yield Violation(path=node.path, found=f"is {node.shown()}")


def _in_network(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    subnets = block(resource.at("vpcConfig")).at("subnetIds")
    yield from require_set(subnets, "the function runs outside the network")


def _authorized(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    node = resource.at("authorizationType")
    if node.unknown:
        yield Undetermined(path=node.path)
    elif node.value == "NONE":
        yield Violation(path=node.path, found="is NONE: everybody may call it, at your cost")


LOGGED: Final = ResourceRule(
    id="load-balancers-keep-access-logs",
    title="Load balancers keep access logs",
    why=(
        "The access log is the only place where a request that never reached a pod is written "
        "down: with it one sees whose retries made the queue grow, and whose addresses probe the "
        "door."
    ),
    fix='access_logs={"bucket": logs.bucket, "enabled": True}',
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=BALANCERS,
    covers=("A14",),
    check=_logged,
    frameworks=(frameworks.pci("10.2.1 Audit logs are enabled and active"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_91"),
        Relative(tool="cdk-nag", check="AwsSolutions-ELB2"),
        Relative(tool="AWS Config", check="ELB_LOGGING_ENABLED"),
    ),
)

TLS: Final = ResourceRule(
    id="load-balancers-use-tls",
    title="Load balancers take encrypted requests only",
    why=(
        "Prompts carry what people would not write on a postcard, and API keys. Over HTTP both can "
        "be read on the way; TLS 1.0 and 1.1 have been broken for years and PCI forbids them."
    ),
    fix='protocol="HTTPS", ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06"',
    severity=Severity.HIGH,
    category=Category.SECURITY,
    tokens=LISTENERS,
    covers=("A14",),
    check=_tls,
    frameworks=(
        frameworks.pci("4.2.1 Strong cryptography protects data over open, public networks"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_2"),
        Relative(tool="Checkov", check="CKV_AWS_103"),
        Relative(tool="Checkov", check="CKV2_AWS_20"),
        Relative(tool="Trivy", check="AWS-0054"),
        Relative(tool="Trivy", check="AWS-0047"),
    ),
)

DEAD_LETTERS: Final = ResourceRule(
    id="functions-have-dead-letters",
    title="Events that a function cannot handle are kept",
    why=(
        "Lambda tries an asynchronous event three times and drops it: for the function that "
        "handles spot interruptions that is a node that was never drained."
    ),
    fix='dead_letter_config={"target_arn": queue.arn}',
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=(FUNCTION,),
    covers=("A15",),
    check=_dead_letters,
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_116"),
        Relative(tool="AWS Config", check="LAMBDA_DLQ_CHECK"),
    ),
)

CONCURRENCY: Final = ResourceRule(
    id="functions-reserve-concurrency",
    title="Functions reserve and limit their concurrency",
    why=(
        "All functions of an account share 1,000 executions: one that loops takes them all, and "
        "the one that drains nodes in the two minutes before a spot reclaim is throttled."
    ),
    fix="reserved_concurrent_executions=10",
    severity=Severity.LOW,
    category=Category.RELIABILITY,
    tokens=(FUNCTION,),
    covers=("A15",),
    check=_concurrency,
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_115"),
        Relative(tool="AWS Config", check="LAMBDA_CONCURRENCY_CHECK"),
    ),
)

IN_NETWORK: Final = ResourceRule(
    id="functions-run-in-the-network",
    title="Functions run inside the network",
    why=(
        "Outside the VPC a function reaches no private endpoint, so what it talks to has to be "
        "public, and its traffic is in no flow log."
    ),
    fix='vpc_config={"subnet_ids": private_subnet_ids, "security_group_ids": [group.id]}',
    severity=Severity.LOW,
    category=Category.NETWORK,
    tokens=(FUNCTION,),
    covers=("A15",),
    check=_in_network,
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_117"),
        Relative(tool="AWS Config", check="LAMBDA_INSIDE_VPC"),
    ),
)

AUTHORIZED: Final = ResourceRule(
    id="function-urls-ask-who-calls",
    title="A function's URL asks who calls",
    why=(
        "A function URL without authorization runs for everybody who finds it, up to the account's "
        "1,000 executions at a time, and the owner pays."
    ),
    fix='authorization_type="AWS_IAM"',
    severity=Severity.HIGH,
    category=Category.SECURITY,
    tokens=(FUNCTION_URL,),
    covers=("A15",),
    check=_authorized,
    relatives=(Relative(tool="Checkov", check="CKV_AWS_258"),),
)

RULES: Final[Sequence[Rule]] = (
    LOGGED,
    TLS,
    DEAD_LETTERS,
    CONCURRENCY,
    IN_NETWORK,
    AUTHORIZED,
)
