"""Synthetic series: a pipeline whose every value is known, beside neighbours that must not count.

Scraped every 15 s for 100 minutes. Counters are written by their rate: `per_second(2)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

STEPS = 400
EVALUATED_AT = "90m"
NAMESPACE = "inference"
PODS = ("bert-7d9fbc6b5d-aaaaa", "bert-7d9fbc6b5d-bbbbb")
GATEWAYS = ("inference-gateway-5c9-g1", "inference-gateway-5c9-g2")
SPOT = {
    "label_ballast_capacity_type": "spot",
    "label_node_kubernetes_io_instance_type": "g6.2xlarge",
}
ON_DEMAND = {**SPOT, "label_ballast_capacity_type": "on-demand"}
SYSTEM = {
    "label_ballast_capacity_type": "on-demand",
    "label_node_kubernetes_io_instance_type": "m7i.2xlarge",
}


@dataclass(frozen=True)
class Series:
    """One series in the form of promtool's tests."""

    name: str
    labels: Mapping[str, str]
    values: str

    def written(self) -> dict[str, str]:
        labels = ",".join(f'{key}="{value}"' for key, value in self.labels.items())
        return {"series": f"{self.name}{{{labels}}}", "values": self.values}


def constant(value: float, steps: int = STEPS) -> str:
    return f"{value}x{steps}"


def per_second(rate: float, steps: int = STEPS, every: int = 15) -> str:
    return f"0+{rate * every:g}x{steps}"


def histogram(
    name: str, labels: Mapping[str, str], ends: tuple[str, str], *, half: str, whole: str
) -> Iterator[Series]:
    """Half of the observations up to the first end, all of them up to the second."""
    yield Series(f"{name}_bucket", {**labels, "le": ends[0]}, half)
    yield Series(f"{name}_bucket", {**labels, "le": ends[1]}, whole)
    yield Series(f"{name}_bucket", {**labels, "le": "+Inf"}, whole)
    yield Series(f"{name}_count", labels, whole)


def gateway(cluster: str, namespace: str = NAMESPACE, scale: float = 1) -> Iterator[Series]:
    """Two gateway pods that see one cluster: 6 in flight, 1.5 answers and 0.1 errors a second."""
    for pod, active, pending, rate in ((GATEWAYS[0], 3, 1, 1.0), (GATEWAYS[1], 2, 0, 0.5)):
        of = {"namespace": namespace, "pod": pod, "envoy_cluster_name": cluster}
        yield Series("envoy_cluster_upstream_rq_active", of, constant(active * scale))
        yield Series("envoy_cluster_upstream_rq_pending_active", of, constant(pending * scale))
        yield Series("envoy_cluster_upstream_rq_completed", of, per_second(rate * scale))
        yield Series("envoy_cluster_upstream_rq_retry", of, per_second(rate * scale))
        healthy = 2 if pod == GATEWAYS[0] else 1
        yield Series("envoy_cluster_membership_healthy", of, constant(healthy))
        ejected = {**of, "healthy": "no"}
        yield Series("envoy_cluster_outlier_detection_ejections_active", ejected, constant(1))
    first = {"namespace": namespace, "pod": GATEWAYS[0], "envoy_cluster_name": cluster}
    failed = {**first, "envoy_response_code_class": "5"}
    yield Series("envoy_cluster_upstream_rq_xx", failed, per_second(0.1 * scale))
    well = {**first, "envoy_response_code_class": "2"}
    yield Series("envoy_cluster_upstream_rq_xx", well, per_second(1.4 * scale))
    yield Series("envoy_cluster_upstream_cx_none_healthy", first, per_second(scale))
    yield Series("envoy_cluster_upstream_rq_pending_overflow", first, per_second(scale))
    # Prometheus 2 keeps 500 as Envoy writes it, Prometheus 3 makes it 500.0.
    ends = ("500", "1000") if namespace == NAMESPACE else ("500.0", "1000.0")
    yield from histogram(
        *("envoy_cluster_upstream_rq_time", first, ends),
        half=per_second(0.5 * scale),
        whole=per_second(scale),
    )


