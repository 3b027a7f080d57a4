"""Security groups and what they let in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from frame.facts import Node
from frame.networks import is_world
from frame.resource import Resource
from frame.rule import (
    Category,
    Framework,
    Level,
    Relative,
    ResourceRule,
    Rule,
    Setting,
    Settings,
    Severity,
)
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.aws import security_groups
from rules.aws.security_groups import Grant

_PREFIX_LIST: Final = "aws:ec2/managedPrefixList:ManagedPrefixList"
_PREFIX_LIST_ENTRY: Final = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
_FIX: Final = (
    'ingress=[aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=443, to_port=443, '
    "security_groups=[load_balancer_group.id])]"
)


def _check(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    if resource.token in (_PREFIX_LIST, _PREFIX_LIST_ENTRY):
        yield from _check_prefix_list(resource)
        return
    if resource.token == security_groups.LEGACY_RULE and resource.at("type").value == "egress":
        yield NotApplicable("a rule about traffic that leaves")
        return
    for grant in security_groups.grants(resource, "ingress"):
        if isinstance(grant, Node):
            yield Undetermined(path=grant.path, because="the rule's addresses and ports")
        else:
            yield from _check_grant(resource, grant, settings)


def _check_grant(resource: Resource, grant: Grant, settings: Settings) -> Iterator[Outcome]:
    reached = security_groups.reaches_any(grant, settings["ports"])
    if reached is False:
        return
    world, unknown = grant.open_to()
    allowed = _allowed(resource, grant, settings)
    kind = resource.at("type")
    if allowed:
        return
    if world and reached and allowed is False and not kind.unknown:
        yield _violation(world, grant)
    elif world:
        undecided = kind if kind.unknown else _undecided(grant)
        yield Undetermined(path=undecided.path, because=f"the rule is open to {world[0].shown()}")
    for cidr in unknown:
        yield Undetermined(path=cidr.path, because="an address that may be the whole internet")


def _allowed(resource: Resource, grant: Grant, settings: Settings) -> bool | None:
    """Tell whether the rule is the front door: a public port of a load balancer's group."""
    names = (resource.name, resource.at("name").text(), resource.at("tags", "Name").text())
    public = any(
        fnmatchcase(name.lower(), pattern) for name in names for pattern in settings["publicGroups"]
    )
    return grant.only(settings["publicPorts"]) if public else False


def _undecided(grant: Grant) -> Node:
    places = (grant.protocol, grant.node.at("fromPort"), grant.node.at("toPort"))
    return next((place for place in places if place.unknown), grant.protocol)


def _violation(world: Sequence[Node], grant: Grant) -> Violation:
    blocks = " and ".join(cidr.shown() for cidr in world)
    return Violation(path=world[0].path, found=f"{grant.shown_ports()} is open to {blocks}")


def _check_prefix_list(resource: Resource) -> Iterator[Outcome]:
    single = resource.token == _PREFIX_LIST_ENTRY
    entries = [resource.props] if single else list(resource.at("entries").each())
    for entry in entries:
        cidr = entry.at("cidr")
        if cidr.unknown:
            yield Undetermined(path=cidr.path, because="an address that may be the whole internet")
        elif is_world(cidr.value):
            yield Violation(
                path=cidr.path,
                found=f"the prefix list holds {cidr.shown()}, so every rule that names it is open",
                fix='entries=[{"cidr": "10.0.0.0/8", "description": "inside"}]',
            )


NOT_OPEN: Final = ResourceRule(
    id="security-groups-not-open-to-world",
    title="Security groups let nobody in from the whole internet",
    why=(
        "Every IPv4 address is probed within minutes: a port that is open to 0.0.0.0/0 or ::/0 is "
        "open to all 4.3 billion of them, and a model server, a kubelet (10250) or SSH (22) that "
        "answers is one flaw away from being somebody else's GPU. Only a load balancer's "
        "port 443 is meant to be reached by everybody."
    ),
    fix=_FIX,
    severity=Severity.CRITICAL,
    category=Category.NETWORK,
    level=Level.MANDATORY,
    tokens=(
        security_groups.GROUP,
        security_groups.DEFAULT_GROUP,
        security_groups.LEGACY_RULE,
        security_groups.INGRESS_RULE,
        _PREFIX_LIST,
        _PREFIX_LIST_ENTRY,
    ),
    covers=("A01",),
    check=_check,
    settings={
        "publicPorts": Setting(
            type="array",
            default=[443],
            description="Ports that a load balancer's group may open to everybody.",
            more={"items": {"type": "integer", "minimum": 0, "maximum": 65535}},
        ),
        "publicGroups": Setting(
            type="array",
            default=["*load-balancer*", "*loadbalancer*", "*-alb*", "*-nlb*", "*-lb", "*public*"],
            description=(
                "Globs for the names (of the resource, the group or its Name tag) of groups that "
                "belong to public load balancers."
            ),
            more={"items": {"type": "string"}},
        ),
        "ports": Setting(
            type="array",
            default=[],
            description="Look at these ports only; empty means every port and protocol.",
            more={"items": {"type": "integer", "minimum": 0, "maximum": 65535}},
        ),
    },
    frameworks=(
        Framework(
            name="CIS AWS Foundations Benchmark",
            version="3.0.0",
            control="5.2, 5.3 No security group allows ingress from 0.0.0.0/0 or ::/0 to "
            "remote server administration ports",
        ),
        Framework(
            name="PCI DSS",
            version="4.0",
            control="1.3.1 Inbound traffic to the CDE is restricted to what is necessary",
        ),
        Framework(
            name="AWS Well-Architected",
            version="2024-06-27",
            control="SEC05-BP02 Control traffic flow within your network layers",
        ),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_24", settings={"ports": [22]}),
        Relative(tool="Checkov", check="CKV_AWS_25", settings={"ports": [3389]}),
        Relative(tool="Checkov", check="CKV_AWS_260", settings={"ports": [80]}),
        Relative(tool="Checkov", check="CKV_AWS_277", settings={"ports": [1]}),
        Relative(tool="Trivy", check="AWS-0107"),
        Relative(tool="cfn-guard", check="EC2_SECURITY_GROUP_INGRESS_OPEN_TO_WORLD_RULE"),
        Relative(tool="cdk-nag", check="AwsSolutions-EC23"),
        Relative(tool="AWS Config", check="INCOMING_SSH_DISABLED", settings={"ports": [22]}),
    ),
)

RULES: Final[Sequence[Rule]] = (NOT_OPEN,)
