"""gpu-workloads-not-scaled-on-cpu-alone: the join, the metrics, and what is not known yet."""

from __future__ import annotations

from typing import Any

import pytest

from frame.facts import UNKNOWN
from frame.verdict import Kind
from rules.inference.scaling_signal import NOT_ON_CPU_ALONE
from tests.support.edits import DELETE
from tests.support.policy import Given, but, judge_stack

WORKLOAD = {
    "metadata": {"name": "llm", "namespace": "serving"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "llm"}},
            "spec": {
                "containers": [
                    {"name": "vllm", "resources": {"limits": {"nvidia.com/gpu": 1}}},
                    {"name": "proxy"},
                ]
            },
        }
    },
}
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
}
MEMORY = {"type": "Resource", "resource": {"name": "memory", "target": {"averageUtilization": 80}}}
QUEUE = {
    "type": "External",
    "external": {"metric": {"name": "vllm_num_requests_waiting"}, "target": {"averageValue": "5"}},
}
HPA = {
    "metadata": {"name": "llm", "namespace": "serving"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llm"},
        "maxReplicas": 4,
        "metrics": [CPU, QUEUE],
    },
}
SCALED = {
    "metadata": {"name": "llm", "namespace": "serving"},
    "spec": {
        "scaleTargetRef": {"name": "llm"},
        "triggers": [
            {"type": "cpu", "metadata": {"value": "70"}},
            {"type": "prometheus", "metadata": {"query": "sum(vllm:num_requests_waiting)"}},
        ],
    },
}
GPU = 'spec.template.spec.containers[0].resources.limits["nvidia.com/gpu"]'


def workload(changes: dict[str, Any] | None = None, kind: str = "Deployment") -> Given:
    return Given(
        token=f"kubernetes:apps/v1:{kind}", props=but(WORKLOAD, changes or {}), name="workload"
    )


def hpa(changes: dict[str, Any] | None = None, **more: Any) -> Given:
    token = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
    return Given(token=token, props=but(HPA, changes or {}), name="hpa", **more)


def scaled(changes: dict[str, Any] | None = None) -> Given:
    token = "kubernetes:keda.sh/v1alpha1:ScaledObject"
    return Given(token=token, props=but(SCALED, changes or {}), name="scaled")


def kind(*resources: Given) -> Kind:
    return judge_stack(NOT_ON_CPU_ALONE, resources).kind


def test_a_queue_metric_beside_cpu_passes() -> None:
    assert kind(workload(), hpa()) is Kind.PASS
    assert kind(workload(), scaled()) is Kind.PASS


@pytest.mark.parametrize("metrics", [[CPU], [MEMORY], [CPU, MEMORY], [], DELETE])
def test_cpu_and_memory_alone_are_a_violation_and_so_is_the_default(metrics: Any) -> None:
    verdict = judge_stack(NOT_ON_CPU_ALONE, [workload(), hpa({"spec.metrics": metrics})])
    (found,) = verdict.violations
    assert found.urn == hpa().urn
    assert "Deployment llm, which asks for 1 nvidia.com/gpu" in found.found


def test_the_older_api_with_one_cpu_target_is_a_violation() -> None:
    change = {"spec.metrics": DELETE, "spec.targetCPUUtilizationPercentage": 65}
    (found,) = judge_stack(NOT_ON_CPU_ALONE, [workload(), hpa(change)]).violations
    assert found.found.endswith("on cpu (65 %) alone")


def test_a_container_resource_metric_is_cpu_too() -> None:
    metric = {
        "type": "ContainerResource",
        "containerResource": {"name": "cpu", "container": "vllm"},
    }
    assert kind(workload(), hpa({"spec.metrics": [metric]})) is Kind.VIOLATION


@pytest.mark.parametrize(
    "triggers",
    [
        [{"type": "cpu", "metadata": {"value": "70"}}],
        [{"type": "memory"}, {"type": "cron", "metadata": {"start": "0 8 * * *"}}],
        [
            {
                "type": "prometheus",
                "metadata": {"query": "rate(container_cpu_usage_seconds_total[1m])"},
            }
        ],
        [{"type": "prometheus", "metadata": {"query": "container_memory_working_set_bytes"}}],
    ],
)
def test_a_scaled_object_on_cpu_in_any_guise_is_a_violation(triggers: Any) -> None:
    assert kind(workload(), scaled({"spec.triggers": triggers})) is Kind.VIOLATION


@pytest.mark.parametrize(
    "trigger",
    [
        {"type": "prometheus", "metadata": {"query": "avg(DCGM_FI_DEV_GPU_UTIL)"}},
        {"type": "prometheus", "metadata": {"query": "vllm:gpu_cache_usage_perc"}},
        {"type": "prometheus", "metadata": {"query": "max(gpu_memory_used)"}},
        {"type": "aws-sqs-queue", "metadata": {"queueURL": "https://sqs"}},
        {"type": "kafka", "metadata": {"topic": "in"}},
    ],
)
def test_near_misses_that_follow_load_pass(trigger: Any) -> None:
    assert kind(workload(), scaled({"spec.triggers": [trigger]})) is Kind.PASS


