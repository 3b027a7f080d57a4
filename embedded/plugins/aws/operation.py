"""One request about one resource: its values, and calls filled in with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from embedded.plugins.aws import shapes, tagging, templates
from embedded.plugins.aws.clients import Clients, partition_of
from embedded.plugins.aws.errors import ApiError
from embedded.plugins.aws.resource import Call, Resource
from embedded.plugins.provider import ProviderError

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0


def search(expression: str, data: Any) -> Any:
    """Return what the JMESPath finds in the data."""
    import jmespath

    return data if expression == "@" else jmespath.search(expression, data)


class _Scope(Mapping[str, Any]):
    """What templates may name: the first of several places that has it."""

    def __init__(self, operation: Operation, extra: Mapping[str, Any]) -> None:
        self._operation = operation
        self._places = (extra, operation.inputs, operation.state, operation.result)

    def __getitem__(self, key: str) -> Any:
        for place in self._places:
            if place.get(key) is not None:
                return place[key]
        return self._operation.common(key)

    def __iter__(self) -> Iterator[str]:
        return iter({key for place in self._places for key in place})

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass
class Operation:
    """A create, read, update or delete under way."""

    resource: Resource
    clients: Clients
    name: str
    cancelled: threading.Event
    id: str = ""
    # What the program wants (create, update) or wanted when last asked.
    inputs: dict[str, Any] = field(default_factory=dict)
    old_inputs: dict[str, Any] = field(default_factory=dict)
    # Outputs as the engine knows them.
    state: dict[str, Any] = field(default_factory=dict)
    # What the create call answered.
    result: Mapping[str, Any] = field(default_factory=dict)
    # Top-level properties that differ; all of them after a create that failed half-way.
    changed: frozenset[str] = frozenset()
    timeout: float = 0.0

    @property
    def region(self) -> str:
        """The region that the resource is in."""
        given = self.inputs.get("region") or self.state.get("region")
        return given or self.clients.settings.region

    def common(self, key: str) -> Any:
        """Return what every template may name."""
        if key == "id":
            return self.id or None
        if key == "region":
            return self.region
        if key == "partition":
            return partition_of(self.region)
        return self.clients.account if key == "account" else None

    def scope(self, **extra: Any) -> Mapping[str, Any]:
        """Return the values for templates."""
        return _Scope(self, extra)

    def render(self, template: Any, **extra: Any) -> Any:
        """Return the template filled in with this resource's values."""
        return templates.render(template, self.scope(**extra))

    def values(self, properties: Iterable[str]) -> dict[str, Any]:
        """Return the inputs of these names under the names that the API has for them."""
        names = self.resource.names
        return {
            names.get(name, name): shapes.renamed(self.inputs[name], name, names)
            for name in properties
            if self.inputs.get(name) is not None
        }

    def call(self, call: Call, properties: Iterable[str] = (), **extra: Any) -> Any:
        """Make the call with these properties and the template's values; return its result."""
        params = {**self.values(properties), **(self.render(dict(call.params), **extra) or {})}
        return search(call.result, self.api(call.operation, params))

    def api(self, operation: str, params: Mapping[str, Any], service: str = "") -> Any:
        """Call an operation with parameters in any case and shape that fits."""
        service = service or self.resource.service
        client = self.clients.get(service, self.region)
        model = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[operation]
        )
        fitted = shapes.fit(params, model.input_shape, self.resource.label) if params else {}
        return self.clients.call(service, operation, fitted, self.region)

    def tag_params(self) -> dict[str, Any]:
        """Return the create call's tag parameters; none when there are no tags."""
        rules, tags = self.resource.tags, self.inputs.get("tagsAll")
        if rules is None or not tags:
            return {}
        return self.render(dict(rules.create), tags=tagging.styled(rules.style, tags)) or {}

    def failed(self, error: ApiError, verb: str) -> ProviderError:
        """Return what the user sees: `creating EC2 Subnet (a): Code: message`."""
        return ProviderError(f"{verb} {self.resource.label} ({self.id or self.name}): {error}")

    def refused(self, error: Mapping[str, Any]) -> ApiError:
        """Return the error of an API that answers with a list of failures instead of failing."""
        code = error.get("Code") or error.get("ErrorCode") or "Unknown"
        return ApiError(str(code), str(error.get("Message") or error.get("ErrorMessage") or ""))

    def using(self, **changes: Any) -> Operation:
        """Return the same operation with some fields changed."""
        return replace(self, **changes)

    def pauses(self, seconds: float, what: str) -> Iterator[None]:
        """Yield with growing pauses until the time is up; then say what was waited for."""
        limit = self.timeout or seconds
        deadline, pause = time.monotonic() + limit, _FIRST_PAUSE
        while time.monotonic() < deadline:
            yield
            if self.cancelled.wait(pause):
                message = f"{what}: cancelled"
                raise ProviderError(message)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        message = f"{what}: not done within {limit:.0f} s"
        raise ProviderError(message)
