"""The provider that the engine talks to: dispatches to the table and keeps the journal."""

from __future__ import annotations

import difflib
import threading
from typing import Any

from embedded.layout import Layout
from embedded.plugins import provider as base
from embedded.plugins.aws import checking, functions, lifecycle, settings, state
from embedded.plugins.aws.clients import Clients
from embedded.plugins.aws.compare import Comparison
from embedded.plugins.aws.journal import Journal, Record
from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Resource
from embedded.plugins.aws.schema import Schema
from embedded.plugins.aws.services import RESOURCES


class AwsProvider(base.Provider):
    """pulumi-aws over boto3, against loopback endpoints only."""

    name = "aws"

    def __init__(self, journal: Journal | None = None) -> None:
        self.version = Schema.load().version
        self._journal = journal or Journal(Layout().state / "aws-provider")
        self._clients = Clients(settings.Settings())
        self._cancelled = threading.Event()
        # Taken over from a dead engine in this run: (urn, id).
        self._adopted: set[tuple[str, str]] = set()

    def check_config(self, news: dict[str, Any]) -> list[base.Failure]:
        """Return what is wrong with the provider's settings."""
        return settings.check(news)

    def diff_config(self, olds: dict[str, Any], news: dict[str, Any]) -> base.Diff:
        """Another region or account means other resources: the provider is replaced."""
        before, after = settings.parse(olds), settings.parse(news)
        keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        return base.Diff(changes=dict.fromkeys(keys, "update"), replaces=keys & {"region"})

    def configure(self, args: dict[str, Any]) -> None:
        """Take the settings."""
        self._clients = Clients(settings.load(args))

    def check(
        self,
        target: base.Target,
        olds: dict[str, Any],
        news: dict[str, Any],
        autonaming: base.Autonaming,
    ) -> tuple[dict[str, Any], list[base.Failure]]:
        """Return the inputs with defaults and names, and what is wrong with them."""
        resource = _resource(target.type)
        record = self._lost(target)
        recorded = record.names if record else {}
        return checking.check(
            resource, self._clients.settings, target, olds, news, autonaming, recorded
        )

    def diff(
        self,
        target: base.Target,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        news: dict[str, Any],
    ) -> base.Diff:
        """Return the changed paths, which of them replace, and whether to delete first."""
        resource = _resource(target.type)
        self._journal.known(target.urn, target.id)
        changes = Comparison(resource).changes(old_inputs, news)
        replaces = {
            change.path for change in changes if resource.replacing(change.pattern, change.kind)
        }
        return base.Diff(
            changes={change.path: change.kind for change in changes},
            replaces=replaces,
            delete_before_replace=bool(replaces) and _deletes_first(resource, old_inputs, news),
        )

    def create(self, target: base.Target, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create, or take over what an engine that died had created."""
        resource = _resource(target.type)
        if target.preview:
            return "", state.foreseen(resource, inputs, None)
        operation = self._operation(target, resource, inputs=inputs)
        record = self._lost(target)
        if record:
            outputs = self._adopt(target, operation, record)
            if outputs is not None:
                return record.id, outputs
        identity = lifecycle.make(operation)
        self._journal.created(target.urn, self._cloud(resource), identity, _made_names(inputs))
        try:
            outputs = lifecycle.finish(operation)
            self._say_what_was_not_taken(target, operation, outputs)
            return identity, outputs
        except base.ProviderError as error:
            known = state.foreseen(resource, inputs, {})
            raise base.InitFailedError(identity, inputs, known, [str(error)]) from error

    def read(
        self, target: base.Target, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Return what is there; an empty id when it is gone."""
        resource = _resource(target.type)
        self._journal.known(target.urn, target.id)
        operation = self._operation(target, resource, inputs=inputs, state=outputs)
        found = lifecycle.read(operation)
        return ("", {}, {}) if found is None else (operation.id, *found)

    def update(
        self,
        target: base.Target,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        news: dict[str, Any],
    ) -> dict[str, Any]:
        """Update in place."""
        resource = _resource(target.type)
        if target.preview:
            return state.foreseen(resource, news, old_outputs)
        self._journal.known(target.urn, target.id)
        operation = self._operation(
            target, resource, inputs=news, old_inputs=old_inputs, state=old_outputs
        )
        outputs = lifecycle.update(operation)
        self._say_what_was_not_taken(target, operation, outputs)
        return outputs

    def delete(self, target: base.Target, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Delete; what this run took over is not the old one that the engine means."""
        if (target.urn, target.id) in self._adopted:
            return
        resource = _resource(target.type)
        lifecycle.delete(self._operation(target, resource, inputs=inputs, state=outputs))
        self._journal.known(target.urn, target.id)

    def invoke(self, token: str, args: dict[str, Any], *, preview: bool) -> dict[str, Any]:
        """Answer a data source."""
        return functions.invoke(token, args, self._clients)

    def cancel(self) -> None:
        """Stop waiting."""
        self._cancelled.set()

    def _adopt(
        self, target: base.Target, operation: Operation, record: Record
    ) -> dict[str, Any] | None:
        """Return the outputs of the recorded resource, or None when there has to be a new one."""
        resource = operation.resource
        found = operation.using(id=record.id)
        actual = lifecycle.read(found)
        if actual is None:
            self._journal.known(target.urn, record.id)
            return None
        changes = Comparison(resource).changes(actual[0], operation.inputs)
        if any(resource.replacing(change.pattern, change.kind) for change in changes):
            lifecycle.delete(found.using(inputs=actual[0], state=actual[1]))
            self._journal.known(target.urn, record.id)
            return None
        outputs = lifecycle.update(
            found.using(old_inputs=operation.inputs if not changes else actual[0], state=actual[1])
        )
        self._adopted.add((target.urn, record.id))
        self._journal.known(target.urn, record.id)
        return outputs

    def _say_what_was_not_taken(
        self, target: base.Target, operation: Operation, outputs: dict[str, Any]
    ) -> None:
        """Warn of what moto accepted and dropped: AWS would have kept it."""
        resource = operation.resource
        actual = state.inputs(resource, outputs, operation.inputs)
        for change in Comparison(resource).changes(actual, operation.inputs):
            message = f"the embedded cloud did not take {change.path} as it was asked for"
            self.host.warn(target.urn, message)

    def _lost(self, target: base.Target) -> Record | None:
        return self._journal.lost(target.urn, self._cloud(_resource(target.type)))

    def _cloud(self, resource: Resource) -> str:
        return self._clients.settings.endpoint(resource.service) or ""

    def _operation(
        self,
        target: base.Target,
        resource: Resource,
        *,
        inputs: dict[str, Any],
        old_inputs: dict[str, Any] | None = None,
        state: dict[str, Any] | None = None,
    ) -> Operation:
        return Operation(
            resource=resource,
            clients=self._clients,
            name=target.name,
            cancelled=self._cancelled,
            id=target.id,
            inputs={key: value for key, value in inputs.items() if value is not None},
            old_inputs=old_inputs or {},
            state=state or {},
            timeout=target.timeout,
        )


def _resource(token: str) -> Resource:
    if token in RESOURCES:
        return RESOURCES[token]
    kind = token.rsplit(":", maxsplit=1)[-1]
    known = {other.rsplit(":", maxsplit=1)[-1]: other for other in RESOURCES}
    close = [known[name] for name in difflib.get_close_matches(kind, known, n=2)]
    hint = f"; close to it are: {', '.join(close)}" if close else ""
    message = (
        f"resource type {token} is not supported by the embedded AWS provider{hint}. "
        "Add a record for it in embedded/plugins/aws/services, or deploy this stack with the "
        "released plugin (pulumi plugin install resource aws)"
    )
    raise base.ProviderError(message)


def _made_names(inputs: dict[str, Any]) -> dict[str, str]:
    made = inputs.get("__defaults") or ()
    return {name: inputs[name] for name in made if isinstance(inputs.get(name), str)}


def _deletes_first(resource: Resource, olds: dict[str, Any], news: dict[str, Any]) -> bool:
    """A name that the program fixed cannot belong to two resources at once."""
    if resource.delete_before_replace:
        return True
    rules = resource.naming
    if rules is None:
        return False
    fixed = rules.property not in (news.get("__defaults") or ())
    return fixed and olds.get(rules.property) == news.get(rules.property)
