import json
from typing import Any

from components.cluster.addon_table import ADDONS
from components.cluster.addons import CNI, Addons, AddonsArgs
from tests.support.engine import deploy


def settings_of(**options: Any) -> dict[str, Any]:
    args = AddonsArgs(
        cluster_name="test",
        kubernetes_version="1.35",
        addons=[addon for addon in ADDONS if addon.name == CNI],
        region="us-east-1",
        tags={"Owner": "tests"},
        **options,
    )
    _, resources = deploy(lambda: Addons("addons", args))
    (addon,) = [one for one in resources if one.type == "aws:eks/addon:Addon"]
    found: dict[str, Any] = json.loads(addon.inputs["configurationValues"])
    return found


def test_pods_with_a_network_of_their_own_are_put_into_their_zone_s_subnet() -> None:
    found = settings_of(pod_subnet_ids={"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"})
    assert found["eniConfig"]["create"] is True
    assert found["eniConfig"]["subnets"] == {
        "us-east-1a": {"id": "subnet-a"},
        "us-east-1b": {"id": "subnet-b"},
    }
    assert found["env"]["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"] == "true"


def test_prefix_delegation_stays_on_in_a_network_of_their_own() -> None:
    alone, joined = settings_of(pod_subnet_ids={"us-east-1a": "subnet-a"}), settings_of()
    assert alone["env"].items() >= joined["env"].items()
    assert alone["enableNetworkPolicy"] == joined["enableNetworkPolicy"]


def test_without_one_nothing_is_said_of_it() -> None:
    found = settings_of()
    assert "eniConfig" not in found
    assert "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG" not in found["env"]