@pytest.mark.parametrize(
    "name",
    ["nvidia.com/mig-1g.10gb", "nvidia.com/gpu.shared", "amd.com/gpu", "aws.amazon.com/neuron"],
)
def test_slices_and_other_accelerators_are_gpus(name: str) -> None:
    limits = {"spec.template.spec.containers[0].resources": {"requests": {name: "1"}}}
    assert kind(workload(limits), hpa({"spec.metrics": [CPU]})) is Kind.VIOLATION


@pytest.mark.parametrize(
    "selector",
    [
        {"nodeSelector": {"nvidia.com/gpu.present": "true"}},
        {"nodeSelector": {"node.kubernetes.io/instance-type": "g5.2xlarge"}},
        {"nodeSelector": {"karpenter.k8s.aws/instance-gpu-name": "a10g"}},
    ],
)
def test_pods_that_select_gpu_nodes_are_gpu_workloads(selector: dict[str, Any]) -> None:
    change = {f"spec.template.spec.{key}": value for key, value in selector.items()}
    given = workload({GPU: DELETE, **change})
    assert kind(given, hpa({"spec.metrics": [CPU]})) is Kind.VIOLATION


@pytest.mark.parametrize(
    "change",
    [
        {GPU: 0},
        {GPU: "0"},
        {GPU: DELETE},
        {GPU: DELETE, "spec.template.spec.nodeSelector": {"x": "g5"}},
    ],
)
def test_a_workload_without_gpu_may_scale_on_cpu(change: Any) -> None:
    assert kind(workload(change), hpa({"spec.metrics": [CPU]})) is Kind.PASS


@pytest.mark.parametrize(
    "change",
    [
        {"metadata.namespace": "elsewhere"},
        {"spec.scaleTargetRef.name": "other"},
        {"spec.scaleTargetRef.kind": "StatefulSet"},
    ],
)
def test_a_scaler_of_something_else_is_not_joined(change: Any) -> None:
    assert kind(workload(), hpa({"spec.metrics": [CPU], **change})) is Kind.NOT_APPLICABLE


def test_a_stateful_set_is_joined_by_its_kind() -> None:
    change = {"spec.metrics": [CPU], "spec.scaleTargetRef.kind": "StatefulSet"}
    assert kind(workload(kind="StatefulSet"), hpa(change)) is Kind.VIOLATION


def test_a_name_that_is_not_known_yet_is_joined_by_what_it_came_from() -> None:
    change = {"spec.metrics": [CPU], "spec.scaleTargetRef.name": UNKNOWN}
    given = hpa(change, through={"spec": ["workload"]})
    assert kind(workload(), given) is Kind.VIOLATION


def test_a_name_that_is_not_known_yet_is_joined_by_the_applications_labels() -> None:
    labels = {"metadata.labels": {"app.kubernetes.io/name": "llm"}}
    change = {"spec.metrics": [CPU], "spec.scaleTargetRef.name": UNKNOWN, **labels}
    assert kind(workload(), hpa(change)) is Kind.VIOLATION


def test_a_name_that_is_not_known_yet_is_undetermined_beside_a_gpu_workload() -> None:
    change = {"spec.metrics": [CPU], "spec.scaleTargetRef.name": UNKNOWN}
    verdict = judge_stack(NOT_ON_CPU_ALONE, [workload(), hpa(change)])
    assert [item.path for item in verdict.undetermined] == ["spec.scaleTargetRef.name"]
    assert kind(workload({GPU: DELETE}), hpa(change)) is Kind.PASS


def test_a_workload_whose_name_is_not_known_yet_is_undetermined() -> None:
    given = workload({"metadata.name": UNKNOWN})
    assert kind(given, hpa({"spec.metrics": [CPU]})) is Kind.UNDETERMINED


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        (UNKNOWN, Kind.UNDETERMINED),
        ([CPU, UNKNOWN], Kind.UNDETERMINED),
        ([{"type": UNKNOWN}], Kind.UNDETERMINED),
        ([UNKNOWN, QUEUE], Kind.PASS),
    ],
)
def test_unknown_metrics_are_undetermined_unless_a_known_one_follows_load(
    metrics: Any, expected: Kind
) -> None:
    assert kind(workload(), hpa({"spec.metrics": metrics})) is expected


def test_limits_that_are_not_known_yet_are_undetermined_at_the_workload() -> None:
    given = workload({"spec.template.spec.containers[0].resources.limits": UNKNOWN})
    verdict = judge_stack(NOT_ON_CPU_ALONE, [given, hpa({"spec.metrics": [CPU]})])
    assert [(item.urn, item.path) for item in verdict.undetermined] == [
        (given.urn, "spec.template.spec.containers[0].resources.limits")
    ]


def test_a_bad_scaler_behind_an_undetermined_one_is_not_lost() -> None:
    unclear = Given(
        token="kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        props=but(HPA, {"spec.metrics": UNKNOWN}),
        name="a-unclear",
    )
    verdict = judge_stack(NOT_ON_CPU_ALONE, [unclear, hpa({"spec.metrics": [CPU]}), workload()])
    assert len(verdict.violations) == 1
    assert len(verdict.undetermined) == 1


def test_a_stack_without_scalers_is_not_applicable() -> None:
    assert kind(workload()) is Kind.NOT_APPLICABLE
