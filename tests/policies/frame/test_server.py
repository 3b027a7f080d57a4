"""The analyzer: what it knows of a stack, and when."""

from __future__ import annotations

import pytest

from frame.facts import UNKNOWN
from rules.inference.scaling_signal import NOT_ON_CPU_ALONE
from tests.support.policy import Given, analyze_stack, analyzer, proto, to_struct

WORKLOAD = Given(
    token="kubernetes:apps/v1:Deployment",
    name="workload",
    props={
        "metadata": {"name": "llm", "namespace": "serving"},
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "s", "resources": {"limits": {"nvidia.com/gpu": 1}}}]
                }
            }
        },
    },
)
SCALER = Given(
    token="kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    name="hpa",
    props={
        "metadata": {"name": "llm", "namespace": "serving"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "llm"}, "maxReplicas": 4},
    },
)


@pytest.mark.parametrize("outputs", [True, False])
def test_a_stack_is_judged_alike_with_outputs_and_before_its_cluster_exists(outputs: bool) -> None:
    (found,) = analyze_stack([NOT_ON_CPU_ALONE], [SCALER, WORKLOAD], outputs=outputs)
    assert found.policyName == NOT_ON_CPU_ALONE.id
    assert found.urn == SCALER.urn


def test_an_output_that_is_known_goes_before_the_input_and_an_unknown_one_does_not_count() -> None:

    served = analyzer([NOT_ON_CPU_ALONE])
    request = proto.AnalyzeRequest(
        urn="u", type="t", properties=to_struct({"a": 1, "b": 2, "c": 3})
    )
    served.Analyze(request, None)
    item = proto.AnalyzerResource(
        urn="u",
        type="t",
        properties=to_struct({"b": UNKNOWN, "c": 4, "d": UNKNOWN, "e": [UNKNOWN]}),
    )
    properties, _ = served._known(item)
    assert properties == {"a": 1, "b": 2, "c": 4}
