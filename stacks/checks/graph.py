"""The aggregator's inference graph: it starts, it ends, and every step leads somewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from stacks.problems import Problem, nearest
from stacks.sections import GraphNodeSettings, ServingSettings, StepSettings

ROOT: Final = "root"


def graph_has_a_start(serving: ServingSettings) -> Iterator[Problem]:
    """KServe's router begins at `root` and knows no other name."""
    nodes = serving.aggregator.graph
    if ROOT not in nodes:
        fix = "Call the node that requests start at `root`."
        yield Problem("ballast:serving.aggregator.graph", sorted(nodes), "a node `root`", fix)


def graph_ends(serving: ServingSettings) -> Iterator[Problem]:
    """A circle of nodes would call itself until the deadline."""
    nodes = serving.aggregator.graph
    circle = _circle(nodes, ROOT, ()) if ROOT in nodes else ()
    if circle:
        path = "ballast:serving.aggregator.graph"
        fix = "Let one of these steps name a model instead."
        yield Problem(path, " -> ".join(circle), "nodes that lead to models", fix)


def steps_lead_somewhere(serving: ServingSettings) -> Iterator[Problem]:
    """Each step names one model or one node that exists."""
    models = [model.name for model in serving.models]
    nodes = serving.aggregator.graph
    for path, step in _steps(serving):
        if (step.model is None) == (step.node is None):
            got = {"model": step.model, "node": step.node}
            yield Problem(path, got, "either model or node", "Name one of the two.")
        elif step.model is not None and step.model not in models:
            fix = nearest(step.model, models)
            yield Problem(f"{path}.model", step.model, ", ".join(models), fix)
        elif step.node is not None and step.node not in nodes:
            fix = nearest(step.node, list(nodes))
            yield Problem(f"{path}.node", step.node, ", ".join(nodes), fix)


def nodes_have_what_their_kind_needs(serving: ServingSettings) -> Iterator[Problem]:
    """Weights in a splitter, conditions in a switch, names apart in an ensemble."""
    for name, node in serving.aggregator.graph.items():
        path = f"ballast:serving.aggregator.graph.{name}"
        if node.kind == "splitter":
            yield from _weights(path, node)
        if node.kind == "switch":
            for index, step in enumerate(node.steps):
                if not step.condition:
                    where = f"{path}.steps[{index}].condition"
                    fix = "Name what must be in the request, such as `messages`."
                    yield Problem(where, step.condition, "a GJSON path", fix)
        names = [step.name for step in node.steps]
        for twin in sorted({one for one in names if names.count(one) > 1}):
            fix = "Its answer would overwrite the other's. Give it another name."
            yield Problem(f"{path}.steps", twin, "steps with names of their own", fix)


def _weights(path: str, node: GraphNodeSettings) -> Iterator[Problem]:
    weights = [step.weight or 0 for step in node.steps]
    if sum(weights) != 100:
        fix = f"{' + '.join(map(str, weights))} = {sum(weights)}. Make them add up to 100."
        yield Problem(f"{path}.steps", weights, "weights that add up to 100", fix)


def _steps(serving: ServingSettings) -> Iterator[tuple[str, StepSettings]]:
    for name, node in serving.aggregator.graph.items():
        for index, step in enumerate(node.steps):
            yield f"ballast:serving.aggregator.graph.{name}.steps[{index}]", step


def _circle(
    nodes: Mapping[str, GraphNodeSettings], name: str, above: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the nodes of a circle that can be reached from `name`, or nothing."""
    if name in above:
        return (*above[above.index(name) :], name)
    for step in nodes[name].steps:
        if step.node in nodes and step.node is not None:
            circle = _circle(nodes, step.node, (*above, name))
            if circle:
                return circle
    return ()


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("serving",), graph_has_a_start),
    (("serving",), graph_ends),
    (("serving",), steps_lead_somewhere),
    (("serving",), nodes_have_what_their_kind_needs),
)
