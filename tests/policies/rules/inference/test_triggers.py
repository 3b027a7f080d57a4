"""Whether scaling triggers can do what they are there for."""

from __future__ import annotations

from typing import Any

import pytest

from frame.facts import UNKNOWN
from frame.verdict import Kind
from rules.inference import conduct, triggers
from tests.support.cases import Cases, check_all
from tests.support.edits import DELETE
from tests.support.policy import Given, but, judge_stack

META = {"name": "llm", "namespace": "serving"}
TRIGGER = "spec.triggers[0]"
QUERY = f"{TRIGGER}.metadata.query"
THRESHOLD = f"{TRIGGER}.metadata.threshold"
NULLS = f"{TRIGGER}.metadata.ignoreNullValues"
WINDOW = "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds"
SERVER: dict[str, Any] = {
    "metadata": META,
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "vllm",
                        "image": "vllm/vllm-openai:v0.18.0",
                        "args": ["--model=Qwen/Qwen2.5-7B-Instruct"],
                        "resources": {"limits": {"nvidia.com/gpu": "1"}},
                    }
                ]
            }
        }
    },
}
LLM = Given(token="kubernetes:apps/v1:Deployment", name="llm", props=SERVER)
OLD = Given(
    token=LLM.token,
    name="llm",
    props=but(SERVER, {"spec.template.spec.containers[0].image": "vllm/vllm-openai:v0.8.5"}),
)
SCALED = Given(
    token="kubernetes:keda.sh/v1alpha1:ScaledObject",
    name="scaled",
    props={
        "metadata": META,
        "spec": {
            "scaleTargetRef": {"name": "llm"},
            "minReplicaCount": 1,
            "maxReplicaCount": 8,
            "cooldownPeriod": 600,
            "fallback": {"failureThreshold": 3, "replicas": 2},
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}}
                }
            },
            "triggers": [
                {
                    "type": "prometheus",
                    "metadata": {
                        "query": "sum(vllm:num_requests_waiting)",
                        "threshold": "5",
                        "ignoreNullValues": "false",
                    },
                }
            ],
        },
    },
)
HPA = Given(
    token="kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    name="hpa",
    props={"metadata": META, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "llm"}}},
)
KV = "avg(vllm:kv_cache_usage_perc)"
UTIL = "avg(DCGM_FI_DEV_GPU_UTIL)"


def cases(rule: Any, **more: Any) -> Cases:
    return Cases(rule=rule, good=SCALED, beside=[LLM], **more)


