"""Networks: subnets, logs, default groups, routes to elsewhere, what leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.networks import is_world, parse
from frame.resource import Index, Resource
from frame.rule import (
    Category,
    Relative,
    ResourceRule,
    Rule,
    Setting,
    Settings,
    Severity,
    StackRule,
)
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws import security_groups
from rules.aws.checks import forbid_true
from rules.aws.security_groups import Grant

VPC: Final = "aws:ec2/vpc:Vpc"


SUBNET: Final = "aws:ec2/subnet:Subnet"


ROUTE: Final = "aws:ec2/route:Route"


ROUTE_TABLE: Final = "aws:ec2/routeTable:RouteTable"


_FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"


_DEFAULT_VPC: Final = ("aws:ec2/defaultVpc:DefaultVpc", "aws:ec2/defaultSubnet:DefaultSubnet")


_ELSEWHERE: Final = ("vpcPeeringConnectionId", "transitGatewayId", "coreNetworkArn")


_DESTINATIONS: Final = ("destinationCidrBlock", "cidrBlock", "destinationIpv6CidrBlock")


def _egress(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    for grant in security_groups.grants(resource, "egress"):
        if isinstance(grant, Node):
            yield Undetermined(path=grant.path, because="where traffic may go")
            continue
        yield from _leaving(grant, everything_only=settings["everythingOnly"])


def _leaving(grant: Grant, *, everything_only: bool) -> Iterator[Outcome]:
    world, unknown = grant.open_to()
    everything = security_groups.reaches_all(grant) if everything_only else True
    if everything is False:
        return
    if world and everything:
        found = f"{grant.shown_ports()} may leave to {world[0].shown()}"
        yield Violation(path=world[0].path, found=found)
    elif world:
        yield Undetermined(path=grant.protocol.path)
    for node in unknown:
        yield Undetermined(path=node.path)


def _public_addresses(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    yield from forbid_true(
        resource.at("mapPublicIpOnLaunch"), "every instance gets a public address"
    )


def _check_logged(index: Index, _settings: Settings) -> Iterator[Outcome]:
    logs = index.of_token(_FLOW_LOG)
    for vpc in index.of_token(VPC):
        if any(_logs(index, log, vpc) for log in logs):
            continue
        loose = [log for log in logs if _unjoined(index, log)]
        if loose:
            yield Undetermined(path="vpcId", because="which network is logged", urn=loose[0].urn)
        else:
            yield Violation(path="", found="no flow log names this network", urn=vpc.urn)


def _logs(index: Index, log: Resource, vpc: Resource) -> bool:
    named = log.at("vpcId")
    return vpc in index.behind(log, "vpcId", VPC) or (named.known and named.value == vpc.name)


def _unjoined(index: Index, log: Resource) -> bool:
    return log.at("vpcId").unknown and not index.behind(log, "vpcId", VPC)


def _no_default_vpc(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    yield Violation(path="", found=f"{resource.kind} takes over what every account has")


def _peering(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    applies = False
    routes = [resource.props] if resource.token == ROUTE else list(resource.at("routes").each())
    for route in routes:
        if all(route.at(key).missing for key in _ELSEWHERE):
            continue
        applies = True
        yield from _destination(route, settings)
    if not applies:
        yield NotApplicable("leads to no other network")


def _destination(route: Node, settings: Settings) -> Iterator[Outcome]:
    for key in _DESTINATIONS:
        node = route.at(key)
        network = parse(node.value)
        if node.unknown:
            yield Undetermined(path=node.path)
        elif network is not None and (
            is_world(node.value)
            or (network.version == 4 and network.prefixlen < settings["prefix"])
        ):
            found = f"{node.shown()} leads {network.num_addresses:,} addresses to another network"
            yield Violation(path=node.path, found=found)


EGRESS: Final = ResourceRule(
    id="security-groups-limit-what-leaves",
    title="Security groups do not let everything out to everybody",
    why=(
        "Whoever gets into a pod needs a way out: to fetch tools, to call home, to carry the "
        "weights away. HTTPS to known places is what serving needs; every protocol and all 65,536 "
        "ports is what an attacker needs."
    ),
    fix='egress=[{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [vpc_cidr]}]',
    severity=Severity.LOW,
    category=Category.NETWORK,
    tokens=(
        security_groups.GROUP,
        security_groups.DEFAULT_GROUP,
        security_groups.LEGACY_RULE,
        security_groups.EGRESS_RULE,
    ),
    covers=("A02",),
    check=_egress,
    settings={
        "everythingOnly": Setting(
            type="boolean",
            default=True,
            description="Whether only rules for all ports count, and not one port to everybody.",
        )
    },
    frameworks=(
        frameworks.pci("1.3.2 Outbound traffic from the CDE is restricted to what is necessary"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_382"),
        Relative(tool="Trivy", check="AWS-0104", settings={"everythingOnly": False}),
        Relative(
            tool="cfn-guard",
            check="EC2_SECURITY_GROUP_EGRESS_OPEN_TO_WORLD_RULE",
            settings={"everythingOnly": False},
        ),
    ),
)


PUBLIC_ADDRESSES: Final = ResourceRule(
    id="subnets-give-no-public-addresses",
    title="Subnets do not give every instance a public address",
    why=(
        "With a public address only the security group is left between a node and the internet, "
        "and each address costs 3.65 USD a month. Load balancers and NAT gateways bring their own."
    ),
    fix="map_public_ip_on_launch=False",
    severity=Severity.MEDIUM,
    category=Category.NETWORK,
    tokens=(SUBNET,),
    covers=("A09",),
    check=_public_addresses,
    frameworks=(frameworks.well_architected("SEC05-BP01 Create network layers"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_130"),
        Relative(tool="Trivy", check="AWS-0164"),
        Relative(tool="AWS Config", check="SUBNET_AUTO_ASSIGN_PUBLIC_IP_DISABLED"),
    ),
)


FLOW_LOGS: Final = StackRule(
    id="networks-have-flow-logs",
    title="Every network keeps flow logs",
    why=(
        "Without flow logs nobody can say afterwards whom a broken-into pod talked to, or why a "
        "NAT gateway moved 10 TB (450 USD) last month."
    ),
    fix='aws.ec2.FlowLog("flow", vpc_id=vpc.id, traffic_type="ALL", log_destination=group.arn)',
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=(VPC,),
    covers=("A10",),
    check=_check_logged,
    frameworks=(
        frameworks.cis_aws("3.7 VPC flow logging is enabled in all VPCs"),
        frameworks.pci("10.2.1 Audit logs are enabled and active"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV2_AWS_11"),
        Relative(tool="Trivy", check="AWS-0178"),
        Relative(tool="cdk-nag", check="AwsSolutions-VPC7"),
        Relative(tool="AWS Config", check="VPC_FLOW_LOGS_ENABLED"),
    ),
)


NO_DEFAULT_VPC: Final = ResourceRule(
    id="default-vpc-is-not-used",
    title="Nothing is built in the account's default network",
    why=(
        "The default VPC has public subnets only, gives every instance a public address, and its "
        "172.31.0.0/16 is that of every other account, so it can never be peered."
    ),
    fix='aws.ec2.Vpc("network", cidr_block="10.20.0.0/16")',
    severity=Severity.HIGH,
    category=Category.NETWORK,
    tokens=_DEFAULT_VPC,
    covers=("A10",),
    check=_no_default_vpc,
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_148"),
        Relative(tool="Trivy", check="AWS-0101"),
    ),
)


PEERING: Final = ResourceRule(
    id="peering-routes-are-narrow",
    title="Routes to other networks name what they lead to",
    why=(
        "A route for 0.0.0.0/0 or 10.0.0.0/8 over a peering sends everything there that is not "
        "local, and a later network with such an address is joined without anybody having decided "
        "it."
    ),
    fix='destination_cidr_block="10.40.16.0/20"',
    severity=Severity.HIGH,
    category=Category.NETWORK,
    tokens=(ROUTE, ROUTE_TABLE),
    covers=("A11",),
    check=_peering,
    settings={
        "prefix": Setting(
            type="integer",
            default=16,
            description="The shortest IPv4 prefix that a route to another network may have.",
            more={"minimum": 1, "maximum": 32},
        )
    },
    relatives=(Relative(tool="Checkov", check="CKV2_AWS_44"),),
)


RULES: Final[Sequence[Rule]] = (
    EGRESS,
    PUBLIC_ADDRESSES,
    FLOW_LOGS,
    NO_DEFAULT_VPC,
    PEERING,
)
