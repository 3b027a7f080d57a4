"""The gateway's routes: which request goes where, for how long, and what is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MODEL_HEADER: Final = "x-model"
TYPES: Final = "type.googleapis.com/envoy"


@dataclass(frozen=True, kw_only=True)
class Canary:
    """Another version of a model that gets a share of its requests."""

    # Name of the backend of that version.
    backend: str
    percent: int


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A stage that the gateway sends requests to."""

    name: str
    host: str
    port: int
    health_path: str
    # Requests whose path starts with this go there, without it.
    prefix: str
    # Whether it is a model: found by the x-model header too, and by the aggregator.
    is_model: bool
    # Longest a client's request may take.
    deadline_seconds: int
    canary: Canary | None = None


def for_clients(backends: Sequence[Backend]) -> list[dict[str, Any]]:
    """Return the routes of requests from outside: by path, and models by header too."""
    routes: list[dict[str, Any]] = []
    for backend in backends:
        action = _action(backend, backend.deadline_seconds)
        routes.append(_by_path(backend, action))
        if backend.is_model:
            routes.append(_by_header(backend, action))
    return [*routes, _no_such_model(backends)]


def for_steps(backends: Sequence[Backend], *, deadline_seconds: int) -> list[dict[str, Any]]:
    """Return the routes of the aggregator's requests: models by path, each within a step's time."""
    models = [backend for backend in backends if backend.is_model]
    routes = [_by_path(model, _action(model, deadline_seconds)) for model in models]
    return [*routes, _no_such_model(models)]


def _by_path(backend: Backend, action: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": backend.name,
        "match": {"prefix": f"{backend.prefix}/"},
        "route": {**action, "prefix_rewrite": "/"},
    }


def _by_header(backend: Backend, action: dict[str, Any]) -> dict[str, Any]:
    header = {"name": MODEL_HEADER, "string_match": {"exact": backend.name}}
    return {
        "name": backend.name,
        "match": {"prefix": "/", "headers": [header]},
        "route": action,
    }


def _action(backend: Backend, deadline_seconds: int) -> dict[str, Any]:
    return {
        **_target(backend),
        "timeout": f"{deadline_seconds}s",
        "retry_policy": {
            # Only what cannot have begun: an answer that was half made is not made twice.
            "retry_on": "connect-failure,refused-stream,reset-before-request",
            "num_retries": 2,
            "retry_host_predicate": [_previous_hosts()],
            "host_selection_retry_max_attempts": 3,
        },
    }


def _target(backend: Backend) -> dict[str, Any]:
    if backend.canary is None:
        return {"cluster": backend.name}
    percent = backend.canary.percent
    return {
        "weighted_clusters": {
            "clusters": [
                {"name": backend.name, "weight": 100 - percent},
                {"name": backend.canary.backend, "weight": percent},
            ]
        }
    }


def _no_such_model(backends: Sequence[Backend]) -> dict[str, Any]:
    paths = ", ".join(f"{backend.prefix}/" for backend in backends)
    return {
        "name": "none",
        "match": {"prefix": "/"},
        "direct_response": {
            "status": 404,
            "body": {"inline_string": f"no such model or path; there are {paths}"},
        },
    }


def _previous_hosts() -> dict[str, Any]:
    kind = f"{TYPES}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    return {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {"@type": kind},
    }
