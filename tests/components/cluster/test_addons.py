import json
import re
from typing import get_args

import pytest

from components.cluster.addon_table import ADDONS, STANDARD_SUPPORT, SYSTEM_TOLERATIONS
from components.cluster.addons import Addons, AddonsArgs
from embedded.cloud.eks import versions
from stacks.sections import ClusterSettings
from tests.support.engine import Registered, deploy

ARGS = AddonsArgs(cluster_name="test", kubernetes_version="1.35", addons=ADDONS)


@pytest.fixture(scope="module")
def resources() -> list[Registered]:
    return deploy(lambda: Addons("addons", ARGS))[1]


def addon(resources: list[Registered], name: str) -> dict[str, object]:
    (found,) = [
        one.inputs
        for one in resources
        if one.type == "aws:eks/addon:Addon" and one.inputs["addonName"] == name
    ]
    return found


def settings_of(resources: list[Registered], name: str) -> dict[str, object]:
    settings: dict[str, object] = json.loads(str(addon(resources, name)["configurationValues"]))
    return settings


@pytest.mark.parametrize("version", STANDARD_SUPPORT)
@pytest.mark.parametrize("entry", ADDONS, ids=lambda entry: entry.name)
def test_every_addon_has_a_pinned_version_for_every_kubernetes(entry: object, version: str) -> None:
    pinned = entry.version(version)  # type: ignore[attr-defined]
    assert re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", pinned)


def test_the_settings_take_the_versions_in_standard_support() -> None:
    kind = ClusterSettings.model_fields["kubernetes_version"].annotation
    assert set(get_args(kind)) == set(STANDARD_SUPPORT)
    assert set(STANDARD_SUPPORT) <= set(versions.supported())


def test_network_policies_and_address_prefixes_are_on(resources: list[Registered]) -> None:
    settings = settings_of(resources, "vpc-cni")
    assert settings["enableNetworkPolicy"] == "true"
    assert settings["env"] == {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}


@pytest.mark.parametrize("name", ["coredns", "metrics-server"])
def test_what_the_cluster_needs_may_run_where_nothing_else_does(
    resources: list[Registered], name: str
) -> None:
    assert settings_of(resources, name)["tolerations"] == list(SYSTEM_TOLERATIONS)


@pytest.mark.parametrize(
    ("name", "account", "policy"),
    [
        ("vpc-cni", "aws-node", "AmazonEKS_CNI_Policy"),
        ("aws-ebs-csi-driver", "ebs-csi-controller-sa", "service-role/AmazonEBSCSIDriverPolicy"),
    ],
)
def test_what_talks_to_aws_has_a_role_of_its_own(
    resources: list[Registered], name: str, account: str, policy: str
) -> None:
    (identity,) = addon(resources, name)["podIdentityAssociations"]  # type: ignore[misc]
    assert identity["serviceAccount"] == account
    assert identity["roleArn"] == f"arn:aws:mock::addons-{name}-role"
    attached = [
        one.inputs["policyArn"]
        for one in resources
        if one.type.endswith(":RolePolicyAttachment") and one.name.startswith(f"addons-{name}-")
    ]
    assert attached == [f"arn:aws:iam::aws:policy/{policy}"]


def test_only_its_own_service_account_takes_the_role(resources: list[Registered]) -> None:
    (role,) = [one for one in resources if one.type.endswith(":Role") and "vpc-cni" in one.name]
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": "aws-node",
    }


def test_what_was_changed_by_hand_is_set_right(resources: list[Registered]) -> None:
    for name in (entry.name for entry in ADDONS):
        assert addon(resources, name)["resolveConflictsOnUpdate"] == "OVERWRITE"
