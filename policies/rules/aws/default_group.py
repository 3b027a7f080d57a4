"""The security group that every network comes with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from frame.resource import Index, Resource
from frame.rule import (
    Category,
    Relative,
    ResourceRule,
    Rule,
    Settings,
    Severity,
    StackRule,
)
from frame.verdict import Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.network import VPC
from rules.aws.security_groups import DEFAULT_GROUP


def _emptied(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    for field in ("ingress", "egress"):
        node = resource.at(field)
        if node.unknown:
            yield Undetermined(path=node.path)
        elif any(True for _ in node.blocks()):
            yield Violation(path=node.path, found="has rules", fix=f"{field}=[]")


def _empty(resource: Resource, _settings: Settings) -> Mapping[str, Any] | None:
    fields = [field for field in ("ingress", "egress") if any(resource.at(field).blocks())]
    return {field: [] for field in fields} or None


def _check_default_group(index: Index, _settings: Settings) -> Iterator[Outcome]:
    groups = index.of_token(DEFAULT_GROUP)
    for vpc in index.of_token(VPC):
        if any(vpc in index.behind(group, "vpcId", VPC) for group in groups):
            continue
        if any(not index.behind(group, "vpcId", VPC) for group in groups):
            yield Undetermined(path="vpcId", because="whose default group it is", urn=groups[0].urn)
        else:
            found = "nothing empties this network's default security group"
            yield Violation(path="", found=found, urn=vpc.urn)


EMPTIED: Final = ResourceRule(
    id="default-security-group-is-empty",
    title="The default security group lets nothing through",
    why=(
        "Whatever is launched without a group gets the default one, which lets all its members "
        "reach each other and everything out: one forgotten line joins a test instance with "
        "production."
    ),
    fix="ingress=[], egress=[]",
    severity=Severity.MEDIUM,
    category=Category.NETWORK,
    tokens=(DEFAULT_GROUP,),
    covers=("A10",),
    check=_emptied,
    remedy=_empty,
    frameworks=(
        frameworks.cis_aws("5.4 The default security group of every VPC restricts all traffic"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV2_AWS_12"),
        Relative(tool="Trivy", check="AWS-0173"),
    ),
)


DEFAULT_GROUP_TAKEN: Final = StackRule(
    id="networks-empty-their-default-group",
    title="Every network has its default security group emptied",
    why=(
        "A new VPC comes with a default group that is open among its members, and only a program "
        "that takes it over can empty it. AWS does not let one delete it."
    ),
    fix='aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id)',
    severity=Severity.MEDIUM,
    category=Category.NETWORK,
    tokens=(VPC,),
    covers=("A10",),
    check=_check_default_group,
    frameworks=(
        frameworks.cis_aws("5.4 The default security group of every VPC restricts all traffic"),
    ),
    relatives=(Relative(tool="Checkov", check="CKV2_AWS_12"),),
)


RULES: Final[Sequence[Rule]] = (EMPTIED, DEFAULT_GROUP_TAKEN)
