"""What security groups let through, in whichever way the program writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Final, Literal

from frame import tri
from frame.facts import Node
from frame.networks import is_world, parse
from frame.resource import Resource

Direction = Literal["ingress", "egress"]

GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
# Older programs write one resource for both directions.
LEGACY_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE: Final = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"

_LIST_SOURCES: Final = ("cidrBlocks", "ipv6CidrBlocks")
_SINGLE_SOURCES: Final = ("cidrIpv4", "cidrIpv6")
_ALL_PROTOCOLS: Final = frozenset({"-1", "all"})
_WITH_PORTS: Final = frozenset({"tcp", "udp", "6", "17"})


@dataclass(frozen=True, slots=True)
class Grant:
    """Traffic that one rule of a group lets through."""

    node: Node
    # The fields that hold the other side's addresses.
    sources: Sequence[Node]
    protocol: Node

    @property
    def path(self) -> str:
        """Return where the rule stands in the group; empty when it is a resource itself."""
        return self.node.path

    def open_to(self) -> tuple[list[Node], list[Node]]:
        """Return the addresses that mean the whole internet, and those not known yet."""
        cidrs = [cidr for source in self.sources for cidr in _items(source)]
        unknown = [cidr for cidr in cidrs if cidr.unknown]
        wide = [cidr for cidr in cidrs if is_world(cidr.value)]
        return wide or _together(cidrs), unknown

    def reaches(self, port: int) -> bool | None:
        """Tell whether the rule lets the port through; None when that is not known yet."""
        if self.protocol.unknown:
            return None
        protocol = self.protocol.text("-1").lower()
        if protocol in _ALL_PROTOCOLS:
            return True
        if protocol not in _WITH_PORTS:
            return False
        first, last = self.node.at("fromPort"), self.node.at("toPort")
        if first.unknown or last.unknown:
            return None
        low, high = first.number(), last.number()
        # 0-0 and -1 are how people write "all ports".
        if low is None or high is None or low < 0 or low == high == 0:
            return True
        return low <= port <= high

    def only(self, ports: Sequence[int]) -> bool | None:
        """Tell whether nothing but the ports gets through."""
        if self.protocol.unknown:
            return None
        if self.protocol.text("-1").lower() not in _WITH_PORTS:
            return False
        first, last = self.node.at("fromPort"), self.node.at("toPort")
        if first.unknown or last.unknown:
            return None
        low, high = first.number(), last.number()
        return low is not None and low == high and low in ports

    def shown_ports(self) -> str:
        """Return the protocol and the ports for a message."""
        protocol = self.protocol.shown()
        if protocol.lower() in _ALL_PROTOCOLS or self.protocol.missing:
            return "every protocol and port"
        first, last = self.node.at("fromPort").shown(), self.node.at("toPort").shown()
        ports = f"port {first}" if first == last else f"ports {first}-{last}"
        return f"{protocol} {ports}"


def grants(resource: Resource, direction: Direction) -> Iterator[Grant | Node]:
    """Go through what the resource lets through; a Node where that is not known yet."""
    if resource.token in (GROUP, DEFAULT_GROUP):
        for node in resource.at(direction).blocks():
            sources = [node.at(key) for key in _LIST_SOURCES]
            yield node if node.unknown else Grant(node, sources, node.at("protocol"))
    elif resource.token == LEGACY_RULE:
        kind = resource.at("type")
        if kind.unknown or kind.value == direction:
            sources = [resource.at(key) for key in _LIST_SOURCES]
            yield Grant(resource.props, sources, resource.at("protocol"))
    elif resource.token == (INGRESS_RULE if direction == "ingress" else EGRESS_RULE):
        sources = [resource.at(key) for key in _SINGLE_SOURCES]
        yield Grant(resource.props, sources, resource.at("ipProtocol"))


def reaches_all(grant: Grant) -> bool | None:
    """Tell whether the rule lets all ports through: two far apart stand for the others."""
    return tri.all_of(grant.reaches(port) for port in (1, 65535))


def reaches_any(grant: Grant, ports: Sequence[int]) -> bool | None:
    """Tell whether the rule lets one of the ports through; no ports means any."""
    return tri.any_of(grant.reaches(port) for port in ports) if ports else True


def _items(source: Node) -> Iterator[Node]:
    if isinstance(source.value, str):
        yield source
    else:
        yield from source.each()


def _together(cidrs: Sequence[Node]) -> list[Node]:
    """Return the blocks when only together they are the internet."""
    networks = [network for cidr in cidrs if (network := parse(cidr.value))]
    ipv4 = collapse_addresses([item for item in networks if isinstance(item, IPv4Network)])
    ipv6 = collapse_addresses([item for item in networks if isinstance(item, IPv6Network)])
    return list(cidrs) if any(is_world(str(item)) for item in (*ipv4, *ipv6)) else []
