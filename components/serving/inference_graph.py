"""The aggregator's inference graph in the form that KServe's router reads.

The router (kserve cmd/router) takes the spec of an InferenceGraph as JSON in its
argument --graph-json. In a sequence a step gets the request, or with `$response` the
answer of the step before. In an ensemble all steps get the same request at once and the
answers are put together under the steps' names; each answer has to be a JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

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


def graph_json(nodes: Mapping[str, GraphNode], *, deadline_seconds: int) -> str:
    """Return the graph as the router's argument."""
    # The router's own answer must outlive the step it waits for.
    timeouts = {
        "serverRead": deadline_seconds,
        "serverWrite": deadline_seconds + 5,
        "serverIdle": 180,
        "serviceClient": deadline_seconds,
    }
    graph = {
        "nodes": {
            name: {"routerType": _ROUTER_TYPES[node.kind], "steps": _steps(node.steps)}
            for name, node in nodes.items()
        },
        "routerTimeouts": timeouts,
    }
    return json.dumps(graph, sort_keys=True)


def _steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in _step(step).items() if value is not None} for step in steps
    ]


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
