"""containers-set-memory-limits: every kind of workload, every kind of container."""

from __future__ import annotations

from typing import Any

import pytest

from frame.facts import UNKNOWN
from frame.verdict import Kind
from rules.kubernetes.memory import SET_LIMITS
from tests.support.edits import DELETE
from tests.support.policy import Given, but, judge, paths

POD_SPEC: dict[str, Any] = {
    "containers": [
        {
            "name": "server",
            "image": "ghcr.io/acme/server:1.4.2",
            "resources": {"limits": {"memory": "8Gi"}, "requests": {"memory": "6Gi"}},
        }
    ]
}
DEPLOYMENT = {"metadata": {"name": "server"}, "spec": {"template": {"spec": POD_SPEC}}}
LIMIT = "spec.template.spec.containers[0].resources.limits.memory"

KINDS = {
    "kubernetes:core/v1:Pod": {"spec": POD_SPEC},
    "kubernetes:core/v1:ReplicationController": DEPLOYMENT,
    "kubernetes:apps/v1:Deployment": DEPLOYMENT,
    "kubernetes:extensions/v1beta1:Deployment": DEPLOYMENT,
    "kubernetes:apps/v1:StatefulSet": DEPLOYMENT,
    "kubernetes:apps/v1:DaemonSet": DEPLOYMENT,
    "kubernetes:apps/v1:ReplicaSet": DEPLOYMENT,
    "kubernetes:batch/v1:Job": DEPLOYMENT,
    "kubernetes:batch/v1:CronJob": {"spec": {"jobTemplate": DEPLOYMENT}},
    "kubernetes:batch/v1beta1:CronJob": {"spec": {"jobTemplate": DEPLOYMENT}},
    "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet": {
        "spec": {"leaderWorkerTemplate": {"workerTemplate": {"spec": POD_SPEC}}}
    },
    "kubernetes:ray.io/v1:RayCluster": {
        "spec": {"workerGroupSpecs": [{"template": {"spec": POD_SPEC}}]}
    },
}


def deployment(changes: dict[str, Any]) -> Given:
    return Given(token="kubernetes:apps/v1:Deployment", props=but(DEPLOYMENT, changes))


@pytest.mark.parametrize("token", KINDS)
def test_a_limit_on_every_container_passes_in_every_kind_of_workload(token: str) -> None:
    assert judge(SET_LIMITS, Given(token=token, props=KINDS[token])).kind is Kind.PASS


@pytest.mark.parametrize("token", KINDS)
def test_a_container_without_a_limit_is_found_in_every_kind_of_workload(token: str) -> None:
    text = repr(KINDS[token]).replace("'memory': '8Gi'", "'cpu': '4'")
    props = eval(text)
    (found,) = judge(SET_LIMITS, Given(token=token, props=props)).violations
    assert found.path.endswith("containers[0].resources.limits.memory")


@pytest.mark.parametrize(
    "change",
    [
        {"spec.template.spec.containers[0].resources": DELETE},
        {"spec.template.spec.containers[0].resources": None},
        {"spec.template.spec.containers[0].resources.limits": {}},
        {LIMIT: DELETE},
        {LIMIT: None},
        {LIMIT: "0"},
        {LIMIT: 0},
        {LIMIT: ""},
        {LIMIT: "lots"},
        {LIMIT: "-1Gi"},
    ],
)
def test_whatever_is_no_limit_is_a_violation(change: dict[str, Any]) -> None:
    assert paths(judge(SET_LIMITS, deployment(change))) == [LIMIT]


@pytest.mark.parametrize(
    "limit", ["8Gi", "8G", "8589934592", 8589934592, "1.5Gi", "8e9", "512000k"]
)
def test_every_way_to_write_a_limit_passes(limit: object) -> None:
    assert judge(SET_LIMITS, deployment({LIMIT: limit})).kind is Kind.PASS