def entry(namespace: str = NAMESPACE) -> Iterator[Series]:
    """What the gateway sees of clients; the metrics listener is not one of them."""
    for prefix, scale in (("requests", 1), ("metrics", 100)):
        of = {"namespace": namespace, "envoy_http_conn_manager_prefix": prefix}
        for pod, active in zip(GATEWAYS, (5, 2), strict=True):
            labels = {**of, "pod": pod}
            yield Series("envoy_http_downstream_rq_active", labels, constant(active * scale))
        for code, rate in (("2", 1.0), ("5", 0.1)):
            answered = {**of, "envoy_response_code_class": code}
            yield Series("envoy_http_downstream_rq_xx", answered, per_second(rate * scale))
        yield from histogram(
            *("envoy_http_downstream_rq_time", of, ("500", "1000")),
            half=per_second(0.5 * scale),
            whole=per_second(scale),
        )


def engine(workload: str, pods: tuple[str, str], namespace: str = NAMESPACE) -> Iterator[Series]:
    """Two replicas as every engine tells of them."""
    gauges = {
        "vllm:num_requests_running": (4, 6),
        "vllm:num_requests_waiting": (1, 0),
        "vllm:kv_cache_usage_perc": (0.6, 0.8),
        "sglang:num_running_reqs": (4, 6),
        "sglang:num_queue_reqs": (1, 0),
        "sglang:token_usage": (0.6, 0.8),
        "te_queue_size": (3, 2),
        "nv_inference_pending_request_count": (3, 2),
    }
    counters = {
        "vllm:num_preemptions_total": 0.5,
        "vllm:prompt_tokens_total": 100,
        "vllm:generation_tokens_total": 50,
        "sglang:prompt_tokens_total": 100,
        "sglang:generation_tokens_total": 50,
    }
    histograms = (
        "vllm:time_to_first_token_seconds",
        "vllm:inter_token_latency_seconds",
        "vllm:e2e_request_latency_seconds",
        "sglang:time_to_first_token_seconds",
        "sglang:inter_token_latency_seconds",
        "sglang:e2e_request_latency_seconds",
        "te_request_duration",
    )
    for number, pod in enumerate(pods):
        of = {"namespace": namespace, "workload": workload, "pod": pod}
        for name, values in gauges.items():
            yield Series(name, of, constant(values[number]))
        for name, rate in counters.items():
            yield Series(name, of, per_second(rate))
        for name in histograms:
            yield from histogram(
                *(name, of, ("0.5", "1.0")), half=per_second(0.25), whole=per_second(0.5)
            )


def pods(deployment: str, names: tuple[str, str], namespace: str = NAMESPACE) -> Iterator[Series]:
    """Two replicas as the cluster tells of them."""
    of = {"namespace": namespace, "deployment": deployment}
    yield Series("kube_deployment_spec_replicas", of, constant(3))
    yield Series("kube_deployment_status_replicas_available", of, constant(2))
    scaler = {"namespace": namespace, "horizontalpodautoscaler": f"keda-hpa-{deployment}"}
    yield Series("kube_horizontalpodautoscaler_spec_max_replicas", scaler, constant(8))
    yield Series("kube_horizontalpodautoscaler_status_desired_replicas", scaler, constant(3))
    for status, value in (("true", 1), ("false", 0), ("unknown", 0)):
        condition = {**scaler, "condition": "ScalingActive", "status": status}
        name = "kube_horizontalpodautoscaler_status_condition"
        yield Series(name, condition, constant(value))
    errors = {"namespace": namespace, "scaledObject": deployment, "scaler": "prometheusScaler"}
    yield Series("keda_scaler_detail_errors_total", errors, constant(0))
    for pod, memory, pending in zip(names, (6e9, 3e9), (1, 0), strict=True):
        yield from _pod({"namespace": namespace, "pod": pod}, memory, pending)


