"""Clusters of the embedded EKS, through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.cloud.conftest import Aws

pytestmark = pytest.mark.embedded


def _refused(code: str, message: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{message}")


def test_what_a_cluster_is_made_with_is_told_again(aws: Aws) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    asked = {
        "version": "1.34",
        "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": key}}],
        "upgradePolicy": {"supportType": "STANDARD"},
        "zonalShiftConfig": {"enabled": True},
        "deletionProtection": True,
        "controlPlaneScalingConfig": {"tier": "standard"},
        "remoteNetworkConfig": {"remoteNodeNetworks": [{"cidrs": ["192.168.0.0/16"]}]},
        "tags": {"team": "serving"},
        "accessConfig": {
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": False,
        },
    }
    told = aws.cluster(
        **asked,
        kubernetesNetworkConfig={"serviceIpv4Cidr": "172.31.0.0/16"},
        logging={"clusterLogging": [{"types": ["audit", "api"], "enabled": True}]},
    )
    assert {key: told[key] for key in asked} == asked
    assert told["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.31.0.0/16"
    assert told["logging"]["clusterLogging"] == [
        {"types": ["api", "audit"], "enabled": True},
        {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
    ]


def test_a_cluster_is_creating_in_the_first_answer_and_active_in_the_next(aws: Aws) -> None:
    eks, subnets = aws.client("eks"), aws.subnets()
    created = eks.create_cluster(
        name="first",
        roleArn=aws.role("eks.amazonaws.com"),
        resourcesVpcConfig={"subnetIds": subnets},
    )["cluster"]
    assert created["status"] == "CREATING"
    assert "endpoint" not in created
    eks.get_waiter("cluster_active").wait(name="first")
    assert eks.describe_cluster(name="first")["cluster"]["endpoint"].startswith("https://")


def test_a_cluster_brings_its_security_group_and_takes_it_along(aws: Aws) -> None:
    cluster = aws.cluster()
    group = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    ec2 = aws.client("ec2")
    found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert found["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group
    aws.client("eks").delete_cluster(name=cluster["name"])
    with _refused("InvalidGroup.NotFound", group):
        ec2.describe_security_groups(GroupIds=[group])


def test_a_name_can_be_had_once(aws: Aws) -> None:
    cluster = aws.cluster()
    with _refused("ResourceInUseException", f"already exists with name: {cluster['name']}"):
        aws.cluster(name=cluster["name"])


def test_the_same_client_token_gets_the_same_cluster(aws: Aws) -> None:
    eks = aws.client("eks")
    asked = {
        "name": "again",
        "roleArn": aws.role("eks.amazonaws.com"),
        "resourcesVpcConfig": {"subnetIds": aws.subnets()},
        "clientRequestToken": "token-1",
    }
    first, second = (eks.create_cluster(**asked)["cluster"] for _ in range(2))
    assert first == second
    with _refused("InvalidParameterException", "token-1 was used before"):
        eks.create_cluster(**{**asked, "name": "other"})


def test_deletion_protection_holds_until_it_is_taken_off(aws: Aws) -> None:
    eks, name = aws.client("eks"), aws.cluster(deletionProtection=True)["name"]
    with _refused("InvalidRequestException", "deletion protection"):
        eks.delete_cluster(name=name)
    eks.update_cluster_config(name=name, deletionProtection=False)
    assert eks.delete_cluster(name=name)["cluster"]["status"] == "DELETING"
    eks.get_waiter("cluster_deleted").wait(name=name)
    assert name not in eks.list_clusters()["clusters"]


def test_a_cluster_with_node_groups_is_not_deleted(aws: Aws) -> None:
    cluster = aws.cluster()
    aws.nodegroup(cluster)
    with _refused("ResourceInUseException", "Cluster has nodegroups attached"):
        aws.client("eks").delete_cluster(name=cluster["name"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"version": "1.19"}, "unsupported Kubernetes version 1.19; supported today: 1.3"),
        ({"roleArn": "arn:aws:iam::123456789012:role/nobody"}, "nobody, could not be assumed"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-1"]}}, "'subnet-1' does not exist"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.4.0/22"}}, "overlaps with the VPC"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "8.8.0.0/16"}}, "has to be a private"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.9"}}, "'10.9' is not a network"),
        (
            {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "x"}}]},
            "no symmetric KMS key 'x'",
        ),
        ({"computeConfig": {"enabled": True}}, "Auto Mode: .* either all enabled or all disabled"),
    ],
)
def test_what_aws_refuses_is_refused(aws: Aws, settings: dict[str, Any], message: str) -> None:
    with _refused("InvalidParameterException", message):
        aws.cluster(**settings)


def test_subnets_in_one_zone_are_too_few(aws: Aws) -> None:
    with _refused("InvalidParameterException", "at least 2 different AZs"):
        aws.cluster(resourcesVpcConfig={"subnetIds": aws.subnets()[:1]})


def test_an_endpoint_that_nobody_reaches_is_refused(aws: Aws) -> None:
    vpc = {"subnetIds": aws.subnets(), "endpointPublicAccess": False}
    with _refused("InvalidParameterException", "Private and public endpoint access cannot be fal"):
        aws.cluster(resourcesVpcConfig=vpc)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"logging": {"clusterLogging": [{"types": ["api"], "enabled": True}]}}, "LoggingUpdate"),
        (
            {"resourcesVpcConfig": {"publicAccessCidrs": ["203.0.113.0/24"]}},
            "EndpointAccessUpdate",
        ),
        ({"upgradePolicy": {"supportType": "STANDARD"}}, "UpgradePolicyUpdate"),
        ({"zonalShiftConfig": {"enabled": True}}, "ZonalShiftConfigUpdate"),
    ],
)
def test_an_update_is_described_and_the_second_one_needs_no_change(
    aws: Aws, change: dict[str, Any], kind: str
) -> None:
    eks, name = aws.client("eks"), aws.cluster()["name"]
    update = eks.update_cluster_config(name=name, **change)["update"]
    assert (update["type"], update["status"]) == (kind, "InProgress")
    described = eks.describe_update(name=name, updateId=update["id"])["update"]
    assert (described["type"], described["status"]) == (kind, "Successful")
    assert eks.list_updates(name=name)["updateIds"] == [update["id"]]
    with _refused("InvalidParameterException", "No changes needed"):
        eks.update_cluster_config(name=name, **change)


def test_one_update_changes_one_thing(aws: Aws) -> None:
    eks, name = aws.client("eks"), aws.cluster()["name"]
    with _refused("InvalidParameterException", "Only one type of update can be allowed"):
        eks.update_cluster_config(
            name=name, deletionProtection=True, zonalShiftConfig={"enabled": True}
        )
    with _refused("InvalidParameterException", "got none"):
        eks.update_cluster_config(name=name)


def test_the_authentication_mode_goes_one_way(aws: Aws) -> None:
    eks = aws.client("eks")
    name = aws.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})["name"]
    with _refused("InvalidRequestException", "authentication mode must be set to one of"):
        eks.list_access_entries(clusterName=name)
    mode = {"authenticationMode": "API_AND_CONFIG_MAP"}
    eks.update_cluster_config(name=name, accessConfig=mode)
    with _refused("InvalidParameterException", "update from API_AND_CONFIG_MAP to CONFIG_MAP"):
        eks.update_cluster_config(name=name, accessConfig={"authenticationMode": "CONFIG_MAP"})


def test_versions_go_up_one_by_one(aws: Aws) -> None:
    eks, name = aws.client("eks"), aws.cluster(version="1.33")["name"]
    for version in ("1.33", "1.35", "1.32"):
        with _refused("InvalidParameterException", f"update from 1.33 to {version}"):
            eks.update_cluster_version(name=name, version=version)
    update = eks.update_cluster_version(name=name, version="1.34")["update"]
    assert update["type"] == "VersionUpdate"
    assert eks.describe_cluster(name=name)["cluster"]["version"] == "1.34"


def test_encryption_can_be_added_once(aws: Aws) -> None:
    eks, name = aws.client("eks"), aws.cluster()["name"]
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    eks.associate_encryption_config(clusterName=name, encryptionConfig=config)
    assert eks.describe_cluster(name=name)["cluster"]["encryptionConfig"] == config
    with _refused("InvalidParameterException", "has an encryption configuration already"):
        eks.associate_encryption_config(clusterName=name, encryptionConfig=config)


def test_a_parameter_that_botocore_would_not_send_is_refused_by_name(aws: Aws) -> None:
    import http.client

    from embedded.layout import LOOPBACK

    connection = http.client.HTTPConnection(LOOPBACK, aws.layout.port("moto"))
    scope = "Credential=embedded/20261124/us-east-1/eks/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    connection.request("POST", "/clusters", json.dumps({"nam": "x"}), headers)
    answer = connection.getresponse()
    assert answer.status == 400
    assert answer.headers["x-amzn-ErrorType"] == "InvalidParameterException"
    assert "unknown parameter nam" in answer.read().decode()


def test_what_is_not_there_is_said_so(aws: Aws) -> None:
    eks = aws.client("eks")
    with _refused("ResourceNotFoundException", "No cluster found for name: nobody"):
        eks.describe_cluster(name="nobody")
    with _refused("ResourceNotFoundException", "No update found for ID: x"):
        eks.describe_update(name=aws.cluster()["name"], updateId="x")
    with _refused("NotImplementedException", "does not have ListInsights of EKS"):
        eks.list_insights(clusterName="nobody")


def test_the_versions_are_told_with_their_end(aws: Aws) -> None:
    versions = aws.client("eks").describe_cluster_versions()["clusterVersions"]
    assert versions[0]["clusterVersion"] == "1.35"
    assert versions[0]["defaultVersion"] is True
    assert all(row["versionStatus"] != "UNSUPPORTED" for row in versions)