def test_the_message_names_the_container_and_offers_its_own_request_as_the_limit() -> None:
    (found,) = judge(SET_LIMITS, deployment({LIMIT: DELETE})).violations
    assert found.found == 'not set for container "server"'
    assert found.fix == 'resources: {limits: {memory: "6Gi"}}'


def test_each_of_several_containers_is_judged_on_its_own() -> None:
    more = {"name": "proxy", "image": "envoy:1"}
    given = deployment({"spec.template.spec.containers[1]": more})
    assert paths(judge(SET_LIMITS, given)) == [LIMIT.replace("[0]", "[1]")]


@pytest.mark.parametrize("field", ["initContainers", "containers"])
def test_init_containers_and_sidecars_need_a_limit_too(field: str) -> None:
    sidecar = {"name": "log", "restartPolicy": "Always"}
    given = deployment({"spec.template.spec.initContainers": [{"name": "fetch"}, sidecar]})
    assert len(judge(SET_LIMITS, given).violations) == 2
    (left,) = judge(SET_LIMITS, given, initContainers=False).violations
    assert left.found == 'not set for sidecar "log"'


def test_an_ephemeral_container_cannot_have_a_limit_and_is_not_asked_for_one() -> None:
    given = deployment({"spec.template.spec.ephemeralContainers": [{"name": "debugger"}]})
    assert judge(SET_LIMITS, given).kind is Kind.PASS


def test_a_limit_for_the_whole_pod_covers_its_containers() -> None:
    given = deployment({LIMIT: DELETE, "spec.template.spec.resources.limits": {"memory": "8Gi"}})
    assert judge(SET_LIMITS, given).kind is Kind.PASS


def test_a_cpu_limit_for_the_whole_pod_is_no_memory_limit() -> None:
    given = deployment({LIMIT: DELETE, "spec.template.spec.resources.limits": {"cpu": "4"}})
    assert judge(SET_LIMITS, given).kind is Kind.VIOLATION


@pytest.mark.parametrize(
    ("path", "reported"),
    [
        (LIMIT, LIMIT),
        ("spec.template.spec.containers[0].resources", None),
        ("spec.template.spec.containers[0]", None),
        ("spec.template.spec.containers", None),
        ("spec.template.spec", None),
        ("spec", None),
    ],
)
def test_an_unknown_value_is_undetermined_at_its_own_path(path: str, reported: str | None) -> None:
    verdict = judge(SET_LIMITS, deployment({path: UNKNOWN}))
    assert verdict.kind is Kind.UNDETERMINED
    assert {item.path for item in verdict.undetermined} == {reported or path}


def test_a_container_without_limit_behind_an_unknown_one_is_not_lost() -> None:
    given = deployment(
        {
            "spec.template.spec.containers": [UNKNOWN, {"name": "b"}],
            "spec.template.spec.initContainers": UNKNOWN,
        }
    )
    verdict = judge(SET_LIMITS, given)
    assert paths(verdict) == [LIMIT.replace("[0]", "[1]")]
    assert [item.path for item in verdict.undetermined] == [
        "spec.template.spec.initContainers",
        "spec.template.spec.containers[0]",
    ]


def test_an_unknown_limit_for_the_pod_leaves_a_missing_one_undetermined() -> None:
    given = deployment({LIMIT: DELETE, "spec.template.spec.resources": UNKNOWN})
    assert judge(SET_LIMITS, given).kind is Kind.UNDETERMINED


@pytest.mark.parametrize("token", ["kubernetes:core/v1:Service", "aws:ec2/instance:Instance"])
def test_what_makes_no_pods_is_not_applicable(token: str) -> None:
    assert judge(SET_LIMITS, Given(token=token, props=DEPLOYMENT)).kind is Kind.NOT_APPLICABLE


def test_a_workload_without_containers_is_not_applicable() -> None:
    given = deployment({"spec.template.spec.containers": []})
    assert judge(SET_LIMITS, given).kind is Kind.NOT_APPLICABLE
