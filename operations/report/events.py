"""From the engine's event log to a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from catalog import prices
from operations.cost.estimate import Estimate, Priced, estimate
from operations.report import findings, scaling, topology
from operations.report.model import Change, Operation, Report
from operations.report.resources import Components, Resource, read

_OPERATIONS: Final = {
    "create": Operation.CREATE,
    "import": Operation.CREATE,
    "update": Operation.UPDATE,
    "delete": Operation.DELETE,
    "discard": Operation.DELETE,
    "replace": Operation.REPLACE,
    "create-replacement": Operation.REPLACE,
    "delete-replaced": Operation.REPLACE,
}
_REPLACING: Final = ("replace", "create-replacement")
_STACK: Final = "pulumi:pulumi:Stack"

Event = Mapping[str, Any]


def read_report(events: Iterable[Event]) -> Report:
    """Return what the events of one preview say; of an update, those of its preview."""
    held = list(_of_the_preview(events))
    region = _region(held)
    steps = [event["resourcePreEvent"]["metadata"] for event in held if "resourcePreEvent" in event]
    after = _states(steps, "new", without=("delete", "discard", "delete-replaced"))
    before = _states(steps, "old", without=("create", "import", "create-replacement"))
    return Report(
        stack=_stack(steps),
        changes=_changes(steps, {**before, **after}),
        unchanged=sum(step["op"] == "same" and step["type"] != _STACK for step in steps),
        findings=findings.read(held),
        policies=findings.count_policies(held),
        estimate=_estimate(after, region),
        before=_estimate(before, region) if before else None,
        topology=topology.read(after),
        curves=scaling.read(after),
        errors=_errors(held),
    )


def _of_the_preview(events: Iterable[Event]) -> Iterator[Event]:
    for event in events:
        yield event
        if "summaryEvent" in event:
            return


def _stack(steps: Iterable[Mapping[str, Any]]) -> str:
    """Return the stack's name, which is in every URN."""
    return next((step["urn"].split(":")[2] for step in steps), "unknown stack")


def _region(events: Iterable[Event]) -> str:
    for event in events:
        config: Mapping[str, str] = (event.get("preludeEvent") or {}).get("config") or {}
        if region := config.get("ballast:region"):
            return region
    return prices.REGION


def _states(
    steps: Iterable[Mapping[str, Any]], key: str, without: tuple[str, ...]
) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    for step in steps:
        if step["op"] not in without and (state := step.get(key)) and state["type"] != _STACK:
            found[step["urn"]] = read(state)
    return found


def _changes(steps: Iterable[Mapping[str, Any]], resources: Mapping[str, Resource]) -> list[Change]:
    """Return one change a resource: a replacement is told in up to three steps."""
    components = Components(resources)
    found: dict[str, Change] = {}
    for step in steps:
        operation = _OPERATIONS.get(step["op"])
        if operation is None or step["type"] in (_STACK, *_providers(step)):
            continue
        known = found.get(step["urn"])
        if known is not None and (known.reasons or step["op"] not in _REPLACING):
            continue
        found[step["urn"]] = Change(
            operation=operation,
            type=step["type"],
            name=step["urn"].rpartition("::")[2],
            component=components.of(step["urn"]),
            reasons=sorted(step.get("keys") or []),
            properties=sorted(_properties(step)),
        )
    return sorted(found.values(), key=lambda one: (one.component, one.type, one.name))


def _providers(step: Mapping[str, Any]) -> tuple[str, ...]:
    return (step["type"],) if step["type"].startswith("pulumi:providers:") else ()


def _properties(step: Mapping[str, Any]) -> set[str]:
    """Return which properties differ: paths where the provider says them, else names."""
    detailed = step.get("detailedDiff") or {}
    return set(detailed) or set(step.get("diffs") or [])


def _estimate(resources: Mapping[str, Resource], region: str) -> Estimate:
    components = Components(resources)
    return estimate(
        (
            Priced(
                type=one.type, name=one.name, component=components.of(one.urn), inputs=one.inputs
            )
            for one in resources.values()
        ),
        region,
    )


def _errors(events: Iterable[Event]) -> list[str]:
    return list(dict.fromkeys(_error_lines(events)))


def _error_lines(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        said = event.get("diagnosticEvent") or {}
        # The engine has taken out secrets, and adds this line to every failure.
        if said.get("severity") == "error" and said["message"].strip() != "preview failed":
            yield said["message"].strip()
