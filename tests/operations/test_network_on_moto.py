"""Production's networks on moto: made, left alone, widened by a zone, joined, and gone again.

`shared` as it is, and a network like prod's without its cluster, joined with it through a
real reference from stack to stack.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import cloud
from tests.support.checkout import Checkout

pytestmark = pytest.mark.embedded

ACCOUNT = "123456789012"
ZONES = ["us-east-1a", "us-east-1b"]
THEIRS, OURS = "10.64.0.0/17", "10.48.0.0/17"


def rewrite(checkout: Checkout, stack: str, **network: Any) -> None:
    """Let a stack live on moto, without a cluster, and change settings of its network."""
    file = checkout.root / "stacks" / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(file.read_text())
    config = content["config"]
    for key in ("cluster", "capacity", "serving"):
        config.pop(f"ballast:{key}", None)
    config |= {"ballast:target": "embedded", "ballast:account": ACCOUNT}
    config["ballast:network"] |= network
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def prod_network() -> dict[str, Any]:
    """What prod's network is without a cluster, in the one account there is."""
    return {
        "dedicated_serving": False,
        "pod_cidr": "100.64.0.0/16",
        "endpoints": ["ecr.api"],
        "peerings": {
            "shared": {
                "stack": "organization/ballast/shared",
                "zones": ZONES,
                "networks": [THEIRS],
                "own_networks": [OURS],
                "reaches": [{"group": "services", "ports": [443], "why": "Images"}],
                "lets_in": [{"group": "services", "ports": [9090], "why": "Metrics"}],
            }
        },
    }


def changes(output: str) -> Counter[str]:
    """Return what an update did, by the sign the engine gives it."""
    done = output[output.rindex("Resources:") :]
    found = re.findall(r"^\s+(\+-|\+|~|-) (\d+) ", done, re.MULTILINE)
    return Counter({sign: int(count) for sign, count in found})


def up(checkout: Checkout, stack: str) -> Counter[str]:
    done = checkout.run("up", stack)
    assert done.returncode == 0, done.stdout
    return changes(done.stdout)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout with the shared network standing in two zones."""
    root: Path = tmp_path_factory.mktemp("network") / "ballast"
    made = Checkout.make(root)
    rewrite(made, "shared", zones=ZONES)
    try:
        assert up(made, "shared")["+"] > 40
        yield made
    finally:
        made.run("local", "reset", "--yes")


@pytest.fixture(scope="module")
def joined(shared: Checkout) -> Checkout:
    """The same checkout after prod's network was joined with it."""
    rewrite(shared, "prod", **prod_network())
    up(shared, "prod")
    return shared


def test_a_second_up_changes_nothing(shared: Checkout) -> None:
    assert up(shared, "shared") == Counter()


def test_a_further_zone_adds_and_moves_nothing(shared: Checkout) -> None:
    before = set(shared.urns("shared"))
    rewrite(shared, "shared", zones=[*ZONES, "us-east-1c"])
    done = up(shared, "shared")
    assert done["+"] > 10
    assert done["-"] == done["+-"] == 0
    assert before <= set(shared.urns("shared"))


def test_both_sides_have_routes_to_the_named_networks_only(joined: Checkout) -> None:
    ec2 = cloud.service(joined.layout, "ec2")
    (peering,) = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    assert peering["Status"]["Code"] == "active"
    routes = Counter(
        (table["VpcId"], route["DestinationCidrBlock"])
        for table in ec2.describe_route_tables()["RouteTables"]
        for route in table["Routes"]
        if "VpcPeeringConnectionId" in route
    )
    # Two zones of each side: the tiers that the traffic concerns, and no other.
    assert routes == {
        (peering["RequesterVpcInfo"]["VpcId"], THEIRS): 3,
        (peering["AccepterVpcInfo"]["VpcId"], OURS): 2,
    }


def test_peers_are_let_in_by_port(joined: Checkout) -> None:
    ec2 = cloud.service(joined.layout, "ec2")
    rules = {
        (rule["CidrIpv4"], rule["FromPort"], rule["ToPort"])
        for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]
        if not rule["IsEgress"] and rule.get("CidrIpv4") in (THEIRS, OURS)
    }
    assert rules == {(THEIRS, 9090, 9090), (OURS, 443, 443)}


def test_names_of_each_side_resolve_on_the_other(joined: Checkout) -> None:
    ec2 = cloud.service(joined.layout, "ec2")
    (peering,) = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    sides = [peering["RequesterVpcInfo"], peering["AccepterVpcInfo"]]
    assert [side["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] for side in sides] == [
        True,
        True,
    ]


def test_a_joined_network_is_left_alone_by_the_next_up(joined: Checkout) -> None:
    assert up(joined, "prod") == Counter()


def test_a_rule_added_by_hand_is_found_and_undone(joined: Checkout) -> None:
    ec2 = cloud.service(joined.layout, "ec2")
    (acl,) = [
        one
        for one in ec2.describe_network_acls()["NetworkAcls"]
        if any(tag["Value"] == "prod" for tag in one["Tags"])
    ]
    by_hand = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 99, "Egress": False}
    ec2.create_network_acl_entry(
        **by_hand, Protocol="-1", RuleAction="allow", CidrBlock="0.0.0.0/0"
    )
    refreshed = joined.run("refresh", "prod")
    assert refreshed.returncode == 0, refreshed.stdout
    assert changes(refreshed.stdout) == {"~": 1}
    assert up(joined, "prod") == {"~": 1}
    (again,) = ec2.describe_network_acls(NetworkAclIds=[acl["NetworkAclId"]])["NetworkAcls"]
    assert 99 not in {entry["RuleNumber"] for entry in again["Entries"]}


def test_everything_can_be_taken_down_again(joined: Checkout) -> None:
    for stack in ("prod", "shared"):
        done = joined.run("destroy", stack)
        assert done.returncode == 0, done.stdout
    left = {what: count for what, count in cloud.inventory(joined.layout).items() if count}
    assert left == {}
