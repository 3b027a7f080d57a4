"""What the environments have in common, and what keeps them apart."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from itertools import combinations

import pytest

from operations import environments
from stacks.settings import Settings, parse
from tests.support.engine import stack_config
from tests.support.programs import RecordedStack

STACKS = environments.names()


def settings_of(name: str) -> Settings:
    raw = {
        key.removeprefix("ballast:"): value
        for key, value in stack_config(name).items()
        if key.startswith("ballast:")
    }
    found = parse(raw)
    assert isinstance(found, Settings), found
    return found


def shape(resources: RecordedStack, name: str) -> list[str]:
    """Return what the stack is made of, without what follows from its own addresses."""
    normal = (re.sub(r"\d+\.\d+\.\d+\.\d+-\d+", "NETWORK", one.urn) for one in resources(name))
    return sorted(urn.split("::", 2)[2] for urn in normal)


def test_staging_is_made_of_what_prod_is_made_of(recorded_stack: RecordedStack) -> None:
    """What works in staging works in prod: nothing is there that was not tried."""
    assert shape(recorded_stack, "staging") == shape(recorded_stack, "prod")


def test_staging_is_another_stack_and_not_prod_under_two_names(
    recorded_stack: RecordedStack,
) -> None:
    """The comparison would hold as well if both read one file."""
    staging, prod = settings_of("staging"), settings_of("prod")
    assert staging.account != prod.account
    assert staging.network.cidr != prod.network.cidr


def test_no_two_environments_share_an_address() -> None:
    """They could never be joined, and a route to one could lead into the other."""
    networks = {name: settings_of(name).network.cidr for name in STACKS}
    shared = [
        (one, other)
        for (one, first), (other, second) in combinations(networks.items(), 2)
        if first.overlaps(second)
    ]
    assert shared == []


def test_dev_and_local_can_never_be_joined_with_another_network() -> None:
    alone = {name for name in STACKS if settings_of(name).network.isolated}
    assert alone == {"dev", "local"}


@pytest.mark.parametrize("name", ["dev", "local"])
def test_isolated_environments_have_no_route_to_elsewhere(
    name: str, recorded_stack: RecordedStack
) -> None:
    resources = recorded_stack(name)
    assert not [one for one in resources if "eering" in one.type]
    assert not [one for one in resources if "vpcPeeringConnectionId" in one.inputs]


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_peerings_lead_to_the_shared_network_and_nowhere_else(
    name: str, recorded_stack: RecordedStack
) -> None:
    network, shared = settings_of(name).network, settings_of("shared").network
    others = [settings_of(other).network.cidr for other in STACKS if other not in (name, "shared")]
    routes = [
        IPv4Network(one.inputs["destinationCidrBlock"])
        for one in recorded_stack(name)
        if one.type == "aws:ec2/route:Route" and "vpcPeeringConnectionId" in one.inputs
    ]
    assert routes
    assert all(place.subnet_of(shared.cidr) or place.subnet_of(network.cidr) for place in routes)
    assert not [place for place in routes for other in others if place.overlaps(other)]


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_what_is_made_for_the_peer_is_made_in_its_account(
    name: str, recorded_stack: RecordedStack
) -> None:
    """Where it is made follows from the provider: ours may touch one account only."""
    elsewhere = {
        one.name for one in recorded_stack(name) if "peering-shared-account" in one.provider
    }
    side = {
        one.name
        for one in recorded_stack(name)
        if one.custom and one.name.startswith("peering-shared-accepter-")
    }
    assert side
    assert elsewhere == {*side, "peering-shared-acceptance"}


def test_production_has_a_way_out_in_every_zone(recorded_stack: RecordedStack) -> None:
    zones = settings_of("prod").network.zones
    gateways = [one for one in recorded_stack("prod") if one.type.endswith(":NatGateway")]
    assert len(zones) == 3
    assert len(gateways) == len(zones)
