import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from catalog.controllers import CLUSTER_AUTOSCALER
from components.capacity import elasticity
from components.capacity.cluster_autoscaler import priorities
from components.capacity.elasticity import Elasticity, ElasticityArgs
from components.capacity.interruption import InterruptionQueue, InterruptionQueueArgs
from components.capacity.termination_handler import NOTICE_SECONDS
from components.cluster.addon_table import STANDARD_SUPPORT
from tests.support.engine import Registered, deploy


def build(**changes: Any) -> list[Registered]:
    def program() -> None:
        queue = InterruptionQueue(
            "interruption",
            InterruptionQueueArgs(
                queue_name="test-interruption", region="us-east-1", account="111122223333"
            ),
        )
        args = ElasticityArgs(
            autoscaler="cluster-autoscaler",
            cluster_name="test",
            association_cluster_name="test",
            kubernetes_version="1.35",
            region="us-east-1",
            account="111122223333",
            queue=queue,
            groups={"gpu24-nodes": "spot", "gpu24-base-nodes": "on-demand"},
            give_up_minutes=8,
            idle_minutes=10,
            headroom_gpus={},
        )
        Elasticity("elasticity", replace(args, **changes))

    return deploy(program)[1]


@pytest.fixture(scope="module")
def resources() -> list[Registered]:
    return build()


def one(resources: list[Registered], kind: str, name: str) -> dict[str, Any]:
    (found,) = [item for item in resources if item.type.endswith(f":{kind}") and name in item.name]
    return found.inputs


def pod(resources: list[Registered], name: str) -> dict[str, Any]:
    return one(resources, "Deployment", name)["spec"]["template"]["spec"]


def test_the_priority_expander_takes_spot_first_and_on_demand_when_spot_has_none(
    resources: list[Registered],
) -> None:
    config = one(resources, "ConfigMap", "priorities")
    assert config["metadata"]["name"] == "cluster-autoscaler-priority-expander"
    assert config["metadata"]["annotations"] == {"pulumi.com/patchForce": "true"}
    order = yaml.safe_load(config["data"]["priorities"])
    assert max(order) == 50
    assert order == {
        50: ["^eks-gpu24-nodes-[0-9a-f]{6}-"],
        10: ["^eks-gpu24-base-nodes-[0-9a-f]{6}-"],
    }
    flags = pod(resources, "autoscaler")["containers"][0]["args"]
    assert "--expander=priority,least-waste" in flags
    assert "--max-node-provision-time=8m" in flags


def test_what_is_paid_for_already_comes_before_spot() -> None:
    order = yaml.safe_load(priorities({"block-nodes": "capacity-block", "spot-nodes": "spot"}))
    assert [order[number][0] for number in sorted(order, reverse=True)] == [
        "^eks-block-nodes-[0-9a-f]{6}-",
        "^eks-spot-nodes-[0-9a-f]{6}-",
    ]


def test_a_pool_s_expression_matches_no_other_pool(resources: list[Registered]) -> None:
    import re

    order = yaml.safe_load(one(resources, "ConfigMap", "priorities")["data"]["priorities"])
    group = "eks-gpu24-nodes-f74a54-0ac9a3ee-32f1"
    assert [n for n, found in order.items() for e in found if re.search(e, group)] == [50]


def test_the_autoscaler_scales_only_the_groups_of_its_own_cluster(
    resources: list[Registered],
) -> None:
    document = json.loads(one(resources, "RolePolicy", "autoscaler")["policy"])
    changing = [s for s in document["Statement"] if "autoscaling:SetDesiredCapacity" in s["Action"]]
    (statement,) = changing
    assert statement["Condition"]["StringEquals"] == {
        "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": ["true"],
        "aws:ResourceTag/k8s.io/cluster-autoscaler/test": ["owned"],
    }


@pytest.mark.parametrize("version", STANDARD_SUPPORT)
def test_there_is_an_autoscaler_for_every_kubernetes_that_may_be_chosen(version: str) -> None:
    assert f":v{version}." in CLUSTER_AUTOSCALER[version]


def test_without_an_autoscaler_machines_are_still_emptied_in_time() -> None:
    resources = build(autoscaler="none")
    assert not [item for item in resources if item.type.endswith(":ClusterAutoscaler")]
    flags = dict(
        flag.removeprefix("--").split("=", 1)
        for flag in pod(resources, "interruption")["containers"][0]["args"]
    )
    assert flags["enable-sqs-termination-draining"] == "true"
    assert int(flags["node-termination-grace-period"]) <= NOTICE_SECONDS
    # -1 is each pod's own grace period, which is made to fit the notice.
    assert flags["pod-termination-grace-period"] == "-1"
    # Draining at every recommendation would empty nodes that live on for hours.
    assert flags["enable-rebalance-draining"] == "false"


def test_the_handler_reads_one_queue_and_changes_nothing_in_aws(
    resources: list[Registered],
) -> None:
    document = json.loads(one(resources, "RolePolicy", "interruption-identity")["policy"])
    by_resource = {tuple(s["Resource"]): s["Action"] for s in document["Statement"]}
    assert by_resource[("arn:aws:sqs:us-east-1:111122223333:test-interruption",)] == [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
    ]
    assert all(action.split(":")[1].startswith("Describe") for action in by_resource[("*",)])


@pytest.mark.parametrize("name", ["autoscaler", "interruption"])
def test_controllers_run_on_system_nodes_twice_and_as_nobody(
    resources: list[Registered], name: str
) -> None:
    spec = pod(resources, name)
    assert one(resources, "Deployment", name)["spec"]["replicas"] == 2
    assert spec["nodeSelector"] == {"ballast/pool": "system"}
    assert spec["tolerations"] == [{"key": "CriticalAddonsOnly", "operator": "Exists"}]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    (volume,) = spec["volumes"]
    token = volume["projected"]["sources"][0]["serviceAccountToken"]
    assert token["expirationSeconds"] == 3600


@pytest.mark.parametrize("name", ["autoscaler", "interruption"])
def test_pod_identity_names_the_controller_s_own_account(
    resources: list[Registered], name: str
) -> None:
    association = one(resources, "PodIdentityAssociation", name)
    assert association["namespace"] == elasticity.NAMESPACE
    assert association["serviceAccount"] == pod(resources, name)["serviceAccountName"]


def test_headroom_gives_way_to_everything_and_still_brings_nodes() -> None:
    resources = build(headroom_gpus={"gpu24": 2, "gpu48": 0})
    (deployment,) = [
        item.inputs
        for item in resources
        if item.type.endswith(":Deployment") and "headroom" in item.name
    ]
    assert deployment["spec"]["replicas"] == 2
    spec = deployment["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {"ballast/pool": "gpu24"}
    assert spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert spec["terminationGracePeriodSeconds"] == 0
    priority = one(resources, "PriorityClass", "headroom")
    assert spec["priorityClassName"] == priority["metadata"]["name"]
    # Below -10 the cluster autoscaler would not add a node for it.
    assert -10 <= priority["value"] < 0


def test_without_headroom_there_is_nothing_of_it(resources: list[Registered]) -> None:
    assert not [item for item in resources if "headroom" in item.name]
