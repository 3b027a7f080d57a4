"""The gateway's Envoy configuration, made from the models: pure data.

A static bootstrap of the v3 API. Every backend is found by DNS of a headless service, so
that Envoy sees the pods themselves: behind one virtual address there would be nothing to
balance or to eject.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

ADMIN_PORT: Final = 9901
METRICS_PORT: Final = 9902
MODEL_HEADER: Final = "x-model"
_TYPES: Final = "type.googleapis.com/envoy"


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A stage that the gateway sends requests to."""

    name: str
    host: str
    port: int
    health_path: str
    # Requests whose path starts with this go there, without it.
    prefix: str
    # Requests that name it in the x-model header go there as well.
    by_header: bool


def bootstrap(
    backends: Sequence[Backend], *, port: int, ready_path: str, deadline_seconds: int
) -> dict[str, Any]:
    """Return the bootstrap configuration."""
    return {
        "node": {"id": "inference-gateway", "cluster": "inference-gateway"},
        # Loopback only: whoever reaches it can stop the proxy.
        "admin": {"address": _address("127.0.0.1", ADMIN_PORT)},
        "static_resources": {
            "listeners": [
                _listener("requests", port, _requests(backends, ready_path, deadline_seconds)),
                _listener("metrics", METRICS_PORT, _metrics()),
            ],
            "clusters": [
                *(_cluster(backend) for backend in backends),
                _admin_cluster(),
            ],
        },
    }


def _listener(name: str, port: int, manager: dict[str, Any]) -> dict[str, Any]:
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        "name": name,
        "address": _address("0.0.0.0", port),  # noqa: S104 - the pod's own network
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "filter_chains": [{"filters": filters}],
    }


def _requests(
    backends: Sequence[Backend], ready_path: str, deadline_seconds: int
) -> dict[str, Any]:
    routes = [
        route
        for backend in backends
        for route in _routes(backend, deadline_seconds=deadline_seconds)
    ]
    return {
        **_manager(
            "requests", [*routes, _no_such_model(backends)], [_health(ready_path), _router()]
        ),
        "access_log": [_access_log()],
        "generate_request_id": True,
        "use_remote_address": True,
        "request_timeout": f"{deadline_seconds}s",
        "stream_idle_timeout": f"{deadline_seconds}s",
        "common_http_protocol_options": {
            "idle_timeout": "300s",
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
    }


def _metrics() -> dict[str, Any]:
    """Return what lets Prometheus in to the metrics, and to nothing else of the admin port."""
    route = {
        "match": {"path": "/stats/prometheus"},
        "route": {"cluster": "admin", "timeout": "10s"},
    }
    return _manager("metrics", [route], [_router()])


def _manager(
    name: str, routes: list[dict[str, Any]], filters: list[dict[str, Any]]
) -> dict[str, Any]:
    host = {"name": name, "domains": ["*"], "routes": routes}
    return {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"name": name, "virtual_hosts": [host]},
        "http_filters": filters,
    }


def _routes(backend: Backend, *, deadline_seconds: int) -> list[dict[str, Any]]:
    action = {
        "cluster": backend.name,
        "timeout": f"{deadline_seconds}s",
        "retry_policy": {
            # Only what cannot have begun: an answer that was half made is not made twice.
            "retry_on": "connect-failure,refused-stream,reset-before-request",
            "num_retries": 2,
            "retry_host_predicate": [_previous_hosts()],
            "host_selection_retry_max_attempts": 3,
        },
    }
    by_path = {
        "match": {"prefix": f"{backend.prefix}/"},
        "route": {**action, "prefix_rewrite": "/"},
    }
    header = {"name": MODEL_HEADER, "string_match": {"exact": backend.name}}
    by_header = {"match": {"prefix": "/", "headers": [header]}, "route": action}
    return [by_path, by_header] if backend.by_header else [by_path]


def _no_such_model(backends: Sequence[Backend]) -> dict[str, Any]:
    paths = ", ".join(f"{backend.prefix}/" for backend in backends)
    text = f'{{"error": "no such model or path; there are {paths}"}}'
    return {
        "match": {"prefix": "/"},
        "direct_response": {"status": 404, "body": {"inline_string": text}},
        "response_headers_to_add": [
            {
                "header": {"key": "content-type", "value": "application/json"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }


def _cluster(backend: Backend) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(backend.host, backend.port)}}
    return {
        "name": backend.name,
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_ONLY",
        "dns_refresh_rate": "5s",
        "connect_timeout": "2s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {
            "cluster_name": backend.name,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "ignore_health_on_host_removal": True,
        "health_checks": [
            {
                "timeout": "2s",
                "interval": "5s",
                "unhealthy_threshold": 3,
                "healthy_threshold": 1,
                "http_health_check": {"path": backend.health_path},
            }
        ],
        "outlier_detection": {
            "consecutive_5xx": 5,
            "consecutive_gateway_failure": 3,
            "interval": "10s",
            "base_ejection_time": "30s",
            "max_ejection_percent": 50,
        },
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": 1024,
                    "max_pending_requests": 256,
                    "max_requests": 1024,
                    "retry_budget": {
                        "budget_percent": {"value": 20.0},
                        "min_retry_concurrency": 3,
                    },
                }
            ]
        },
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


def _health(path: str) -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.health_check",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.filters.http.health_check.v3.HealthCheck",
            "pass_through_mode": False,
            "headers": [{"name": ":path", "string_match": {"exact": path}}],
        },
    }


def _router() -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{_TYPES}.extensions.filters.http.router.v3.Router"},
    }


def _previous_hosts() -> dict[str, Any]:
    kind = f"{_TYPES}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    return {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {"@type": kind},
    }


def _access_log() -> dict[str, Any]:
    return {
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {
                "json_format": {
                    "time": "%START_TIME%",
                    "request_id": "%REQ(X-REQUEST-ID)%",
                    "method": "%REQ(:METHOD)%",
                    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
                    "status": "%RESPONSE_CODE%",
                    "flags": "%RESPONSE_FLAGS%",
                    "duration_ms": "%DURATION%",
                    "backend": "%UPSTREAM_CLUSTER%",
                    "pod": "%UPSTREAM_HOST%",
                }
            },
        },
    }


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}
