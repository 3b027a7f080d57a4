"""What scales a stage: an autoscaler on the CPU, or KEDA's ScaledObject on signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pulumi_kubernetes import autoscaling

from catalog.metrics import Combine, Scope
from catalog.scaling import Trigger
from components.serving.workload import CpuScaling, SignalScaling, Workload

SCALED_OBJECT: Final[Mapping[str, str]] = {
    "api_version": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
}
_POLL_SECONDS: Final = 15
# Looks at Prometheus that have to fail before it counts as gone.
_FAILURES: Final = 3
_UP: Final = ("Percent", 100, 15)
_DOWN: Final = ("Pods", 1, 60)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Whose signals are asked for, and where."""

    prometheus_url: str
    namespace: str


def cpu_spec(
    workload: Workload, scaling: CpuScaling
) -> autoscaling.v2.HorizontalPodAutoscalerSpecArgs:
    """Return the spec of an autoscaler on the CPU."""
    return autoscaling.v2.HorizontalPodAutoscalerSpecArgs(
        scale_target_ref=autoscaling.v2.CrossVersionObjectReferenceArgs(
            api_version="apps/v1", kind="Deployment", name=workload.name
        ),
        min_replicas=scaling.min_replicas,
        max_replicas=scaling.max_replicas,
        metrics=[_cpu(scaling.target_percent)],
        behavior=_behavior(),
    )


def scaled_object_spec(workload: Workload, scaling: SignalScaling, watch: Watch) -> dict[str, Any]:
    """Return the spec of a ScaledObject."""
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload.name},
        "pollingInterval": _POLL_SECONDS,
        # KEDA takes the last replica away, and must not be quicker than the autoscaler is with
        # the others.
        "cooldownPeriod": scaling.calm_seconds,
        "minReplicaCount": scaling.min_replicas,
        "maxReplicaCount": scaling.max_replicas,
        "fallback": {
            "failureThreshold": _FAILURES,
            "replicas": scaling.fallback_replicas,
            # Without Prometheus nobody knows the load: what serves stays.
            "behavior": "currentReplicasIfHigher",
        },
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "behavior": {
                    "scaleUp": _rules(0, _UP),
                    "scaleDown": _rules(scaling.calm_seconds, _DOWN),
                }
            }
        },
        "triggers": [_trigger(trigger, workload, scaling, watch) for trigger in scaling.triggers],
    }


def _trigger(
    trigger: Trigger, workload: Workload, scaling: SignalScaling, watch: Watch
) -> dict[str, Any]:
    return {
        "type": "prometheus",
        "name": trigger.signal.name,
        "metricType": str(trigger.metric_type),
        "metadata": {
            "serverAddress": watch.prometheus_url,
            "query": query(trigger, workload, scaling, namespace=watch.namespace),
            "threshold": f"{trigger.threshold:g}",
            "activationThreshold": "0",
            # No answer is not the same as no load.
            "ignoreNullValues": "false",
        },
    }


def query(trigger: Trigger, workload: Workload, scaling: SignalScaling, *, namespace: str) -> str:
    """Return what a trigger asks Prometheus: the signal, less what the base takes of it."""
    asked = trigger.signal.query(scope(workload, namespace), window="2m")
    if workload.base is not None:
        if trigger.signal.combine is not Combine.ADDITIVE:
            return asked
        share = workload.base.replicas * trigger.threshold
        return f"clamp_min(({asked}) - {share:g}, 0)"
    if scaling.min_replicas == 0 and trigger.signal.exposed_by != "envoy":
        # The gateway's signal, which is always there, says whether anybody asks.
        return f"({asked}) or vector(0)"
    return asked


def scope(workload: Workload, namespace: str) -> Scope:
    """Return whose signals the stage's are."""
    names = (workload.name, base_name(workload)) if workload.base else None
    return Scope(namespace=namespace, workload=workload.name, deployments=names)


def base_name(workload: Workload) -> str:
    """Return the name of the deployment of the base."""
    return f"{workload.name}-base"


def _cpu(target_percent: int) -> autoscaling.v2.MetricSpecArgs:
    return autoscaling.v2.MetricSpecArgs(
        type="Resource",
        resource=autoscaling.v2.ResourceMetricSourceArgs(
            name="cpu",
            target=autoscaling.v2.MetricTargetArgs(
                type="Utilization", average_utilization=target_percent
            ),
        ),
    )


def _behavior() -> autoscaling.v2.HorizontalPodAutoscalerBehaviorArgs:
    """Up at once, down slowly: a replica takes longer to load than a lull lasts."""
    return autoscaling.v2.HorizontalPodAutoscalerBehaviorArgs(
        scale_up=autoscaling.v2.HPAScalingRulesArgs(
            stabilization_window_seconds=0, policies=[_policy(*_UP)]
        ),
        scale_down=autoscaling.v2.HPAScalingRulesArgs(
            stabilization_window_seconds=300, policies=[_policy(*_DOWN)]
        ),
    )


def _policy(kind: str, value: int, period_seconds: int) -> autoscaling.v2.HPAScalingPolicyArgs:
    return autoscaling.v2.HPAScalingPolicyArgs(
        type=kind, value=value, period_seconds=period_seconds
    )


def _rules(window_seconds: int, step: tuple[str, int, int]) -> dict[str, Any]:
    kind, value, period = step
    return {
        "stabilizationWindowSeconds": window_seconds,
        "policies": [{"type": kind, "value": value, "periodSeconds": period}],
    }
