"""The gateway's Envoy configuration, made from the models: pure data.

A static bootstrap of the v3 API. Every backend is found by DNS of a headless service, so
that Envoy sees the pods themselves: behind one virtual address there would be nothing to
balance or to eject.

Clients and the aggregator come in by doors of their own. The aggregator's is not held to a
client's rate, has a step's time, and answers in JSON whatever happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.serving import envoy_http, envoy_routes
from components.serving.envoy_routes import Backend

ADMIN_PORT: Final = 9901
METRICS_PORT: Final = 9902
STEPS_PORT: Final = 8081
# Of the memory limit; what is above is left to code, threads and the kernel's buffers.
_HEAP_SHARE: Final = 0.8


@dataclass(frozen=True, kw_only=True)
class ClientLimit:
    """What one client, told by its address, may ask of one gateway pod."""

    requests_per_second: int
    # Requests at once, after a while of silence.
    burst: int


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """What the configuration follows from."""

    backends: Sequence[Backend]
    port: int
    ready_path: str
    # Longest a step of the aggregator may take.
    step_seconds: int
    # Age at which a client's connection is closed, between two requests.
    connection_seconds: int
    # None: clients may ask as much as they like.
    client_limit: ClientLimit | None
    memory_limit_gib: float

    @property
    def longest_seconds(self) -> int:
        """Longest that any request may take."""
        return max(backend.deadline_seconds for backend in self.backends)


def bootstrap(gateway: Gateway) -> dict[str, Any]:
    """Return the bootstrap configuration."""
    return {
        "node": {"id": "inference-gateway", "cluster": "inference-gateway"},
        # Loopback only: whoever reaches it can stop the proxy.
        "admin": {"address": _address("127.0.0.1", ADMIN_PORT)},
        "static_resources": {
            "listeners": [
                _listener("requests", gateway.port, _requests(gateway)),
                _listener("steps", STEPS_PORT, _steps(gateway)),
                _listener("metrics", METRICS_PORT, _metrics()),
            ],
            "clusters": [
                *(_cluster(backend) for backend in gateway.backends),
                _admin_cluster(),
            ],
        },
        "overload_manager": _overload(gateway.memory_limit_gib),
    }


def _listener(name: str, port: int, manager: dict[str, Any]) -> dict[str, Any]:
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        "name": name,
        "address": _address("0.0.0.0", port),  # noqa: S104 - the pod's own network
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "filter_chains": [{"filters": filters}],
    }


def _requests(gateway: Gateway) -> dict[str, Any]:
    limit = gateway.client_limit
    filters = [envoy_http.health(gateway.ready_path)]
    if limit is not None:
        filters.append(envoy_http.client_limit(limit.requests_per_second, limit.burst))
    return {
        **envoy_http.manager("requests", envoy_routes.for_clients(gateway.backends), filters),
        **_proxying(gateway, gateway.longest_seconds),
    }


def _steps(gateway: Gateway) -> dict[str, Any]:
    routes = envoy_routes.for_steps(gateway.backends, deadline_seconds=gateway.step_seconds)
    return {
        **envoy_http.manager("steps", routes, [envoy_http.json_failures()]),
        **_proxying(gateway, gateway.step_seconds),
        # The client's own, which the aggregator hands on.
        "preserve_external_request_id": True,
    }


def _proxying(gateway: Gateway, longest_seconds: int) -> dict[str, Any]:
    return envoy_http.proxying(
        longest_seconds=longest_seconds, connection_seconds=gateway.connection_seconds
    )


def _metrics() -> dict[str, Any]:
    """Return what lets Prometheus in to the metrics, and to nothing else of the admin port."""
    route = {
        "match": {"path": "/stats/prometheus"},
        "route": {"cluster": "admin", "timeout": "10s"},
    }
    return envoy_http.manager("metrics", [route], [])


def _cluster(backend: Backend) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(backend.host, backend.port)}}
    return {
        "name": backend.name,
        "cluster_type": _dns(),
        "connect_timeout": "2s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {
            "cluster_name": backend.name,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "ignore_health_on_host_removal": True,
        "health_checks": [_health_check(backend.health_path)],
        "outlier_detection": {
            "consecutive_5xx": 5,
            "consecutive_gateway_failure": 3,
            "interval": "10s",
            "base_ejection_time": "30s",
            "max_ejection_percent": 50,
            # An engine that fails requests may still say that it is well.
            "successful_active_health_check_uneject_host": False,
        },
        "circuit_breakers": {"thresholds": [_breaker()]},
    }


def _dns() -> dict[str, Any]:
    kind = f"{envoy_routes.TYPES}.extensions.clusters.dns.v3.DnsCluster"
    rates = {"dns_refresh_rate": "5s", "dns_lookup_family": "V4_ONLY"}
    return {"name": "envoy.cluster.dns", "typed_config": {"@type": kind, **rates}}


def _health_check(path: str) -> dict[str, Any]:
    return {
        "timeout": "2s",
        "interval": "5s",
        # Without it a stage that nobody has asked yet is looked at once a minute.
        "no_traffic_interval": "5s",
        "unhealthy_threshold": 3,
        "healthy_threshold": 1,
        "http_health_check": {"path": path},
    }


def _breaker() -> dict[str, Any]:
    return {
        "max_connections": 1024,
        "max_pending_requests": 256,
        "max_requests": 1024,
        "retry_budget": {"budget_percent": {"value": 20.0}, "min_retry_concurrency": 3},
    }


def _admin_cluster() -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address("127.0.0.1", ADMIN_PORT)}}
    return {
        "name": "admin",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "admin",
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }


def _overload(memory_limit_gib: float) -> dict[str, Any]:
    """Turn requests away before the kernel ends the process, and all its requests with it."""
    kind = f"{envoy_routes.TYPES}.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"
    monitor = "envoy.resource_monitors.fixed_heap"
    heap = round(memory_limit_gib * _HEAP_SHARE * 1024**3)
    return {
        "refresh_interval": "1s",
        "resource_monitors": [
            {"name": monitor, "typed_config": {"@type": kind, "max_heap_size_bytes": heap}}
        ],
        "actions": [
            _above("envoy.overload_actions.shrink_heap", monitor, 0.90),
            _above("envoy.overload_actions.stop_accepting_requests", monitor, 0.95),
        ],
    }


def _above(action: str, monitor: str, share: float) -> dict[str, Any]:
    return {"name": action, "triggers": [{"name": monitor, "threshold": {"value": share}}]}


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}
