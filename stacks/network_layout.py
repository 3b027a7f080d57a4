"""Where the subnets of a network lie: chosen places, and planned ones."""

from __future__ import annotations

from ipaddress import IPv4Network

from components.network import subnets
from components.network.subnets import Tier
from stacks.network_sections import NetworkSettings


def tiers(network: NetworkSettings) -> tuple[Tier, ...]:
    """Return the tiers that the network has."""
    if network.dedicated_serving:
        return ("public", "private", "serving", "isolated")
    return ("public", "private", "isolated")


def layout(network: NetworkSettings) -> dict[str, IPv4Network]:
    """Return every subnet by the path of its setting: the chosen place, or the planned one."""
    return {
        f"subnets.{tier}.{zone}": place
        for tier in tiers(network)
        for zone, place in tier_layout(network, tier).items()
    }


def tier_layout(network: NetworkSettings, tier: Tier) -> dict[str, IPv4Network]:
    """Return where the subnets of one tier lie, by zone."""
    chosen = network.subnets.get(tier, {})
    return {
        zone: chosen.get(zone) or subnets.place(network.cidr, zone, tier) for zone in network.zones
    }


def pod_layout(network: NetworkSettings) -> dict[str, IPv4Network]:
    """Return where the pods' own subnets lie, by zone; empty without a network of their own."""
    if network.pod_cidr is None:
        return {}
    return {zone: subnets.place_pods(network.pod_cidr, zone) for zone in network.zones}