def _pod(of: dict[str, str], memory: float, pending: int) -> Iterator[Series]:
    container = {**of, "container": "model"}
    yield Series("container_cpu_usage_seconds_total", container, per_second(0.5))
    yield Series("container_memory_working_set_bytes", container, constant(memory))
    # The pod's cgroup, which holds the container's once more, and the pause container.
    for name in ("", "POD"):
        extra = {**of, "container": name}
        yield Series("container_cpu_usage_seconds_total", extra, per_second(50))
        yield Series("container_memory_working_set_bytes", extra, constant(7.9e9))
    for resource, value in (("cpu", 1.0), ("memory", 2e9)):
        request = {**container, "resource": resource}
        yield Series("kube_pod_container_resource_requests", request, constant(value))
    limit = {**container, "resource": "memory"}
    yield Series("kube_pod_container_resource_limits", limit, constant(8e9))
    yield Series("kube_pod_container_status_restarts_total", container, "0+1x400")
    for phase, value in (("Pending", pending), ("Running", 1 - pending)):
        yield Series("kube_pod_status_phase", {**of, "phase": phase}, constant(value))


def gpus() -> Iterator[Series]:
    """Four GPUs: two taken, one free and idle, one that came ten minutes ago."""
    taken = [{"namespace": NAMESPACE, "pod": pod, "gpu": "0"} for pod in PODS]
    rest = [{"gpu": "0", "node": "n3"}, {"gpu": "0", "node": "n4"}]
    uses = [constant(80), constant(60), constant(0), f"_x320 {constant(0, 80)}"]
    for labels, use, used, free in zip(
        [*taken, *rest], uses, (10, 20, 0, 0), (10, 0, 10, 10), strict=True
    ):
        yield Series("DCGM_FI_DEV_GPU_UTIL", labels, use)
        yield Series("DCGM_FI_DEV_FB_USED", labels, constant(used))
        yield Series("DCGM_FI_DEV_FB_FREE", labels, constant(free))


def nodes() -> Iterator[Series]:
    """A spot and an on-demand node with a GPU, and one without."""
    for node, labels in (("n1", SPOT), ("n2", ON_DEMAND), ("n3", SYSTEM)):
        yield Series("kube_node_labels", {"node": node, **labels}, constant(1))
        cpu = {"node": node, "resource": "cpu", "unit": "core"}
        yield Series("kube_node_status_allocatable", cpu, constant(8))
        gpu = {"node": node, "resource": "nvidia_com_gpu", "unit": "integer"}
        count = 0 if labels is SYSTEM else 1
        yield Series("kube_node_status_allocatable", gpu, constant(count))
    for labels, price in ((SPOT, 0.4), (ON_DEMAND, 0.98), (SYSTEM, 0.4)):
        yield Series("ballast:node_dollars:hour", labels, constant(price))
    # Gone after twenty minutes, as the node is.
    notice = {"node": "n1", "key": "aws-node-termination-handler/spot-itn", "effect": "NoSchedule"}
    yield Series("kube_node_spec_taint", notice, f"_x150 {constant(1, 80)} stale")
    other = {"node": "n2", "key": "nvidia.com/gpu", "effect": "NoSchedule"}
    yield Series("kube_node_spec_taint", other, constant(1))
    for kind in ("spot_interrupted", "state_change"):
        name = "karpenter_interruption_received_messages_total"
        yield Series(name, {"message_type": kind}, "0+1x400")


def world() -> list[Series]:
    """Everything, with a neighbour of a longer name and a namesake in another namespace."""
    neighbour = ("bert-large-6f5d8c9b7-aaaaa", "bert-large-6f5d8c9b7-bbbbb")
    return [
        *gateway("bert"),
        *gateway("bert-large", scale=50),
        *gateway("bert", "elsewhere", scale=50),
        *entry(),
        *engine("bert", PODS),
        *engine("bert-large", neighbour),
        *engine("bert", PODS, "elsewhere"),
        *pods("bert", PODS),
        *pods("bert-large", neighbour),
        *pods("bert", PODS, "elsewhere"),
        *gpus(),
        *nodes(),
    ]
