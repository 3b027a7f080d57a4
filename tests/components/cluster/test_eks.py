import json
from dataclasses import replace

import pytest

from components.cluster.eks import EksCluster, EksClusterArgs
from components.cluster.identity import CONTROL_PLANE_POLICIES
from tests.support.engine import Registered, deploy

ARGS = EksClusterArgs(
    cluster_name="test",
    kubernetes_version="1.35",
    region="us-east-1",
    account="111122223333",
    subnet_ids=["subnet-a", "subnet-b"],
    security_group_id="sg",
    service_cidr="172.20.0.0/16",
    admin_role_arn="arn:aws:iam::111122223333:role/deployer",
    log_retention_days=30,
)


def build(args: EksClusterArgs = ARGS) -> list[Registered]:
    return deploy(lambda: EksCluster("cluster", args))[1]


def one(resources: list[Registered], kind: str, name: str = "") -> dict[str, object]:
    (found,) = [
        resource
        for resource in resources
        if resource.type.endswith(f":{kind}") and resource.name.endswith(name)
    ]
    return found.inputs


def test_the_api_is_private_unless_networks_are_named() -> None:
    config = one(build(), "Cluster")["vpcConfig"]
    assert isinstance(config, dict)
    assert config["endpointPrivateAccess"] is True
    assert config["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in config


def test_named_networks_reach_the_api_and_no_others() -> None:
    config = one(build(replace(ARGS, public_access_cidrs=["198.51.100.0/24"])), "Cluster")
    assert config["vpcConfig"]["publicAccessCidrs"] == ["198.51.100.0/24"]  # type: ignore[index]
    assert config["vpcConfig"]["endpointPublicAccess"] is True  # type: ignore[index]


def test_secrets_are_encrypted_with_a_key_that_rotates() -> None:
    resources = build()
    encryption = one(resources, "Cluster")["encryptionConfig"]
    assert encryption == {
        "provider": {"keyArn": "arn:aws:mock::cluster-secrets-key"},
        "resources": ["secrets"],
    }
    assert one(resources, "Key", "secrets-key")["enableKeyRotation"] is True


def test_all_five_logs_go_to_a_group_that_forgets() -> None:
    resources = build()
    logs = one(resources, "Cluster")["enabledClusterLogTypes"]
    assert logs == ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    group = one(resources, "LogGroup")
    assert (group["name"], group["retentionInDays"]) == ("/aws/eks/test/cluster", 30)


def test_logs_are_encrypted_with_a_key_that_only_this_log_group_may_use() -> None:
    resources = build()
    assert one(resources, "LogGroup")["kmsKeyId"] == "arn:aws:mock::cluster-logs-key"
    key = one(resources, "Key", "logs-key")
    assert key["enableKeyRotation"] is True
    (statement,) = [
        item
        for item in json.loads(str(key["policy"]))["Statement"]
        if item["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    ]
    assert statement["Condition"]["ArnEquals"] == {
        "kms:EncryptionContext:aws:logs:arn": (
            "arn:aws:logs:us-east-1:111122223333:log-group:/aws/eks/test/cluster"
        )
    }


def test_eks_puts_no_unmanaged_addons_into_the_cluster() -> None:
    assert one(build(), "Cluster")["bootstrapSelfManagedAddons"] is False


def test_the_cluster_never_slips_into_extended_support() -> None:
    assert one(build(), "Cluster")["upgradePolicy"] == {"supportType": "STANDARD"}


@pytest.mark.parametrize("shift", [True, False])
def test_a_zone_that_fails_is_left_where_asked_for(shift: bool) -> None:
    cluster = one(build(replace(ARGS, zonal_shift=shift)), "Cluster")
    assert cluster["zonalShiftConfig"] == {"enabled": shift}


def test_iam_trusts_the_cluster_s_own_provider_only_where_asked_for() -> None:
    assert not [r for r in build() if r.type.endswith(":OpenIdConnectProvider")]
    provider = one(build(replace(ARGS, oidc_provider=True)), "OpenIdConnectProvider")
    assert provider["url"] == "https://oidc.eks.example/id/TEST"
    assert provider["clientIdLists"] == ["sts.amazonaws.com"]


def test_access_is_by_entries_alone_and_whoever_creates_gets_none() -> None:
    resources = build()
    assert one(resources, "Cluster")["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    assert one(resources, "AccessEntry")["principalArn"] == ARGS.admin_role_arn


def test_the_control_plane_s_role_can_be_taken_by_eks_alone() -> None:
    resources = build()
    policy = json.loads(str(one(resources, "Role")["assumeRolePolicy"]))
    assert [item["Principal"] for item in policy["Statement"]] == [{"Service": "eks.amazonaws.com"}]
    attached = [r for r in resources if r.type.endswith(":RolePolicyAttachment")]
    assert len(attached) == len(CONTROL_PLANE_POLICIES)


def test_the_kubeconfig_holds_no_credential_and_asks_aws_for_a_token() -> None:
    found: list[str] = []

    def program() -> EksCluster:
        cluster = EksCluster("cluster", ARGS)
        cluster.kubeconfig.apply(found.append)
        return cluster

    deploy(program)
    config = json.loads(found[0])
    assert config["clusters"][0]["cluster"]["server"] == "https://eks.example"
    user = config["users"][0]["user"]
    assert list(user) == ["exec"]
    assert user["exec"]["args"] == [
        *("--region", "us-east-1", "eks", "get-token", "--cluster-name", "test")
    ]


@pytest.mark.parametrize("protect", [True, False])
def test_deletion_protection_is_what_was_asked_for(protect: bool) -> None:
    cluster = one(build(replace(ARGS, deletion_protection=protect)), "Cluster")
    assert cluster["deletionProtection"] is protect
