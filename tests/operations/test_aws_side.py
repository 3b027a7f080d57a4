"""An environment like dev on moto: made, left alone, changed as nodes change, and gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import cloud
from tests.support.checkout import Checkout

pytestmark = pytest.mark.embedded
STACK = "dev"
CLUSTER = "ballast-dev"
ACCOUNT = "123456789012"


def settings(checkout: Checkout, change: Any) -> None:
    """Change the stack's settings as an editor would."""
    file = checkout.root / "stacks" / f"Pulumi.{STACK}.yaml"
    content = yaml.safe_load(file.read_text())
    change({key.removeprefix("ballast:"): value for key, value in content["config"].items()})
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def onto_moto(checkout: Checkout) -> None:
    file = checkout.root / "stacks" / f"Pulumi.{STACK}.yaml"
    text = file.read_text().replace("111122223333", ACCOUNT)
    content = yaml.safe_load(text)
    config = content["config"]
    config["ballast:target"] = "embedded"
    config["ballast:network"]["nat"] = "none"
    config["ballast:cluster"]["kubernetes_version"] = "1.34"
    file.write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout whose dev stack stands on moto."""
    made = Checkout.make(Path(tmp_path_factory.mktemp("aws")) / "ballast")
    onto_moto(made)
    try:
        done = made.run("up", STACK)
        assert done.returncode == 0, done.stdout
        yield made
    finally:
        made.run("local", "reset", "--yes")


def groups(checkout: Checkout) -> dict[str, dict[str, Any]]:
    """Return the node groups by pool, as EKS tells of them."""
    eks = cloud.service(checkout.layout, "eks")
    found = [
        eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=name)["nodegroup"]
        for name in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]
    ]
    return {group["labels"]["ballast/pool"]: group for group in found}


def ids(checkout: Checkout) -> dict[str, str]:
    """Return URN -> physical id of everything in the cloud."""
    return {
        one["urn"]: one["id"]
        for one in checkout.state(STACK)["resources"]
        if one["custom"] and "::aws:" in one["urn"].replace("$", "::")
    }


def up(checkout: Checkout) -> tuple[set[str], set[str]]:
    """Deploy; return the names of what was made, and of what was made anew or is gone."""
    before = ids(checkout)
    done = checkout.run("up", STACK)
    assert done.returncode == 0, done.stdout
    after = ids(checkout)
    new = {urn.rpartition("::")[2] for urn in after.keys() - before.keys()}
    moved = {urn.rpartition("::")[2] for urn in before if after.get(urn) != before[urn]}
    return new, moved


def test_the_cluster_is_what_a_platform_team_would_run(dev: Checkout) -> None:
    eks = cloud.service(dev.layout, "eks")
    cluster = eks.describe_cluster(name=CLUSTER)["cluster"]
    assert cluster["accessConfig"]["authenticationMode"] == "API"
    assert cluster["resourcesVpcConfig"]["endpointPublicAccess"] is False
    assert cluster["upgradePolicy"] == {"supportType": "STANDARD"}
    assert cluster["zonalShiftConfig"] == {"enabled": True}
    assert len(eks.list_addons(clusterName=CLUSTER)["addons"]) == 7
    accounts = {
        one["serviceAccount"]
        for one in eks.list_pod_identity_associations(clusterName=CLUSTER)["associations"]
    }
    assert {"aws-node", "ebs-csi-controller-sa", "cluster-autoscaler"} <= accounts


def test_a_second_up_changes_nothing(dev: Checkout) -> None:
    assert up(dev) == (set(), set())


def test_a_pool_is_added_and_nothing_else_moves(dev: Checkout) -> None:
    def change(config: dict[str, Any]) -> None:
        config["capacity"]["pools"].append(
            {
                "name": "gpu16",
                "capacity": "on-demand",
                "instance_types": ["g4dn.xlarge"],
                "min_nodes": 0,
                "desired_nodes": 1,
                "max_nodes": 2,
            }
        )

    settings(dev, change)
    new, moved = up(dev)
    assert {"gpu16-nodes-group", "gpu16-nodes-template"} <= new
    assert moved == set()
    assert groups(dev)["gpu16"]["capacityType"] == "ON_DEMAND"


def test_other_instance_types_bring_a_new_group_beside_the_old_one(dev: Checkout) -> None:
    before = groups(dev)["gpu24"]["nodegroupName"]

    def change(config: dict[str, Any]) -> None:
        config["capacity"]["pools"][0]["request"]["vcpus"] = 16

    settings(dev, change)
    new, moved = up(dev)
    after = groups(dev)["gpu24"]
    assert (new, moved) == (set(), {"gpu24-nodes-group"})
    assert after["nodegroupName"] != before
    assert len(after["instanceTypes"]) > 4


def test_a_newer_kubernetes_updates_the_cluster_and_its_addons_in_place(dev: Checkout) -> None:
    def change(config: dict[str, Any]) -> None:
        config["cluster"]["kubernetes_version"] = "1.35"

    settings(dev, change)
    assert up(dev) == (set(), set())
    eks = cloud.service(dev.layout, "eks")
    assert eks.describe_cluster(name=CLUSTER)["cluster"]["version"] == "1.35"
    proxy = eks.describe_addon(clusterName=CLUSTER, addonName="kube-proxy")["addon"]
    assert proxy["addonVersion"].startswith("v1.35.")


def test_destroy_leaves_nothing_behind(dev: Checkout) -> None:
    done = dev.run("destroy", STACK, "--yes")
    assert done.returncode == 0, done.stdout
    left = cloud.inventory(dev.layout)
    assert not any(left.values()), left
    assert cloud.service(dev.layout, "sqs").list_queues().get("QueueUrls", []) == []
