"""What joins the networks of environments that have to stay apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.networks import parse
from frame.resource import Index, Resource
from frame.rule import Category, Rule, Setting, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Violation
from rules import frameworks
from rules.aws.network import ROUTE, VPC
from rules.inference.facts import environment

_PEERING: Final = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"


_ATTACHMENT: Final = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"


_TRANSIT: Final = "aws:ec2transitgateway/transitGateway:TransitGateway"


def _check_joined(index: Index, settings: Settings) -> Iterator[Outcome]:
    links = list(_links(index))
    for link, ends in links:
        sides = {_side(index, vpc): vpc for vpc in ends}
        sides.update(_declared(link))
        if {"dev", "prod"} <= set(sides):
            found = f"{link.kind} {link.name} joins development with production"
            yield Violation(path="", found=found, urn=link.urn)
    yield from _through_hubs(index, links)
    yield from _by_address(index, settings)
    if not links and not settings["productionCidrs"]:
        yield NotApplicable("nothing joins networks")


def _links(index: Index) -> Iterator[tuple[Resource, list[Resource]]]:
    for peering in index.of_token(_PEERING):
        ends = [*index.behind(peering, "vpcId", VPC), *index.behind(peering, "peerVpcId", VPC)]
        yield peering, ends


def _side(index: Index, vpc: Resource) -> str:
    return environment(index, vpc)


def _declared(link: Resource) -> dict[str, Resource]:
    """Return the environment at the far end, where the connection's tags name it."""
    for tag in ("PeerEnvironment", "peer-environment", "Peer"):
        name = link.at("tags", tag).text().lower()
        if name in ("prod", "production", "live"):
            return {"prod": link}
        if name in ("dev", "development", "test"):
            return {"dev": link}
    return {}


def _through_hubs(
    index: Index, links: Sequence[tuple[Resource, list[Resource]]]
) -> Iterator[Outcome]:
    """Follow transit gateways and peerings from network to network."""
    neighbours: dict[str, set[str]] = {}
    for _, ends in links:
        _connect(neighbours, [vpc.urn for vpc in ends])
    for hub in index.of_token(_TRANSIT):
        attached = [
            vpc.urn
            for item in index.of_token(_ATTACHMENT)
            if hub in index.behind(item, "transitGatewayId", _TRANSIT)
            for vpc in index.behind(item, "vpcId", VPC)
        ]
        _connect(neighbours, attached)
    direct = {frozenset(vpc.urn for vpc in ends) for _, ends in links}
    networks = index.of_token(VPC)
    for vpc in networks:
        if _side(index, vpc) != "dev":
            continue
        reached = _reach(neighbours, vpc.urn)
        for other in networks:
            pair = frozenset((vpc.urn, other.urn))
            if other.urn in reached and _side(index, other) == "prod" and pair not in direct:
                found = f"{vpc.name} reaches {other.name} through other networks"
                yield Violation(path="", found=found, urn=vpc.urn)


def _connect(neighbours: dict[str, set[str]], urns: Sequence[str]) -> None:
    for urn in urns:
        neighbours.setdefault(urn, set()).update(other for other in urns if other != urn)


def _reach(neighbours: dict[str, set[str]], start: str) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for urn in neighbours.get(waiting.pop(), ()):
            if urn not in seen:
                seen.add(urn)
                waiting.append(urn)
    return seen - {start}


def _by_address(index: Index, settings: Settings) -> Iterator[Outcome]:
    """A route of a development stack to an address of production, whoever made the peering."""
    forbidden = [network for cidr in settings["productionCidrs"] if (network := parse(cidr))]
    for route in index.of_token(ROUTE):
        if environment(index, route) != "dev":
            continue
        node = route.at("destinationCidrBlock")
        target = parse(node.value)
        if target is None or target.prefixlen == 0:
            continue
        for network in forbidden:
            if network.version == target.version and network.overlaps(target):
                found = f"{node.shown()} leads to production ({network})"
                yield Violation(path=node.path, found=found, urn=route.urn)


JOINED: Final = StackRule(
    id="development-does-not-reach-production",
    title="No network of development is joined with one of production",
    why=(
        "Development runs code that nobody has reviewed, with keys on laptops. A peering, a shared "
        "transit gateway, or a third network that peers with both makes production's databases and "
        "models one hop away from it."
    ),
    fix="# peer both with a shared network only, and keep its route tables apart",
    severity=Severity.CRITICAL,
    category=Category.NETWORK,
    tokens=(_PEERING, _ATTACHMENT, ROUTE),
    covers=("L7",),
    check=_check_joined,
    settings={
        "productionCidrs": Setting(
            type="array",
            default=[],
            description="Address blocks of production, which no development route may lead to.",
            more={"items": {"type": "string"}},
        )
    },
    frameworks=(frameworks.pci("6.5.3 Pre-production environments are separated from production"),),
)


RULES: Final[Sequence[Rule]] = (JOINED,)