FAMILY = [
    cases(
        triggers.EXIST,
        bad=[
            ({QUERY: query}, QUERY)
            for query in (
                "avg(vllm:gpu_cache_usage_perc)",
                "sum(vllm:num_requests_queued)",
                "sum(rate(vllm:time_per_output_token_seconds_sum[2m]))",
                "sum(te_queue_size)",
            )
        ],
        fine=[
            {QUERY: query}
            for query in (KV, UTIL, "sum(envoy_cluster_upstream_rq_active)", "sum(our_own_metric)")
        ],
        silent=[{f"{TRIGGER}.type": "cpu"}],
        needs=[QUERY],
    ),
    cases(
        triggers.SINGLE,
        bad=[
            ({QUERY: query}, QUERY)
            for query in (
                "vllm:num_requests_waiting",
                'vllm:num_requests_waiting{model="x"}',
                "sum(vllm:num_requests_waiting) by (pod)",
                "sum by (pod) (vllm:num_requests_waiting)",
                "rate(vllm:request_success_total[1m])",
                "sum(vllm:request_success_total)",
                "",
            )
        ],
        fine=[
            {QUERY: query}
            for query in (
                "sum(rate(vllm:request_success_total[1m]))",
                "max(vllm:kv_cache_usage_perc)",
                "histogram_quantile(0.9, "
                "sum(rate(vllm:request_queue_time_seconds_bucket[5m])) by (le))",
                "sum(vllm:num_requests_waiting) + sum(vllm:num_requests_running)",
                'sum(vllm:num_requests_waiting{pod=~"a|b"})',
            )
        ],
        silent=[{f"{TRIGGER}.type": "aws-sqs-queue"}],
        needs=[QUERY],
    ),
    cases(
        triggers.REACH,
        bad=[
            ({THRESHOLD: "0"}, THRESHOLD),
            ({THRESHOLD: "-3"}, THRESHOLD),
            ({THRESHOLD: DELETE}, THRESHOLD),
            ({QUERY: KV, THRESHOLD: "0.7"}, THRESHOLD),
            ({QUERY: UTIL, THRESHOLD: "70"}, THRESHOLD),
            ({QUERY: KV, THRESHOLD: "80", f"{TRIGGER}.metricType": "Value"}, THRESHOLD),
        ],
        fine=[
            {QUERY: KV, THRESHOLD: "0.7", f"{TRIGGER}.metricType": "Value"},
            {QUERY: KV, THRESHOLD: "0.1"},
            {QUERY: "sum(vllm:kv_cache_usage_perc)", THRESHOLD: "0.7"},
            {QUERY: "sum(our_own_metric)", THRESHOLD: "1000000"},
        ],
        needs=[THRESHOLD],
    ),
    Cases(
        rule=conduct.WAKES,
        good=Given(
            token=SCALED.token,
            name="scaled",
            props=but(
                SCALED.props,
                {"spec.minReplicaCount": 0, QUERY: "sum(envoy_cluster_upstream_rq_active)"},
            ),
        ),
        bad=[
            ({QUERY: query}, "spec.triggers")
            for query in ("sum(vllm:num_requests_waiting)", UTIL, KV)
        ]
        + [({f"{TRIGGER}.type": "cpu"}, "spec.triggers")],
        fine=[
            {f"{TRIGGER}.type": "aws-sqs-queue"},
            {QUERY: UTIL, "spec.triggers[1]": {"type": "cron"}},
        ],
        silent=[{"spec.minReplicaCount": 1}],
        needs=["spec.minReplicaCount", QUERY, f"{TRIGGER}.type", TRIGGER],
    ),
    cases(
        conduct.BLIND,
        bad=[
            ({NULLS: DELETE}, NULLS),
            ({NULLS: "true"}, NULLS),
            ({"spec.fallback": DELETE}, "spec.fallback"),
        ],
        fine=[{"spec.fallback": DELETE, f"{TRIGGER}.metricType": "Value"}],
        silent=[{f"{TRIGGER}.type": "kafka"}],
        needs=[NULLS],
    ),
    cases(
        conduct.CALM,
        bad=[
            ({WINDOW: 60}, WINDOW),
            ({"spec.advanced": DELETE}, WINDOW),
            ({"spec.cooldownPeriod": 60}, "spec.cooldownPeriod"),
            ({"spec.cooldownPeriod": DELETE}, "spec.cooldownPeriod"),
        ],
        silent=[{"spec.scaleTargetRef.name": "other"}],
        needs=[WINDOW, "spec.cooldownPeriod"],
    ),
]
TestTriggers = check_all(FAMILY, [*triggers.RULES, conduct.WAKES, conduct.BLIND, conduct.CALM])


@pytest.mark.parametrize(
    "query", ["avg(vllm:kv_cache_usage_perc)", "sum(vllm:num_requests_swapped)"]
)
def test_whether_a_metric_exists_depends_on_the_engines_version(query: str) -> None:
    scaled = Given(token=SCALED.token, name="s", props=but(SCALED.props, {QUERY: query}))
    old = judge_stack(triggers.EXIST, [OLD, scaled]).kind
    new = judge_stack(triggers.EXIST, [LLM, scaled]).kind
    assert {old, new} == {Kind.PASS, Kind.VIOLATION}


def test_a_rename_is_told_with_the_new_name() -> None:
    props = but(SCALED.props, {QUERY: "avg(vllm:gpu_cache_usage_perc)"})
    (found,) = judge_stack(
        triggers.EXIST, [LLM, Given(token=SCALED.token, name="s", props=props)]
    ).violations
    assert found.found.endswith("it is called vllm:kv_cache_usage_perc now")


def test_two_scalers_of_one_workload_are_found_and_one_is_right() -> None:
    assert judge_stack(conduct.ONE, [LLM, SCALED]).kind is Kind.PASS
    assert judge_stack(conduct.ONE, [SCALED]).kind is Kind.NOT_APPLICABLE
    (found,) = judge_stack(conduct.ONE, [LLM, SCALED, HPA]).violations
    assert (
        found.found == "HorizontalPodAutoscaler llm and ScaledObject llm both scale Deployment llm"
    )


def test_a_bad_trigger_behind_an_unknown_one_is_not_lost() -> None:
    both = [UNKNOWN, {"type": "prometheus", "metadata": {"query": "vllm:num_requests_waiting"}}]
    props = but(SCALED.props, {"spec.triggers": both})
    verdict = judge_stack(triggers.SINGLE, [LLM, Given(token=SCALED.token, name="s", props=props)])
    assert [item.path for item in verdict.violations] == ["spec.triggers[1].metadata.query"]
