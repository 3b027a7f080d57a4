import json
from dataclasses import replace

from components.cluster.permissions import Allow
from components.cluster.pod_identity import PodIdentity, PodIdentityArgs
from tests.support.engine import Registered, deploy

ARGS = PodIdentityArgs(
    cluster_name="test",
    namespace="kube-system",
    service_account="reader",
    allow=[
        Allow(
            actions=["sqs:ReceiveMessage"],
            resources=["arn:aws:sqs:us-east-1:111122223333:queue"],
            when={"StringEquals": {"aws:ResourceTag/Owner": ["platform"]}},
        )
    ],
)


def build(args: PodIdentityArgs) -> dict[str, Registered]:
    _, resources = deploy(lambda: PodIdentity("reader", args))
    return {one.type.rpartition(":")[2]: one for one in resources}


def test_the_association_names_the_service_account_and_its_role() -> None:
    inputs = build(ARGS)["PodIdentityAssociation"].inputs
    assert (inputs["namespace"], inputs["serviceAccount"]) == ("kube-system", "reader")
    assert inputs["roleArn"] == "arn:aws:mock::reader-role"


def test_what_is_allowed_is_written_as_one_document() -> None:
    policy = json.loads(build(ARGS)["RolePolicy"].inputs["policy"])
    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage"],
            "Resource": ["arn:aws:sqs:us-east-1:111122223333:queue"],
            "Condition": {"StringEquals": {"aws:ResourceTag/Owner": ["platform"]}},
        }
    ]


def test_an_addon_s_role_is_left_for_the_addon_to_associate() -> None:
    assert "PodIdentityAssociation" not in build(replace(ARGS, cluster_name=None))


def test_a_role_that_needs_no_policy_of_its_own_has_none() -> None:
    assert "RolePolicy" not in build(replace(ARGS, allow=[], managed_policies=["ReadOnly"]))
