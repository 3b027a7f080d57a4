"""Where each subnet lies in the VPC: pure arithmetic, nothing of Pulumi.

Every zone letter owns an eighth of the VPC, every tier a fixed part of its
zone's block. So a zone or a tier that is added later takes room that was kept
for it, and nothing that exists moves:

    zone block  |<------------------ 1/8 of the VPC ------------------->|
    tiers       | private (1/2) | serving (1/4) | isolated (1/8) | pub | spare |

A /16 gives private subnets of 4,091 usable addresses and public ones of 507.
Pods may have a block of their own beside the VPC's, every zone letter an eighth of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Final, Literal

Tier = Literal["public", "private", "serving", "isolated"]
# The tiers whose subnets hold nodes.
NODE_TIERS: Final[tuple[Tier, ...]] = ("private", "serving")

# Tier -> (prefix bits below the zone's block, position among blocks of that size).
_PLACES: Final[Mapping[Tier, tuple[int, int]]] = MappingProxyType(
    {
        "private": (1, 0),
        "serving": (2, 2),
        "isolated": (3, 6),
        "public": (4, 14),
        # (4, 15) is spare: the tier that nobody has thought of yet.
    }
)
_ZONE_LETTERS: Final = "abcdefgh"
_ZONE_BITS: Final = 3

# AWS: no subnet is smaller than /28. EKS wants 16 free addresses where its
# interfaces lie, load balancers 8, and AWS keeps 5 of each subnet for itself.
SMALLEST_SUBNET: Final = 27
LARGEST_VPC: Final = 16
# A pod subnet below /22 holds less than eight nodes with all their pods.
SMALLEST_POD_BLOCK: Final = 22 - _ZONE_BITS
# Addresses that nobody on the internet or in a company's network has: pods may take them.
POD_SPACE: Final = IPv4Network("100.64.0.0/10")
SMALLEST_VPC: Final = SMALLEST_SUBNET - _ZONE_BITS - max(bits for bits, _ in _PLACES.values())


def plan(vpc: IPv4Network, zones: Iterable[str], tier: Tier) -> dict[str, IPv4Network]:
    """Return the subnet of `tier` in each zone, such as us-east-1a -> 10.0.0.0/20."""
    return {zone: place(vpc, zone, tier) for zone in zones}


def place(vpc: IPv4Network, zone: str, tier: Tier) -> IPv4Network:
    """Return the one place in the VPC that belongs to `tier` in `zone`."""
    if not LARGEST_VPC <= vpc.prefixlen <= SMALLEST_VPC:
        message = f"{vpc}: a VPC lies between /{LARGEST_VPC} and /{SMALLEST_VPC} here"
        raise ValueError(message)
    return _part(_block(vpc, zone), *_PLACES[tier])


def place_pods(block: IPv4Network, zone: str) -> IPv4Network:
    """Return the one place in the pods' own block that belongs to `zone`."""
    if not LARGEST_VPC <= block.prefixlen <= SMALLEST_POD_BLOCK or not block.subnet_of(POD_SPACE):
        message = (
            f"{block}: pods' own block lies in {POD_SPACE}, between /{LARGEST_VPC} and "
            f"/{SMALLEST_POD_BLOCK}"
        )
        raise ValueError(message)
    return _block(block, zone)


def _block(network: IPv4Network, zone: str) -> IPv4Network:
    letter = zone[-1]
    if letter not in _ZONE_LETTERS:
        message = f"{zone}: the last letter of a zone is one of {', '.join(_ZONE_LETTERS)}"
        raise ValueError(message)
    return _part(network, _ZONE_BITS, _ZONE_LETTERS.index(letter))


def _part(network: IPv4Network, bits: int, position: int) -> IPv4Network:
    prefix = network.prefixlen + bits
    size = 1 << (network.max_prefixlen - prefix)
    return IPv4Network((int(network.network_address) + position * size, prefix))
