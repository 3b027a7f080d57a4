"""Wrong settings of the network, its peerings and its room for pods, each explained."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from stacks.problems import report
from stacks.settings import Settings, parse
from tests.support.edits import DELETE
from tests.support.engine import as_config, stack_config

PEER = "network.peerings.shared"


def stack(name: str) -> dict[str, Any]:
    return {
        key.removeprefix("ballast:"): json.loads(value) if value[0] in "[{" else value
        for key, value in stack_config(name).items()
        if key.startswith("ballast:")
    }


def changed(name: str, changes: dict[str, Any]) -> Settings | list[Any]:
    settings: Any = copy.deepcopy(stack(name))
    for path, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        target = settings
        for part in parents:
            target = target.setdefault(part, {}) if isinstance(target, dict) else target[part]
        if value is DELETE:
            del target[last]
        else:
            target[last] = value
    return parse(as_config(settings))


def problems_of(name: str, changes: dict[str, Any]) -> str:
    found = changed(name, changes)
    assert isinstance(found, list), "nothing was found wrong"
    return report(name, found)


FLOW = {"group": "nodes", "ports": [443], "why": "x"}
ASKED = {"connection": "pcx-0123456789abcdef0", "networks": ["10.64.0.0/17"]}
JOINED = {
    "stack": "organization/ballast/shared",
    "zones": ["us-east-1a"],
    "networks": ["10.64.0.0/17"],
    "own_networks": ["10.16.0.0/17"],
}

# the stack, what is changed in it, and what the message has to say
WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    # what is to stay alone
    ("dev", {PEER: JOINED}, ["network.peerings", "shared", "isolated is true", "Remove"]),
    (
        "dev",
        {"network.accepts.prod": {**ASKED, "own_networks": ["10.16.0.0/17"]}},
        ["network.accepts", "prod", "isolated is true"],
    ),
    # who the peer is
    ("prod", {f"{PEER}.vpc_id": "vpc-0123456789abcdef0"}, [PEER, "either stack or vpc_id"]),
    ("prod", {f"{PEER}.stack": DELETE}, [PEER, "either stack or vpc_id"]),
    ("prod", {f"{PEER}.stack": "shared"}, [f"{PEER}.stack", "organization/project/stack"]),
    ("prod", {f"{PEER}.stak": "x"}, [f"{PEER}.stak", "No such key", "stack"]),
    # who accepts
    ("prod", {f"{PEER}.accepter_role_arn": DELETE}, ["accepter_role_arn", "444455556666"]),
    ("prod", {f"{PEER}.acceptance": "pending"}, ["accepter_role_arn", "accepts by itself"]),
    ("prod", {f"{PEER}.acceptance": "later"}, [f"{PEER}.acceptance", "'auto' or 'pending'"]),
    ("prod", {f"{PEER}.account": DELETE}, ["no role within one account"]),
    ("prod", {f"{PEER}.account": "999999999999"}, ["role of the account 999999999999"]),
    # networks
    ("prod", {f"{PEER}.networks": ["10.0.0.0/8"]}, ["networks[0]", "16,777,216 addresses"]),
    ("prod", {f"{PEER}.networks": ["10.48.0.0/17"]}, ["networks[0]", "its own route wins"]),
    ("prod", {f"{PEER}.networks": ["172.20.0.0/17"]}, ["networks[0]", "apart from the services'"]),
    (
        "prod",
        {f"{PEER}.networks": ["10.64.0.0/17", "10.64.0.0/20"]},
        ["networks[1]", "named already"],
    ),
    ("prod", {f"{PEER}.networks": []}, ["networks", "at least 1"]),
    ("prod", {f"{PEER}.networks": ["0.0.0.0/0"]}, ["networks[0]", "narrower"]),
    ("prod", {f"{PEER}.own_networks": ["10.49.0.0/17"]}, ["own_networks[0]", "in 10.48.0.0/16"]),
    (
        "prod",
        {f"{PEER}.own_networks": ["10.48.0.0/19"]},
        ["own_networks", "us-east-1b", "could not answer"],
    ),
    # zones
    ("prod", {f"{PEER}.zones": []}, ["zones", "one zone of the peer or more"]),
    ("prod", {f"{PEER}.zones": ["us-east-1x"]}, ["zones[0]", "us-east-1x"]),
    ("prod", {f"{PEER}.zones": ["us-east-1a", "us-east-1a"]}, ["zones[1]", "every zone once"]),
    # traffic
    ("prod", {f"{PEER}.reaches": [{**FLOW, "group": "pods"}]}, ["reaches[0].group", "nodes"]),
    (
        "prod",
        {f"{PEER}.reaches": [{**FLOW, "group": "services"}]},
        ["reaches[0].group", "no such group"],
    ),
    ("prod", {f"{PEER}.reaches": [{**FLOW, "ports": [0]}]}, ["ports[0]", "equal to 1"]),
    ("prod", {f"{PEER}.reaches": [{**FLOW, "ports": [70000]}]}, ["ports[0]", "65535"]),
    ("prod", {f"{PEER}.reaches": [FLOW, FLOW]}, ["reaches[1].ports", "named once"]),
    ("prod", {f"{PEER}.reaches": [{**FLOW, "ports": [80, 80]}]}, ["reaches[0].ports", "once"]),
    # tiers, endpoints, logs
    ("shared", {"network.dedicated_serving": True}, ["dedicated_serving", "no cluster"]),
    (
        "dev",
        {"network.subnets.serving": {"us-east-1a": "10.16.200.0/24"}},
        ["subnets.serving", "dedicated_serving"],
    ),
    ("dev", {"network.endpoints": ["sts", "sts"]}, ["endpoints[1]", "every service once"]),
    ("dev", {"network.endpoints": ["s3"]}, ["endpoints[0]", '"s3"', "ecr.api"]),
    ("dev", {"network.flow_logs": {"retention_days": 8}}, ["retention_days", "got      8"]),
    # pods
    ("dev", {"network.pod_cidr": "10.0.0.0/16"}, ["pod_cidr", "in 100.64.0.0/10"]),
    ("dev", {"network.pod_cidr": "100.64.0.0/20"}, ["pod_cidr", "between /16 and /19"]),
    (
        "dev",
        {"network.cidr": "10.16.0.0/20", "cluster.system_nodes.max_nodes": 4},
        ["network.cidr", "prefixes of 16 addresses", "pod_cidr", "one zone gone"],
    ),
    (
        "dev",
        {"network.pod_cidr": "100.64.0.0/19", "cluster.system_nodes.max_nodes": 40},
        ["the pods' own network", "system 320"],
    ),
    # sections that belong together
    ("shared", {"capacity": {}}, ["ballast:cluster", "ballast:serving", "It has no default"]),
]


@pytest.mark.parametrize(("name", "changes", "says"), WRONG, ids=lambda value: str(value)[:60])
def test_a_wrong_setting_is_explained(name: str, changes: dict[str, Any], says: list[str]) -> None:
    message = problems_of(name, changes)
    assert not [text for text in says if text not in message], message
    assert not [word for word in ("Traceback", "pydantic", "validation error") if word in message]


# settings that are meant to be possible
RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("prod", {f"{PEER}.acceptance": "pending", f"{PEER}.accepter_role_arn": DELETE}),
    ("prod", {"network.peerings": {}}),
    (
        "prod",
        {
            f"{PEER}.stack": DELETE,
            f"{PEER}.vpc_id": "vpc-0123456789abcdef0",
            f"{PEER}.zones": [],
        },
    ),
    ("prod", {"network.pod_cidr": "100.64.0.0/16"}),
    ("prod", {"network.zones": ["us-east-1a", "us-east-1b"]}),
    ("dev", {"network.cidr": "10.16.0.0/20", "network.pod_cidr": "100.64.0.0/16"}),
    (
        "shared",
        {
            "network.accepts.prod": {
                "connection": "pcx-0123456789abcdef0",
                "networks": ["10.48.0.0/17"],
                "own_networks": ["10.64.0.0/17"],
                "lets_in": [{"group": "services", "ports": [443], "why": "Images"}],
            }
        },
    ),
]


@pytest.mark.parametrize(("name", "changes"), RIGHT, ids=lambda value: str(value)[:60])
def test_what_is_right_is_taken(name: str, changes: dict[str, Any]) -> None:
    found = changed(name, changes)
    assert isinstance(found, Settings), report(name, found)
