import base64
import tomllib
from dataclasses import replace
from email import message_from_string
from typing import Any

import pytest
import yaml

from components.cluster.node_storage import NodeStorage, user_data

BOTTLEROCKET, AL2023 = "BOTTLEROCKET_x86_64_NVIDIA", "AL2023_x86_64_NVIDIA"
PLAIN = NodeStorage(disk_gib=200)
BOTH = replace(PLAIN, fast_pull=True, local_drives=True)


def text(storage: NodeStorage, ami_type: str) -> str:
    encoded = user_data(storage, ami_type)
    assert encoded is not None
    return base64.b64decode(encoded).decode()


def settings(storage: NodeStorage) -> dict[str, Any]:
    return tomllib.loads(text(storage, BOTTLEROCKET))["settings"]


def node_config(storage: NodeStorage) -> dict[str, Any]:
    message = message_from_string(text(storage, AL2023))
    (part,) = message.get_payload()  # type: ignore[misc]
    assert part.get_content_type() == "application/node.eks.aws"  # type: ignore[union-attr]
    return yaml.safe_load(part.get_payload())  # type: ignore[union-attr]


@pytest.mark.parametrize("ami_type", [BOTTLEROCKET, AL2023])
def test_a_node_with_nothing_special_is_told_nothing(ami_type: str) -> None:
    assert user_data(PLAIN, ami_type) is None


def test_bottlerocket_pulls_side_by_side() -> None:
    found = settings(replace(PLAIN, fast_pull=True))
    assert found["container-runtime"]["snapshotter"] == "soci"
    soci = found["container-runtime-plugins"]["soci-snapshotter"]
    assert soci["pull-mode"] == "parallel-pull-unpack"
    assert soci["parallel-pull-unpack"]["max-concurrent-downloads-per-image"] == 20


def test_bottlerocket_puts_images_and_pods_on_the_drives() -> None:
    command = settings(replace(PLAIN, local_drives=True))["bootstrap-commands"]["local-drives"]
    init, bind = command["commands"]
    assert init == ["apiclient", "ephemeral-storage", "init"]
    assert bind[:4] == ["apiclient", "ephemeral-storage", "bind", "--dirs"]
    assert {"/var/lib/containerd", "/var/lib/kubelet"} <= set(bind[4:])
    assert "/var/lib/soci-snapshotter" not in bind


def test_a_node_that_cannot_use_its_drives_does_not_start() -> None:
    command = settings(BOTH)["bootstrap-commands"]["local-drives"]
    assert command["essential"] is True
    assert "/var/lib/soci-snapshotter" in command["commands"][1]


def test_amazon_linux_is_told_the_same_in_its_own_words() -> None:
    config = node_config(BOTH)
    assert config["kind"] == "NodeConfig"
    assert config["spec"] == {
        "featureGates": {"FastImagePull": True},
        "instance": {"localStorage": {"strategy": "RAID0"}},
    }


def test_amazon_linux_is_told_only_what_was_asked_for() -> None:
    assert node_config(replace(PLAIN, local_drives=True))["spec"].keys() == {"instance"}
