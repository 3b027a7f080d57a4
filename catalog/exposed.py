"""The names under which metrics are exposed, by whom, and which of them are gone.

A query with a name that its engine has dropped yields nothing and breaks nothing: the scaler
just never acts. So the names are known here, the old ones with what they became.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["gauge", "counter", "histogram"]
_PARTS: Final = ("_bucket", "_sum", "_count")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One exposed metric."""

    name: str
    exposed_by: str
    kind: Kind
    # Highest value of one series. None: no limit.
    bound: float | None = None
    # First version that has it, and first that does not.
    since: str | None = None
    until: str | None = None
    # What to ask for instead.
    successor: str | None = None


def _gauges(exposed_by: str, *names: str, bound: float | None = None) -> tuple[Metric, ...]:
    return tuple(
        Metric(name=name, exposed_by=exposed_by, kind="gauge", bound=bound) for name in names
    )


def _counters(exposed_by: str, *names: str) -> tuple[Metric, ...]:
    return tuple(Metric(name=name, exposed_by=exposed_by, kind="counter") for name in names)


def _histograms(exposed_by: str, *names: str) -> tuple[Metric, ...]:
    return tuple(Metric(name=name, exposed_by=exposed_by, kind="histogram") for name in names)


def _renamed(
    exposed_by: str, old: str, new: str | None, kind: Kind, until: str, bound: float | None = None
) -> Metric:
    return Metric(
        name=old, exposed_by=exposed_by, kind=kind, until=until, successor=new, bound=bound
    )


