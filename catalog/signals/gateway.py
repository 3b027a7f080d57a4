"""What the gateway's Envoy tells about every stage behind it.

It sees requests that the engines never do: those that wait for a connection, and those that
were turned away. It is also there when a stage has no replica, so it can wake one.

Traps, found by asking Envoy 1.40 itself. `upstream_rq_total` counts tries and leaves out
requests that found no replica: `upstream_rq_completed` counts answers, whoever gave them. A
response class has no series before its first answer: a share of errors needs `or vector(0)`.
Latencies are milliseconds.
"""

from __future__ import annotations

from typing import Final

from catalog.signals.record import Combine, Signal, Unit

ENVOY: Final = "envoy"
_CLUSTERS: Final = "https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats"
_HTTP: Final = "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats"
_CLUSTER: Final = 'namespace="$namespace",envoy_cluster_name="$workload"'
_ENTRY: Final = 'namespace="$namespace",envoy_http_conn_manager_prefix="requests"'

# Upper ends of the default histogram's buckets, ms: a latency objective has to be one of them.
BUCKETS_MS: Final = (
    *(0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000),
    *(30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000),
)

_IN_FLIGHT: Final = (
    f"sum(envoy_cluster_upstream_rq_active{{{_CLUSTER}}})"
    f" + sum(envoy_cluster_upstream_rq_pending_active{{{_CLUSTER}}})"
)

GATEWAY_IN_FLIGHT: Final = Signal(
    name="gateway-in-flight",
    meaning="requests that the gateway has handed to the stage, or holds for it, unanswered",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql=_IN_FLIGHT,
    unit=Unit.REQUESTS,
    combine=Combine.ADDITIVE,
)
GATEWAY_DEMAND: Final = Signal(
    name="gateway-demand",
    meaning="requests in flight, and those of the last minute that found no replica: "
    "it wakes a stage that has none",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql=f"{_IN_FLIGHT}"
    f" + sum(increase(envoy_cluster_upstream_cx_none_healthy{{{_CLUSTER}}}[1m]))",
    unit=Unit.REQUESTS,
    combine=Combine.ADDITIVE,
)
GATEWAY_RATE: Final = Signal(
    name="gateway-rate",
    meaning="requests a second that were answered, by the stage or by the gateway for it",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql=f"sum(rate(envoy_cluster_upstream_rq_completed{{{_CLUSTER}}}[$window]))",
    unit=Unit.REQUESTS_PER_SECOND,
    combine=Combine.ADDITIVE,
)
GATEWAY_ERRORS: Final = Signal(
    name="gateway-errors",
    meaning="share of a stage's answers that are 5xx, the gateway's own included",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql="(sum(rate(envoy_cluster_upstream_rq_xx{"
    f'{_CLUSTER},envoy_response_code_class="5"}}[$window])) or vector(0))'
    f" / (sum(rate(envoy_cluster_upstream_rq_completed{{{_CLUSTER}}}[$window])) > 0)",
    unit=Unit.RATIO,
    combine=Combine.STATE,
    bound=1,
    warning=0.05,
    critical=0.25,
)
GATEWAY_LATENCY: Final = Signal(
    name="gateway-latency",
    meaning="time that 95 of 100 answers of the stage take at most, seen from the gateway",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql="histogram_quantile(0.95, sum by (le) "
    f"(rate(envoy_cluster_upstream_rq_time_bucket{{{_CLUSTER}}}[$window]))) / 1000",
    unit=Unit.SECONDS,
    combine=Combine.STATE,
)
GATEWAY_SLOW: Final = Signal(
    name="gateway-slow",
    meaning="share of the stage's answers that took longer than the limit, seen from the gateway",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql="1 - sum(rate(envoy_cluster_upstream_rq_time_bucket{"
    f'{_CLUSTER},le=~"$bucket"}}[$window]))'
    f" / (sum(rate(envoy_cluster_upstream_rq_time_count{{{_CLUSTER}}}[$window])) > 0)",
    unit=Unit.RATIO,
    combine=Combine.STATE,
    bound=1,
    limits=tuple(end / 1000 for end in BUCKETS_MS),
    per_second=1000,
)
GATEWAY_REPLICAS: Final = Signal(
    name="gateway-healthy-replicas",
    meaning="replicas that the gateway's own health checks pass, as the gateway sees fewest",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql=f"min(envoy_cluster_membership_healthy{{{_CLUSTER}}})",
    unit=Unit.REPLICAS,
    combine=Combine.STATE,
)
GATEWAY_EJECTED: Final = Signal(
    name="gateway-ejected-replicas",
    meaning="replicas that the gateway leaves out because they failed too often",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql=f"max(envoy_cluster_outlier_detection_ejections_active{{{_CLUSTER}}})",
    unit=Unit.REPLICAS,
    combine=Combine.STATE,
)
GATEWAY_RETRIES: Final = Signal(
    name="gateway-retries",
    meaning="requests a second that the gateway tried again",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql=f"sum(rate(envoy_cluster_upstream_rq_retry{{{_CLUSTER}}}[$window]))",
    unit=Unit.REQUESTS_PER_SECOND,
    combine=Combine.ADDITIVE,
)
GATEWAY_REFUSED: Final = Signal(
    name="gateway-refused",
    meaning="requests a second that a circuit breaker, or the want of a replica, turned away",
    source=_CLUSTERS,
    exposed_by=ENVOY,
    promql=f"sum(rate(envoy_cluster_upstream_rq_pending_overflow{{{_CLUSTER}}}[$window]))"
    f" + sum(rate(envoy_cluster_upstream_cx_none_healthy{{{_CLUSTER}}}[$window]))",
    unit=Unit.REQUESTS_PER_SECOND,
    combine=Combine.ADDITIVE,
)
ENTRY_IN_FLIGHT: Final = Signal(
    name="entry-in-flight",
    meaning="requests that clients wait for, over all stages",
    source=_HTTP,
    exposed_by=ENVOY,
    promql=f"sum(envoy_http_downstream_rq_active{{{_ENTRY}}})",
    unit=Unit.REQUESTS,
    combine=Combine.ADDITIVE,
)
ENTRY_ANSWERS: Final = Signal(
    name="entry-answers",
    meaning="answers a second that clients got, by class of the status",
    source=_HTTP,
    exposed_by=ENVOY,
    promql="sum by (envoy_response_code_class) "
    f"(rate(envoy_http_downstream_rq_xx{{{_ENTRY}}}[$window]))",
    unit=Unit.REQUESTS_PER_SECOND,
    combine=Combine.ADDITIVE,
    by=("envoy_response_code_class",),
)
ENTRY_LATENCY: Final = Signal(
    name="entry-latency",
    meaning="time that 95 of 100 requests take at most, over all stages",
    source=_HTTP,
    exposed_by=ENVOY,
    promql="histogram_quantile(0.95, sum by (le) "
    f"(rate(envoy_http_downstream_rq_time_bucket{{{_ENTRY}}}[$window]))) / 1000",
    unit=Unit.SECONDS,
    combine=Combine.STATE,
)

SIGNALS: Final = (
    GATEWAY_IN_FLIGHT,
    GATEWAY_DEMAND,
    GATEWAY_RATE,
    GATEWAY_ERRORS,
    GATEWAY_LATENCY,
    GATEWAY_SLOW,
    GATEWAY_REPLICAS,
    GATEWAY_EJECTED,
    GATEWAY_RETRIES,
    GATEWAY_REFUSED,
    ENTRY_IN_FLIGHT,
    ENTRY_ANSWERS,
    ENTRY_LATENCY,
)
