import json
from dataclasses import replace

from components.registry.repositories import Mirror, Registry, RegistryArgs
from tests.support.engine import Registered, deploy

ARGS = RegistryArgs(
    repositories=["inference/gateway"],
    mirrors=[Mirror(prefix="k8s", upstream="registry.k8s.io")],
    untagged_days=14,
)


def build(args: RegistryArgs = ARGS) -> dict[str, Registered]:
    _, resources = deploy(lambda: Registry("registry", args))
    return {one.type.rpartition(":")[2]: one for one in resources}


def test_a_tag_never_means_another_image() -> None:
    assert build()["Repository"].inputs["imageTagMutability"] == "IMMUTABLE"


def test_images_are_scanned_as_they_come() -> None:
    assert build()["Repository"].inputs["imageScanningConfiguration"] == {"scanOnPush": True}


def test_images_are_encrypted_with_a_key_of_our_own_that_rotates() -> None:
    found = build()
    assert found["Repository"].inputs["encryptionConfigurations"] == [
        {"encryptionType": "KMS", "kmsKey": "arn:aws:mock::registry-images-key"}
    ]
    assert found["Key"].inputs["enableKeyRotation"] is True


def test_only_what_lost_its_tag_goes() -> None:
    (rule,) = json.loads(build()["LifecyclePolicy"].inputs["policy"])["rules"]
    assert rule["selection"]["tagStatus"] == "untagged"
    assert rule["selection"]["countNumber"] == 14


def test_a_mirror_keeps_what_was_pulled_through_it() -> None:
    rule = build()["PullThroughCacheRule"].inputs
    assert rule == {"ecrRepositoryPrefix": "k8s", "upstreamRegistryUrl": "registry.k8s.io"}


def test_other_accounts_pull_and_do_nothing_else() -> None:
    policy = build(replace(ARGS, pulled_by=["333344445555"]))["RepositoryPolicy"].inputs["policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::333344445555:root"]}
    assert not [one for one in statement["Action"] if "Put" in one or "*" in one]


def test_without_other_accounts_nobody_else_is_named() -> None:
    assert "RepositoryPolicy" not in build()
