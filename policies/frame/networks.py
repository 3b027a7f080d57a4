"""Address blocks."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

_UNIQUE_LOCAL: Final = IPv6Network("fc00::/7")
# A block shorter than this holds public addresses of a large part of the internet.
_WIDE_IPV4, _WIDE_IPV6 = 8, 16


def is_world(cidr: object) -> bool:
    """Tell whether the block is the internet, or so much of it that it makes no difference."""
    network = parse(cidr)
    if isinstance(network, IPv4Network):
        return network.prefixlen < _WIDE_IPV4
    return network is not None and network.prefixlen < _WIDE_IPV6 and network != _UNIQUE_LOCAL


def parse(cidr: object) -> IPv4Network | IPv6Network | None:
    """Return the block; None when it is none."""
    try:
        return ip_network(cidr.strip(), strict=False) if isinstance(cidr, str) else None
    except ValueError:
        return None
