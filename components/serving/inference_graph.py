"""The aggregator's inference graph in the form that KServe's router reads.

The router (kserve cmd/router) takes the spec of an InferenceGraph as JSON in its
argument --graph-json. In a sequence a step gets the request, or with `$response` the
answer of the step before. In an ensemble all steps get the same request at once and the
answers are put together under the steps' names; each answer has to be a JSON object.

What the client gets when a step fails (tests/components/serving/test_router_live.py):

    required step   its answer and its status, and nothing of the other steps
    optional step   in an ensemble its error object under its name, with status 200; in a sequence
                    the next step is given its error
    no answer       500, whether required or not: the router knows no status then. So steps go
                    through the gateway, which answers in JSON, and sooner than the router gives up
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

# The node that requests start at.
_ROOT: Final = "root"
# How much longer the router waits than whoever ends what it waits for.
_PATIENCE_SECONDS: Final = 2

Kind = Literal["sequence", "ensemble", "switch", "splitter"]
_ROUTER_TYPES: Final[Mapping[Kind, str]] = {
    "sequence": "Sequence",
    "ensemble": "Ensemble",
    "switch": "Switch",
    "splitter": "Splitter",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: a URL to post to, or a node to go on with."""

    name: str
    url: str | None = None
    node: str | None = None
    # Whether the whole answer fails when this step does.
    required: bool = True
    # Share of the requests in a splitter, percent.
    weight: int | None = None
    # GJSON path that has to exist: in the request for a switch, else in the answer before.
    condition: str | None = None
    # In a sequence: whether the step is given the answer of the step before.
    feed_response: bool = False


@dataclass(frozen=True, kw_only=True)
class GraphNode:
    """One node: how its steps are run."""

    kind: Kind
    steps: tuple[Step, ...]


def graph_json(nodes: Mapping[str, GraphNode], *, step_seconds: int) -> str:
    """Return the graph as the router's argument; the gateway ends a step after `step_seconds`."""
    timeouts = {
        "serverRead": step_seconds,
        "serverWrite": answer_seconds(nodes, step_seconds=step_seconds),
        "serverIdle": 180,
        "serviceClient": step_seconds + _PATIENCE_SECONDS,
    }
    graph = {
        "nodes": {
            name: {"routerType": _ROUTER_TYPES[node.kind], "steps": _steps(node)}
            for name, node in nodes.items()
        },
        "routerTimeouts": timeouts,
    }
    return json.dumps(graph, sort_keys=True)


def answer_seconds(nodes: Mapping[str, GraphNode], *, step_seconds: int) -> int:
    """Return how long the whole answer may take: steps one after the other add up."""
    return _longest(nodes, _ROOT) * (step_seconds + _PATIENCE_SECONDS) + _PATIENCE_SECONDS


def _longest(nodes: Mapping[str, GraphNode], name: str) -> int:
    """Return how many calls follow each other at most; the graph has no circle."""
    node = nodes[name]
    calls = [_longest(nodes, step.node) if step.node else 1 for step in node.steps]
    return sum(calls) if node.kind == "sequence" else max(calls)


def _steps(node: GraphNode) -> list[dict[str, Any]]:
    steps = [_step(step) for step in node.steps]
    if node.kind == "splitter":
        # The router draws from 0 to 100, which are 101 numbers, and breaks the connection when no
        # step has the last one (pickupRoute in cmd/router/main.go).
        steps[-1]["weight"] += 1
    return [{key: value for key, value in step.items() if value is not None} for step in steps]


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "serviceUrl": step.url,
        "nodeName": step.node,
        "dependency": "Hard" if step.required else "Soft",
        "weight": step.weight,
        "condition": step.condition,
        "data": "$response" if step.feed_response else None,
    }
