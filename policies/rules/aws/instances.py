"""Instances and what they are launched from: metadata, volumes, types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from frame.facts import Node
from frame.resource import Resource
from frame.rule import Category, Relative, ResourceRule, Rule, Setting, Settings, Severity
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.checks import block
from rules.aws.cluster import NODE_GROUP
from rules.kubernetes.gpu import is_gpu_instance

INSTANCE: Final = "aws:ec2/instance:Instance"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
CONFIGURATION: Final = "aws:ec2/launchConfiguration:LaunchConfiguration"
GROUP: Final = "aws:autoscaling/group:Group"
_SPOT_REQUEST: Final = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
_LAUNCHED: Final = (INSTANCE, TEMPLATE, CONFIGURATION, _SPOT_REQUEST)
_NODE_POOL: Final = "kubernetes:karpenter.sh/*:NodePool"
_TYPE_KEYS: Final = ("node.kubernetes.io/instance-type", "karpenter.k8s.aws/instance-type")
# AWS draws spot capacity from pools of one type in one zone.
_FEWEST_POOLS: Final = 4


def _tokens(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    options = block(resource.at("metadataOptions"))
    if options.at("httpEndpoint").value == "disabled":
        yield NotApplicable("there is no metadata service")
        return
    node = options.at("httpTokens")
    if node.unknown:
        yield Undetermined(path=node.path)
    elif node.value != "required":
        found = "is optional" if node.known else "not set, which means optional"
        yield Violation(path=node.path, found=found)


def _require_tokens(resource: Resource, _settings: Settings) -> Mapping[str, Any] | None:
    options = block(resource.at("metadataOptions"))
    if options.unknown or any(node.unknown for _, node in options.entries()):
        return None
    if options.at("httpEndpoint").value == "disabled":
        return None
    if options.at("httpTokens").value == "required":
        return None
    stated: dict[str, Any] = {key: node.value for key, node in options.entries()}
    return {"metadataOptions": {**stated, "httpTokens": "required"}}


def _hops(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    node = block(resource.at("metadataOptions")).at("httpPutResponseHopLimit")
    number = node.number()
    if node.unknown:
        yield Undetermined(path=node.path)
    elif number is not None and number > settings["most"]:
        yield Violation(path=node.path, found=f"is {node.text()}")


def _type_nodes(resource: Resource) -> Iterator[Node]:
    """Go through the instance types that a resource may start."""
    yield resource.at("instanceType")
    yield from resource.at("instanceTypes").each()
    template = block(block(resource.at("mixedInstancesPolicy")).at("launchTemplate"))
    for override in template.at("overrides").each():
        yield override.at("instanceType")
    for requirement in resource.at("spec", "template", "spec", "requirements").each():
        if requirement.at("key").value in _TYPE_KEYS:
            yield from requirement.at("values").each()


def _allowed(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    found = False
    for node in _type_nodes(resource):
        if node.unknown:
            found = True
            yield Undetermined(path=node.path)
        elif is_gpu_instance(node.text()):
            found = True
            if not any(fnmatchcase(node.text(), pattern) for pattern in settings["types"]):
                allowed = ", ".join(settings["types"])
                yield Violation(path=node.path, found=f"{node.text()} is not one of {allowed}")
    if not found:
        yield NotApplicable("no GPU instance type")


def _diversified(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    spot = _spot(resource)
    if spot.unknown:
        yield Undetermined(path=spot.path)
        return
    if not spot.known:
        yield NotApplicable("starts no spot instances")
        return
    types = [node for node in _type_nodes(resource) if not node.missing]
    if any(node.unknown for node in types) and len(types) < settings["fewest"]:
        yield Undetermined(path=next(node for node in types if node.unknown).path)
    elif 0 < len(types) < settings["fewest"]:
        shown = ", ".join(node.shown() for node in types)
        found = f"only {shown}; spot needs {settings['fewest']} types to choose from"
        yield Violation(path=types[0].path, found=found)
    if resource.token == GROUP:
        yield from _rebalanced(resource)


def _spot(resource: Resource) -> Node:
    """Return what says that spot instances are started; a missing node where nothing does."""
    if resource.token == NODE_GROUP:
        node = resource.at("capacityType")
        return node if node.unknown or node.value == "SPOT" else node.at("-")
    if resource.token == GROUP:
        shares = block(block(resource.at("mixedInstancesPolicy")).at("instancesDistribution"))
        percent = shares.at("onDemandPercentageAboveBaseCapacity")
        number = percent.number()
        return (
            percent if percent.unknown or (number is not None and number < 100) else percent.at("-")
        )
    for requirement in resource.at("spec", "template", "spec", "requirements").each():
        if requirement.at("key").value == "karpenter.sh/capacity-type":
            values = requirement.at("values")
            return values if values.unknown or "spot" in values.texts() else values.at("-")
    return resource.at("spec").at("-")


def _rebalanced(resource: Resource) -> Iterator[Outcome]:
    node = resource.at("capacityRebalance")
    if node.unknown:
        yield Undetermined(path=node.path)
    elif not node.is_true():
        yield Violation(path=node.path, found=f"is {node.shown()}", fix="capacity_rebalance=True")


TOKENS: Final = ResourceRule(
    id="instance-metadata-needs-token",
    title="Instance metadata is handed out for a token only",
    why=(
        "With version 1 of the metadata service any request that a server can be talked into (a "
        "model that fetches a URL) reads the node's credentials from 169.254.169.254. Version 2 "
        "asks for a PUT first, which such a request cannot make."
    ),
    fix='metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1}',
    severity=Severity.HIGH,
    category=Category.SECURITY,
    tokens=_LAUNCHED,
    covers=("A06",),
    check=_tokens,
    remedy=_require_tokens,
    frameworks=(frameworks.cis_aws("5.6 EC2 metadata service only allows IMDSv2"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_79"),
        Relative(tool="Trivy", check="AWS-0028"),
        Relative(tool="Trivy", check="AWS-0130"),
        Relative(tool="AWS Config", check="EC2_IMDSV2_CHECK"),
        Relative(tool="cdk-nag", check="EC2IMDSv2Enabled"),
    ),
)

HOPS: Final = ResourceRule(
    id="metadata-hop-limit-is-one",
    title="Pods do not reach their node's metadata",
    why=(
        "A pod is one hop further than its node: with a limit of 2 every pod of the node gets the "
        "node's role, with the right to pull all images and to change network interfaces. Pod "
        "Identity gives each pod its own role instead."
    ),
    fix='metadata_options={"http_put_response_hop_limit": 1}',
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=_LAUNCHED,
    covers=("A06", "L17"),
    check=_hops,
    settings={
        "most": Setting(type="integer", default=1, description="The most hops that are allowed.")
    },
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_341"),
        Relative(tool="AWS Config", check="EC2_TOKEN_HOP_LIMIT_CHECK"),
    ),
)

ALLOWED: Final = ResourceRule(
    id="gpu-instance-types-are-allowed",
    title="GPU instances are of types that were chosen",
    why=(
        "Types differ by a factor of 270 in price (0.53 to 142 USD an hour) and some are too old "
        "for today's engines: vLLM needs compute capability 7.0, which P2 and G3 do not have. A "
        "typing mistake in a type is found on the bill."
    ),
    fix='instance_types=["g6.2xlarge", "g5.2xlarge"]',
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=(INSTANCE, TEMPLATE, CONFIGURATION, NODE_GROUP, GROUP, _SPOT_REQUEST, _NODE_POOL),
    covers=("A16",),
    check=_allowed,
    settings={
        "types": Setting(
            type="array",
            default=[
                "g4dn.*",
                "g5.*",
                "g6.*",
                "g6e.*",
                "gr6.*",
                "p4d.*",
                "p4de.*",
                "p5.*",
                "p5e.*",
            ],
            description="Globs for the GPU instance types that may be used.",
            more={"items": {"type": "string"}},
        )
    },
    relatives=(Relative(tool="AWS Config", check="DESIRED_INSTANCE_TYPE"),),
)

DIVERSIFIED: Final = ResourceRule(
    id="spot-groups-are-diversified",
    title="Spot capacity comes from several instance types",
    why=(
        "A spot pool is one type in one zone, and it is emptied as a whole. In May 2025 AWS gave "
        "22 of 52 GPU types in us-east-1 an interruption rate above 20 % a month; with one type "
        "one reclaim takes all nodes, with four it takes a part and the group finds others."
    ),
    fix='instance_types=["g6.2xlarge", "g5.2xlarge", "g6.4xlarge", "g5.4xlarge"]',
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=(NODE_GROUP, GROUP, _NODE_POOL),
    covers=("A17",),
    check=_diversified,
    settings={
        "fewest": Setting(
            type="integer",
            default=_FEWEST_POOLS,
            description="The least number of instance types.",
            more={"minimum": 1},
        )
    },
    frameworks=(frameworks.well_architected("REL11-BP05 Use static stability"),),
    relatives=(
        Relative(tool="AWS Config", check="AUTOSCALING_MULTIPLE_INSTANCE_TYPES"),
        Relative(tool="AWS Config", check="AUTOSCALING_CAPACITY_REBALANCING"),
    ),
)

RULES: Final[Sequence[Rule]] = (TOKENS, HOPS, ALLOWED, DIVERSIFIED)
