"""What the cluster tells about a stage's pods: kube-state-metrics, and the kubelet's cAdvisor."""

from __future__ import annotations

from typing import Final

from catalog.signals.record import Combine, Signal, Unit

STATE_METRICS: Final = "kube-state-metrics"
CADVISOR: Final = "cadvisor"
KEDA: Final = "keda"

_STATE: Final = "https://github.com/kubernetes/kube-state-metrics/tree/v2.17.0/docs/metrics"
_CADVISOR: Final = "https://github.com/google/cadvisor/blob/v0.52.1/docs/storage/prometheus.md"
_KEDA: Final = "https://keda.sh/docs/2.19/integrations/prometheus/"
_PODS: Final = 'namespace="$namespace",pod=~"$pods"'
_DEPLOYMENTS: Final = 'namespace="$namespace",deployment=~"$deployments"'
# KEDA puts `keda-hpa-` in front of the name of the autoscaler that it makes.
_SCALER: Final = 'namespace="$namespace",horizontalpodautoscaler=~"(keda-hpa-)?($deployments)"'
_OBJECT: Final = 'namespace="$namespace",scaledObject=~"$deployments"'
# The pod's own cgroup and the pause container carry no container of the pod.
_CONTAINERS: Final = f'{_PODS},container!="",container!="POD"'


def _state(name: str, meaning: str, promql: str, *, unit: Unit = Unit.REPLICAS) -> Signal:
    return Signal(
        name=name,
        meaning=meaning,
        source=_STATE,
        exposed_by=STATE_METRICS,
        promql=promql,
        unit=unit,
        combine=Combine.STATE,
    )


REPLICAS_READY: Final = _state(
    "replicas-ready",
    "replicas that answer",
    f"sum(kube_deployment_status_replicas_available{{{_DEPLOYMENTS}}})",
)
REPLICAS_WANTED: Final = _state(
    "replicas-wanted",
    "replicas that the autoscaler asks for, or the deployment where there is none",
    f"sum(kube_deployment_spec_replicas{{{_DEPLOYMENTS}}})",
)
REPLICAS_LIMIT: Final = _state(
    "replicas-limit",
    "most replicas that the autoscaler may ask for",
    f"sum(kube_horizontalpodautoscaler_spec_max_replicas{{{_SCALER}}})",
)
SCALER_ASKS: Final = _state(
    "scaler-asks",
    "replicas that the autoscaler asks for",
    f"sum(kube_horizontalpodautoscaler_status_desired_replicas{{{_SCALER}}})",
)
SCALER_BLIND: Final = _state(
    "scaler-blind",
    "autoscalers that cannot read their metrics",
    "sum(kube_horizontalpodautoscaler_status_condition{"
    f'{_SCALER},condition="ScalingActive",status="false"}})',
    unit=Unit.NUMBER,
)
SCALER_ERRORS: Final = Signal(
    name="scaler-errors",
    meaning="failures of KEDA to read a trigger of the stage, a second",
    source=_KEDA,
    exposed_by=KEDA,
    since="2.14",
    promql=f"sum(rate(keda_scaler_detail_errors_total{{{_OBJECT}}}[$window]))",
    unit=Unit.PER_SECOND,
    combine=Combine.STATE,
)
CPU: Final = Signal(
    name="cpu",
    meaning="CPU use as a share of what is requested, as a HorizontalPodAutoscaler sees it",
    source=_CADVISOR,
    exposed_by=CADVISOR,
    promql=f"sum(rate(container_cpu_usage_seconds_total{{{_CONTAINERS}}}[$window]))"
    f' / sum(kube_pod_container_resource_requests{{{_PODS},resource="cpu"}})',
    unit=Unit.RATIO,
    combine=Combine.AVERAGE,
)
MEMORY: Final = Signal(
    name="memory",
    meaning="working set as a share of the memory limit, of the container that is nearest to it",
    source=_CADVISOR,
    exposed_by=CADVISOR,
    promql=f"max(max by (pod, container) (container_memory_working_set_bytes{{{_CONTAINERS}}})"
    " / on (pod, container) max by (pod, container) "
    f'(kube_pod_container_resource_limits{{{_PODS},resource="memory"}}))',
    unit=Unit.RATIO,
    combine=Combine.STATE,
    bound=1,
    warning=0.85,
    critical=0.95,
)
RESTARTS: Final = Signal(
    name="restarts",
    meaning="restarts of the stage's containers within an hour",
    source=_STATE,
    exposed_by=STATE_METRICS,
    promql=f"sum(increase(kube_pod_container_status_restarts_total{{{_PODS}}}[1h]))",
    unit=Unit.NUMBER,
    combine=Combine.STATE,
    warning=3,
)
PENDING: Final = Signal(
    name="pending",
    meaning="pods of the stage that no node has taken, or that cannot start",
    source=_STATE,
    exposed_by=STATE_METRICS,
    promql=f'sum(kube_pod_status_phase{{{_PODS},phase="Pending"}})',
    unit=Unit.NUMBER,
    combine=Combine.STATE,
    warning=0,
)

SIGNALS: Final = (
    REPLICAS_READY,
    REPLICAS_WANTED,
    REPLICAS_LIMIT,
    SCALER_ASKS,
    SCALER_BLIND,
    SCALER_ERRORS,
    CPU,
    MEMORY,
    RESTARTS,
    PENDING,
)
