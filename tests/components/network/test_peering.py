from collections import Counter
from typing import Any

import pulumi_aws as aws
import pytest

from components.network.peering import (
    AcceptedPeering,
    AcceptedPeeringArgs,
    Peering,
    PeeringArgs,
    Side,
)
from components.network.peering_side import PeerTraffic
from tests.support.engine import Registered, deploy

OTHER = "444455556666"


def traffic(direction: Any, group: str, port: int) -> PeerTraffic:
    return PeerTraffic(
        direction=direction, group=group, group_id=f"sg-{group}", port=port, why="A reason"
    )


OWN = Side(
    route_table_ids={"private-us-east-1a": "rtb-a", "isolated-us-east-1a": "rtb-i"},
    networks=["10.64.0.0/17"],
    traffic=[traffic("out", "nodes", 443), traffic("in", "cluster", 443)],
)
THEIRS = Side(
    route_table_ids={"private-us-east-1a": "rtb-p"},
    networks=["10.48.0.0/17"],
    traffic=[traffic("in", "services", 443)],
)


def build(*, account: str | None = None, **options: Any) -> list[Registered]:
    def program() -> None:
        accepter = aws.Provider("other-account", region="us-east-1") if account else None
        arguments = {"theirs": THEIRS, **options}
        args = PeeringArgs(
            vpc_id="vpc-ours",
            peer_vpc_id="vpc-theirs",
            peer="shared",
            peer_account=account,
            accepter=accepter,
            own=OWN,
            tags={"Owner": "tests"},
            **arguments,
        )
        Peering("peering-shared", args)

    _, resources = deploy(program)
    return resources


def of(resources: list[Registered], kind: str) -> list[Registered]:
    return [one for one in resources if one.type.endswith(f":{kind}")]


def test_both_sides_get_routes_to_the_other_s_networks() -> None:
    routes = {
        (one.inputs["routeTableId"], one.inputs["destinationCidrBlock"])
        for one in of(build(), "Route")
    }
    assert routes == {
        ("rtb-a", "10.64.0.0/17"),
        ("rtb-i", "10.64.0.0/17"),
        ("rtb-p", "10.48.0.0/17"),
    }


def test_rules_name_the_other_side_s_network_and_one_port() -> None:
    resources = build()
    rules = [*of(resources, "SecurityGroupIngressRule"), *of(resources, "SecurityGroupEgressRule")]
    assert len(rules) == 3
    assert all(one.inputs["fromPort"] == one.inputs["toPort"] == 443 for one in rules)
    assert {one.inputs["cidrIpv4"] for one in rules} == {"10.64.0.0/17", "10.48.0.0/17"}


def test_each_side_lets_the_other_resolve_its_names() -> None:
    sides = [one.inputs for one in of(build(), "PeeringConnectionOptions")]
    found = {key: one[key] for one in sides for key in ("requester", "accepter") if key in one}
    assert found == {
        "requester": {"allowRemoteVpcDnsResolution": True},
        "accepter": {"allowRemoteVpcDnsResolution": True},
    }


def test_within_one_account_the_connection_accepts_itself() -> None:
    resources = build()
    (connection,) = of(resources, "VpcPeeringConnection")
    assert connection.inputs["autoAccept"] is True
    assert not of(resources, "VpcPeeringConnectionAccepter")


def test_another_account_accepts_through_its_own_provider() -> None:
    resources = build(account=OTHER)
    (connection,) = of(resources, "VpcPeeringConnection")
    (acceptance,) = of(resources, "VpcPeeringConnectionAccepter")
    assert connection.inputs["autoAccept"] is False
    assert connection.inputs["peerOwnerId"] == OTHER
    assert "other-account" in acceptance.provider
    assert "other-account" not in connection.provider


def test_their_side_is_made_in_their_account_and_ours_in_ours() -> None:
    places = Counter(
        (one.name.startswith("peering-shared-accepter-"), "other-account" in one.provider)
        for one in build(account=OTHER)
        if one.custom and one.name.startswith(("peering-shared-accepter-", "peering-shared-req"))
    )
    assert set(places) == {(True, True), (False, False)}


def test_a_pending_peering_leaves_the_other_side_to_the_other_side() -> None:
    resources = build(acceptance="pending", theirs=None)
    (connection,) = of(resources, "VpcPeeringConnection")
    assert connection.inputs["autoAccept"] is False
    # AWS sets no option of a connection that nobody has accepted.
    assert not of(resources, "PeeringConnectionOptions")
    assert {one.inputs["routeTableId"] for one in of(resources, "Route")} == {"rtb-a", "rtb-i"}


@pytest.mark.parametrize("kind", ["VpcPeeringConnection", "SecurityGroupIngressRule"])
def test_policies_and_people_see_who_is_on_the_other_side(kind: str) -> None:
    assert {one.inputs["tags"]["PeerEnvironment"] for one in of(build(), kind)} == {"shared"}


def test_what_another_side_asked_for_is_accepted_with_this_side_s_routes() -> None:
    args = AcceptedPeeringArgs(
        connection_id="pcx-0123456789abcdef0", peer="prod", own=THEIRS, tags={"Owner": "tests"}
    )
    _, resources = deploy(lambda: AcceptedPeering("accepted-prod", args))
    (acceptance,) = of(resources, "VpcPeeringConnectionAccepter")
    assert acceptance.inputs["vpcPeeringConnectionId"] == "pcx-0123456789abcdef0"
    (options,) = of(resources, "PeeringConnectionOptions")
    assert "requester" not in options.inputs
    assert {one.inputs["routeTableId"] for one in of(resources, "Route")} == {"rtb-p"}
