from dataclasses import replace

import pytest

from components.cluster.access import Rights, RoleAccess, RoleAccessArgs
from tests.support.engine import deploy

ARGS = RoleAccessArgs(
    cluster_name="test", role_arn="arn:aws:iam::111122223333:role/reader", rights="view"
)


def association(args: RoleAccessArgs) -> dict[str, object]:
    _, resources = deploy(lambda: RoleAccess("access-reader", args))
    (found,) = [one for one in resources if one.type.endswith(":AccessPolicyAssociation")]
    return found.inputs


@pytest.mark.parametrize(
    ("rights", "policy"),
    [("view", "AmazonEKSViewPolicy"), ("cluster-admin", "AmazonEKSClusterAdminPolicy")],
)
def test_rights_are_eks_s_own_policies(rights: Rights, policy: str) -> None:
    found = association(replace(ARGS, rights=rights))
    assert found["policyArn"] == f"arn:aws:eks::aws:cluster-access-policy/{policy}"


def test_rights_hold_everywhere_unless_namespaces_are_named() -> None:
    assert association(ARGS)["accessScope"] == {"type": "cluster"}


def test_rights_hold_in_the_named_namespaces_alone() -> None:
    found = association(replace(ARGS, namespaces=["inference"]))
    assert found["accessScope"] == {"type": "namespace", "namespaces": ["inference"]}