_ENVOY: Final = (
    *_gauges(
        "envoy",
        "envoy_cluster_upstream_rq_active",
        "envoy_cluster_upstream_rq_pending_active",
        "envoy_cluster_membership_healthy",
        "envoy_cluster_membership_total",
        "envoy_cluster_outlier_detection_ejections_active",
        "envoy_http_downstream_rq_active",
    ),
    *_counters(
        "envoy",
        "envoy_cluster_upstream_rq_completed",
        "envoy_cluster_upstream_rq_total",
        "envoy_cluster_upstream_rq_xx",
        "envoy_cluster_upstream_rq_retry",
        "envoy_cluster_upstream_rq_timeout",
        "envoy_cluster_upstream_rq_pending_overflow",
        "envoy_cluster_upstream_cx_none_healthy",
        "envoy_http_downstream_rq_total",
        "envoy_http_downstream_rq_xx",
    ),
    *_histograms("envoy", "envoy_cluster_upstream_rq_time", "envoy_http_downstream_rq_time"),
)
# Renames: vllm-project/vllm#18354, #24110 and the removals in #29330.
_VLLM: Final = (
    *_gauges("vllm", "vllm:num_requests_running", "vllm:num_requests_waiting"),
    Metric(
        name="vllm:kv_cache_usage_perc", exposed_by="vllm", kind="gauge", bound=1, since="0.9.1"
    ),
    *_counters(
        "vllm",
        "vllm:num_preemptions_total",
        "vllm:prompt_tokens_total",
        "vllm:generation_tokens_total",
        "vllm:request_success_total",
        "vllm:prefix_cache_queries_total",
        "vllm:prefix_cache_hits_total",
    ),
    *_histograms(
        "vllm",
        "vllm:time_to_first_token_seconds",
        "vllm:inter_token_latency_seconds",
        "vllm:e2e_request_latency_seconds",
        "vllm:request_queue_time_seconds",
    ),
    _renamed(
        *("vllm", "vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc", "gauge"),
        until="0.12.0",
        bound=1,
    ),
    _renamed(
        *("vllm", "vllm:gpu_prefix_cache_queries_total", "vllm:prefix_cache_queries_total"),
        kind="counter",
        until="0.12.0",
    ),
    _renamed(
        *("vllm", "vllm:gpu_prefix_cache_hits_total", "vllm:prefix_cache_hits_total"),
        kind="counter",
        until="0.12.0",
    ),
    _renamed(
        *("vllm", "vllm:time_per_output_token_seconds", "vllm:inter_token_latency_seconds"),
        kind="histogram",
        until="0.13.0",
    ),
    # The engine of before: it swapped requests to the host's memory.
    _renamed("vllm", "vllm:num_requests_swapped", None, "gauge", "0.11.0"),
    _renamed("vllm", "vllm:cpu_cache_usage_perc", None, "gauge", "0.11.0", 1),
)
_OTHERS: Final = (
    *_gauges("sglang", "sglang:num_running_reqs", "sglang:num_queue_reqs"),
    *_gauges("sglang", "sglang:token_usage", "sglang:cache_hit_rate", bound=1),
    *_counters("sglang", "sglang:prompt_tokens_total", "sglang:generation_tokens_total"),
    *_histograms(
        "sglang",
        "sglang:time_to_first_token_seconds",
        "sglang:inter_token_latency_seconds",
        "sglang:e2e_request_latency_seconds",
    ),
    *_gauges("text-embeddings-inference", "te_queue_size"),
    *_counters("text-embeddings-inference", "te_request_count", "te_request_success"),
    *_histograms(
        "text-embeddings-inference",
        "te_request_duration",
        "te_request_queue_duration",
        "te_request_inference_duration",
        "te_batch_next_size",
    ),
    *_gauges("triton", "nv_inference_pending_request_count"),
    *_gauges("triton", "nv_gpu_utilization", bound=1),
    *_counters("triton", "nv_inference_request_success", "nv_inference_request_failure"),
    *_gauges("dcgm-exporter", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_MEM_COPY_UTIL", bound=100),
    *_gauges("dcgm-exporter", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", bound=1),
    *_gauges(
        "dcgm-exporter", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE", "DCGM_FI_DEV_XID_ERRORS"
    ),
)
_CLUSTER: Final = (
    *_counters("cadvisor", "container_cpu_usage_seconds_total"),
    *_gauges("cadvisor", "container_memory_working_set_bytes"),
    *_gauges(
        "kube-state-metrics",
        "kube_deployment_spec_replicas",
        "kube_deployment_status_replicas_available",
        "kube_horizontalpodautoscaler_spec_max_replicas",
        "kube_horizontalpodautoscaler_status_desired_replicas",
        "kube_pod_container_resource_limits",
        "kube_pod_container_resource_requests",
        "kube_node_status_allocatable",
    ),
    *_gauges(
        "kube-state-metrics",
        "kube_horizontalpodautoscaler_status_condition",
        "kube_pod_status_phase",
        "kube_node_labels",
        "kube_node_spec_taint",
        bound=1,
    ),
    *_counters("kube-state-metrics", "kube_pod_container_status_restarts_total"),
    *_counters("keda", "keda_scaler_detail_errors_total", "keda_scaled_object_errors_total"),
    *_gauges("keda", "keda_scaler_metrics_value"),
    *_gauges("keda", "keda_scaler_active", "keda_scaled_object_paused", bound=1),
    _renamed(
        "keda", "keda_scaler_errors_total", "keda_scaler_detail_errors_total", "counter", "2.17"
    ),
    _renamed("keda", "keda_scaler_errors", "keda_scaler_detail_errors_total", "counter", "2.17"),
    *_counters("karpenter", "karpenter_interruption_received_messages_total"),
    _renamed(
        *("karpenter", "karpenter_interruption_received_messages"),
        "karpenter_interruption_received_messages_total",
        kind="counter",
        until="1.0",
    ),
    *_gauges("ballast", "ballast:node_dollars:hour"),
    *_gauges("prometheus", "up", "ALERTS", bound=1),
)

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {metric.name: metric for metric in (*_ENVOY, *_VLLM, *_OTHERS, *_CLUSTER)}
)


def metric(name: str) -> Metric | None:
    """Return what is known of a name as it stands in a query, histogram parts included."""
    found = METRICS.get(name)
    if found is not None:
        return found
    for part in _PARTS:
        whole = METRICS.get(name.removesuffix(part)) if name.endswith(part) else None
        if whole is not None and whole.kind == "histogram":
            return whole
    return None
