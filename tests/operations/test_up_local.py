"""`./ballast up local`, from nothing to everything, and back to nothing."""

from __future__ import annotations

import re

import pytest

from tests.support import cloud, cluster
from tests.support.checkout import Checkout

pytestmark = pytest.mark.embedded


def test_every_stage_of_the_pipeline_is_ready(standing: Checkout) -> None:
    deployments = cluster.deployments(standing.layout)
    names = {name.split("/")[1] for name in deployments}
    assert {"inference-gateway", "ai-model-service", "result-aggregator"} <= names
    assert all(ready == wanted > 0 for ready, wanted in deployments.values()), deployments


def test_the_reference_service_runs_with_three_replicas(standing: Checkout) -> None:
    deployments = cluster.deployments(standing.layout)
    (replicas,) = [
        value for name, value in deployments.items() if name.endswith("ai-model-service")
    ]
    assert replicas == (3, 3)


def test_node_groups_made_on_aws_are_nodes_in_the_cluster(standing: Checkout) -> None:
    nodes = cluster.nodes(standing.layout)
    by_capacity = {node.metadata.labels["eks.amazonaws.com/capacityType"] for node in nodes}
    assert by_capacity == {"ON_DEMAND", "SPOT"}
    spot = [n for n in nodes if n.metadata.labels["eks.amazonaws.com/capacityType"] == "SPOT"]
    assert all(int(node.status.allocatable["nvidia.com/gpu"]) >= 1 for node in spot)
    taints = {(t.key, t.value, t.effect) for node in spot for t in node.spec.taints}
    assert ("nvidia.com/gpu", "true", "NoSchedule") in taints


def test_what_stands_is_printed_with_stages_nodes_and_policies(standing: Checkout) -> None:
    done = standing.run("up", "local")
    assert done.returncode == 0, done.stdout
    printed = done.stdout[done.stdout.rindex("Duration:") :]
    for part in ("inference-gateway", "3/3", "SPOT", "ON_DEMAND", "policies:", "kubectl"):
        assert part in printed, printed


def test_a_second_up_changes_nothing(standing: Checkout) -> None:
    before = standing.urns()
    done = standing.run("up", "local")
    assert done.returncode == 0, done.stdout
    assert not re.search(r"^\s+(\+|~|-|\+-) \d+ ", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^\s+\d+ unchanged", done.stdout, re.MULTILINE), done.stdout
    assert standing.urns() == before


def test_nothing_is_made_twice(standing: Checkout) -> None:
    urns = standing.urns()
    assert len(urns) == len(set(urns))
    assert cloud.inventory(standing.layout)["cluster"] == 1
    assert cloud.inventory(standing.layout)["vpc"] == 1


def test_a_preview_changes_nothing(standing: Checkout) -> None:
    before = cloud.inventory(standing.layout)
    done = standing.run("preview", "local")
    assert done.returncode == 0, done.stdout
    assert cloud.inventory(standing.layout) == before


def test_a_rule_added_by_hand_is_found_by_refresh_and_removed_by_up(standing: Checkout) -> None:
    ec2 = cloud.service(standing.layout, "ec2")
    default = [{"Name": "group-name", "Values": ["default"]}]
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    in_vpc = [*default, {"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    (group,) = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.9.0.0/16"
    )
    refreshed = standing.run("refresh", "local")
    assert refreshed.returncode == 0, refreshed.stdout
    assert re.search(r"~ 1 updated", refreshed.stdout), refreshed.stdout
    repaired = standing.run("up", "local")
    assert repaired.returncode == 0, repaired.stdout
    (group,) = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    assert group["IpPermissions"] == []


def test_an_unknown_environment_is_named_with_the_nearest(checkout: Checkout) -> None:
    done = checkout.run("up", "locl")
    assert done.returncode == 2
    assert "there is no environment 'locl'. Did you mean local?" in done.stdout
    assert "Traceback" not in done.stdout
