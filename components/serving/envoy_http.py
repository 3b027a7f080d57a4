"""How the gateway speaks HTTP: connection managers, filters, its own answers and the access log."""

from __future__ import annotations

from typing import Any, Final

from components.serving.envoy_routes import TYPES

# Clients whose limits are counted apart; the longest unseen makes room.
_CLIENTS: Final = 10_000
# Envoy's flag of an answer of its own -> seconds after which to ask again. UH: no replica;
# one takes its time to load. UO: a circuit breaker.
_RETRY_AFTER: Final = {"UH": 30, "UO": 1}


def manager(
    name: str, routes: list[dict[str, Any]], filters: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return an HTTP connection manager; the router is its last filter."""
    host = {"name": name, "domains": ["*"], "routes": routes}
    return {
        "@type": f"{TYPES}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"name": name, "virtual_hosts": [host]},
        "http_filters": [*filters, _router()],
    }


def proxying(*, longest_seconds: int, connection_seconds: int) -> dict[str, Any]:
    """Return what managers that pass requests on have in common."""
    return {
        "access_log": [_access_log()],
        "generate_request_id": True,
        "always_set_request_id_in_response": True,
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "request_timeout": f"{longest_seconds}s",
        "stream_idle_timeout": f"{longest_seconds}s",
        # A pod that goes gets no new connections, and this is how it loses the old ones: with
        # the next answer, never in the middle of one.
        "http1_safe_max_connection_duration": True,
        "common_http_protocol_options": {
            "idle_timeout": "300s",
            "max_connection_duration": f"{connection_seconds}s",
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "local_reply_config": _own_answers(),
    }


def health(path: str) -> dict[str, Any]:
    """Return the filter by which the proxy itself says that it is there."""
    return {
        "name": "envoy.filters.http.health_check",
        "typed_config": {
            "@type": f"{TYPES}.extensions.filters.http.health_check.v3.HealthCheck",
            "pass_through_mode": False,
            "headers": [{"name": ":path", "string_match": {"exact": path}}],
        },
    }


def client_limit(requests_per_second: int, burst: int) -> dict[str, Any]:
    """Return the filter that holds each client, by its address, to a rate on this pod."""
    whole = {"numerator": 100, "denominator": "HUNDRED"}
    return {
        "name": "envoy.filters.http.local_ratelimit",
        "typed_config": {
            "@type": f"{TYPES}.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "clients",
            # For all clients together there is no limit but the circuit breakers.
            "token_bucket": _bucket(1_000_000, 1_000_000),
            "always_consume_default_token_bucket": False,
            "rate_limits": [{"actions": [{"remote_address": {}}]}],
            # No value: each address gets a bucket of its own.
            "descriptors": [
                {
                    "entries": [{"key": "remote_address"}],
                    "token_bucket": _bucket(burst, requests_per_second),
                }
            ],
            "max_dynamic_descriptors": _CLIENTS,
            "response_headers_to_add": [_header("retry-after", "1")],
            "filter_enabled": {"default_value": whole},
            "filter_enforced": {"default_value": whole},
        },
    }


def json_failures() -> dict[str, Any]:
    """Return the filter that turns a stage's failure without JSON into one with it.

    KServe's router fails a whole ensemble when the answer of an optional step is not a JSON object.
    """
    status = {
        "name": "status",
        "typed_config": {"@type": f"{TYPES}.type.matcher.v3.HttpResponseStatusCodeClassMatchInput"},
    }
    content = {
        "name": "content-type",
        "typed_config": {
            "@type": f"{TYPES}.type.matcher.v3.HttpResponseHeaderMatchInput",
            "header_name": "content-type",
        },
    }
    failed = {"single_predicate": {"input": status, "value_match": {"exact": "5xx"}}}
    is_json = {
        "single_predicate": {"input": content, "value_match": {"prefix": "application/json"}}
    }
    policy = {
        "@type": f"{TYPES}.extensions.http.custom_response.local_response_policy.v3"
        ".LocalResponsePolicy",
        "body": {"inline_string": "the model failed"},
        "body_format": _error_format(),
    }
    matcher = {
        "predicate": {"and_matcher": {"predicate": [failed, {"not_matcher": is_json}]}},
        "on_match": {"action": {"name": "as-json", "typed_config": policy}},
    }
    return {
        "name": "envoy.filters.http.custom_response",
        "typed_config": {
            "@type": f"{TYPES}.extensions.filters.http.custom_response.v3.CustomResponse",
            "custom_response_matcher": {"matcher_list": {"matchers": [matcher]}},
        },
    }


def _own_answers() -> dict[str, Any]:
    """Every answer that no stage gave is a JSON object, and says when to ask again."""
    mappers = [
        {
            "filter": {"response_flag_filter": {"flags": [flag]}},
            "headers_to_add": [_header("retry-after", str(seconds))],
        }
        for flag, seconds in _RETRY_AFTER.items()
    ]
    return {"mappers": mappers, "body_format": _error_format()}


def _error_format() -> dict[str, Any]:
    return {
        "json_format": {
            "error": {
                "message": "%LOCAL_REPLY_BODY%",
                "code": "%RESPONSE_CODE%",
                "type": "%RESPONSE_CODE_DETAILS%",
                "request_id": "%REQ(X-REQUEST-ID)%",
            }
        }
    }


def _header(key: str, value: str) -> dict[str, Any]:
    return {
        "header": {"key": key, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _bucket(most: int, per_second: int) -> dict[str, Any]:
    return {"max_tokens": most, "tokens_per_fill": per_second, "fill_interval": "1s"}


def _router() -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{TYPES}.extensions.filters.http.router.v3.Router"},
    }


def _access_log() -> dict[str, Any]:
    return {
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": f"{TYPES}.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {
                "json_format": {
                    "time": "%START_TIME%",
                    "request_id": "%REQ(X-REQUEST-ID)%",
                    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
                    "method": "%REQ(:METHOD)%",
                    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
                    "status": "%RESPONSE_CODE%",
                    "flags": "%RESPONSE_FLAGS%",
                    "details": "%RESPONSE_CODE_DETAILS%",
                    "duration_ms": "%DURATION%",
                    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
                    "bytes_in": "%BYTES_RECEIVED%",
                    "bytes_out": "%BYTES_SENT%",
                    "route": "%ROUTE_NAME%",
                    "backend": "%UPSTREAM_CLUSTER%",
                    "pod": "%UPSTREAM_HOST%",
                }
            },
        },
    }
