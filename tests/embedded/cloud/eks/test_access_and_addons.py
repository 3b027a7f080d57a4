"""Access entries, Pod Identity, add-ons and tags of the embedded EKS, through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded

_VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def _refused(code: str, message: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{message}")


def test_an_access_entry_is_made_changed_and_taken_away(aws: Aws) -> None:
    eks, cluster = aws.client("eks"), aws.cluster()["name"]
    role = aws.role("ec2.amazonaws.com")
    one = {"clusterName": cluster, "principalArn": role}
    eks.create_access_entry(**one, kubernetesGroups=["viewers"], tags={"a": "b"})
    told = eks.describe_access_entry(**one)["accessEntry"]
    assert told["kubernetesGroups"] == ["viewers"]
    assert told["type"] == "STANDARD"
    assert told["tags"] == {"a": "b"}
    assert told["username"].endswith("/{{SessionName}}")
    eks.update_access_entry(**one, kubernetesGroups=["editors"], username="ci")
    told = eks.describe_access_entry(**one)["accessEntry"]
    assert (told["kubernetesGroups"], told["username"]) == (["editors"], "ci")
    eks.delete_access_entry(**one)
    with _refused("ResourceNotFoundException", "principalArn could not be found"):
        eks.describe_access_entry(**one)


def test_policies_are_associated_listed_and_taken_away(aws: Aws) -> None:
    eks, cluster = aws.client("eks"), aws.cluster()["name"]
    one = {"clusterName": cluster, "principalArn": aws.role("ec2.amazonaws.com")}
    eks.create_access_entry(**one)
    scope = {"type": "namespace", "namespaces": ["serving"]}
    eks.associate_access_policy(**one, policyArn=_VIEW, accessScope=scope)
    (told,) = eks.list_associated_access_policies(**one)["associatedAccessPolicies"]
    assert (told["policyArn"], told["accessScope"]) == (_VIEW, scope)
    listed = eks.list_access_entries(clusterName=cluster, associatedPolicyArn=_VIEW)
    assert listed["accessEntries"] == [one["principalArn"]]
    eks.disassociate_access_policy(**one, policyArn=_VIEW)
    assert eks.list_associated_access_policies(**one)["associatedAccessPolicies"] == []
    with _refused("ResourceNotFoundException", "not associated"):
        eks.disassociate_access_policy(**one, policyArn=_VIEW)


def test_the_creator_gets_in_unless_told_otherwise(aws: Aws) -> None:
    eks = aws.client("eks")
    with_creator = aws.cluster()["name"]
    without = aws.cluster(
        accessConfig={
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": False,
        }
    )["name"]
    assert len(eks.list_access_entries(clusterName=with_creator)["accessEntries"]) == 1
    assert eks.list_access_entries(clusterName=without)["accessEntries"] == []


def test_a_node_groups_role_gets_an_entry_for_its_nodes(aws: Aws) -> None:
    cluster = aws.cluster()
    group = aws.nodegroup(cluster)
    entry = aws.client("eks").describe_access_entry(
        clusterName=cluster["name"], principalArn=group["nodeRole"]
    )["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("EC2_LINUX", ["system:nodes"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"principalArn": "alice"}, "principalArn parameter format is not valid"),
        ({"type": "ROOT"}, "'ROOT' is not one of STANDARD"),
        ({"type": "EC2_LINUX", "username": "x"}, "username cannot be set"),
        ({"kubernetesGroups": ["system:masters"]}, "system:masters is invalid"),
    ],
)
def test_entries_that_aws_refuses_are_refused(
    aws: Aws, settings: dict[str, Any], message: str
) -> None:
    asked = {"principalArn": aws.role("ec2.amazonaws.com"), **settings}
    with _refused("InvalidParameterException", message):
        aws.client("eks").create_access_entry(clusterName=aws.cluster()["name"], **asked)


@pytest.mark.parametrize(
    ("policy", "scope", "message"),
    [
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", {"type": "cluster"}, "not an access policy"),
        (_VIEW, {"type": "namespace"}, "type namespace needs namespaces"),
        (_VIEW, {"type": "cluster", "namespaces": ["a"]}, "type cluster takes none"),
    ],
)
def test_policies_that_aws_refuses_are_refused(
    aws: Aws, policy: str, scope: dict[str, Any], message: str
) -> None:
    eks = aws.client("eks")
    one = {"clusterName": aws.cluster()["name"], "principalArn": aws.role("ec2.amazonaws.com")}
    eks.create_access_entry(**one)
    with _refused("InvalidParameterException", message):
        eks.associate_access_policy(**one, policyArn=policy, accessScope=scope)


def test_a_pod_identity_is_made_changed_and_taken_away(aws: Aws) -> None:
    eks, cluster = aws.client("eks"), aws.cluster()["name"]
    role, other = (aws.role("pods.eks.amazonaws.com") for _ in range(2))
    account = {"clusterName": cluster, "namespace": "serving", "serviceAccount": "model"}
    made = eks.create_pod_identity_association(**account, roleArn=role, tags={"a": "b"})
    one = {"clusterName": cluster, "associationId": made["association"]["associationId"]}
    with _refused("ResourceInUseException", "Association already exists"):
        eks.create_pod_identity_association(**account, roleArn=other)
    eks.update_pod_identity_association(**one, roleArn=other, disableSessionTags=True)
    told = eks.describe_pod_identity_association(**one)["association"]
    assert (told["roleArn"], told["disableSessionTags"]) == (other, True)
    listed = eks.list_pod_identity_associations(clusterName=cluster, namespace="serving")
    assert [row["associationId"] for row in listed["associations"]] == [one["associationId"]]
    eks.delete_pod_identity_association(**one)
    with _refused("ResourceNotFoundException", "cannot be found"):
        eks.describe_pod_identity_association(**one)


def test_a_role_that_pods_cannot_have_is_refused(aws: Aws) -> None:
    with _refused("InvalidParameterException", "trusted entity is not correct"):
        aws.client("eks").create_pod_identity_association(
            clusterName=aws.cluster()["name"],
            namespace="a",
            serviceAccount="b",
            roleArn=aws.role("ec2.amazonaws.com"),
        )


def test_an_addon_is_made_changed_and_taken_out(aws: Aws) -> None:
    eks, cluster = aws.client("eks"), aws.cluster()["name"]
    role = aws.role("pods.eks.amazonaws.com")
    one = {"clusterName": cluster, "addonName": "vpc-cni"}
    values = '{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}'
    eks.create_addon(
        **one,
        addonVersion="v1.20.4-eksbuild.2",
        configurationValues=values,
        podIdentityAssociations=[{"serviceAccount": "aws-node", "roleArn": role}],
        tags={"a": "b"},
    )
    eks.get_waiter("addon_active").wait(**one)
    told = eks.describe_addon(**one)["addon"]
    assert told["configurationValues"] == values
    assert told["namespaceConfig"] == {"namespace": "kube-system"}
    assert len(told["podIdentityAssociations"]) == 1
    assert eks.list_addons(clusterName=cluster)["addons"] == ["vpc-cni"]
    update = eks.update_addon(**one, addonVersion="v1.20.5-eksbuild.1")["update"]
    described = eks.describe_update(name=cluster, addonName="vpc-cni", updateId=update["id"])
    assert described["update"]["type"] == "AddonUpdate"
    assert eks.describe_addon(**one)["addon"]["addonVersion"] == "v1.20.5-eksbuild.1"
    eks.delete_addon(**one)
    eks.get_waiter("addon_deleted").wait(**one)
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"addonName": "no-such"}, "Addon no-such specified is not supported; known here: vpc-cni"),
        ({"addonVersion": "latest"}, "'latest' specified is not supported"),
        ({"configurationValues": "- a"}, "not in valid JSON or YAML object format"),
    ],
)
def test_addons_that_aws_refuses_are_refused(
    aws: Aws, settings: dict[str, Any], message: str
) -> None:
    asked = {"addonName": "coredns", **settings}
    with _refused("InvalidParameterException", message):
        aws.client("eks").create_addon(clusterName=aws.cluster()["name"], **asked)


def test_the_default_version_of_an_addon_is_one_that_is_told(aws: Aws) -> None:
    eks, cluster = aws.client("eks"), aws.cluster(version="1.34")["name"]
    eks.create_addon(clusterName=cluster, addonName="kube-proxy")
    made = eks.describe_addon(clusterName=cluster, addonName="kube-proxy")["addon"]
    (told,) = eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.34")[
        "addons"
    ]
    assert [row["addonVersion"] for row in told["addonVersions"]] == [made["addonVersion"]]


def test_everything_with_an_arn_can_be_tagged(aws: Aws) -> None:
    eks, cluster = aws.client("eks"), aws.cluster(tags={"made": "so"})
    group = aws.nodegroup(cluster)
    eks.create_addon(clusterName=cluster["name"], addonName="coredns")
    addon = eks.describe_addon(clusterName=cluster["name"], addonName="coredns")["addon"]
    for arn in (cluster["arn"], group["nodegroupArn"], addon["addonArn"]):
        eks.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        eks.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert eks.list_tags_for_resource(resourceArn=arn)["tags"].items() >= {("b", "2")}
        assert "a" not in eks.list_tags_for_resource(resourceArn=arn)["tags"]
    with _refused("ResourceNotFoundException", "No resource found for ARN"):
        eks.tag_resource(resourceArn=f"{cluster['arn']}-not", tags={"a": "1"})


def test_long_lists_come_in_pages(aws: Aws) -> None:
    eks, cluster = aws.client("eks"), aws.cluster()
    for number in range(3):
        settings = {"scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 0}}
        aws.nodegroup(cluster, f"group-{number}", **settings)
    pages = eks.get_paginator("list_nodegroups").paginate(
        clusterName=cluster["name"], PaginationConfig={"PageSize": 2}
    )
    assert [page["nodegroups"] for page in pages] == [["group-0", "group-1"], ["group-2"]]
