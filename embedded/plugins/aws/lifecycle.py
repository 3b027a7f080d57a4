"""Create, read, update and delete, the same for every record of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws import state, tagging, templates
from embedded.plugins.aws.compare import Comparison
from embedded.plugins.aws.errors import ApiError
from embedded.plugins.aws.operation import Operation, search
from embedded.plugins.aws.resource import Call, Step
from embedded.plugins.provider import ProviderError

# How long a delete insists while something else lets go of the resource.
_BUSY_SECONDS: Final = 10.0
# How long a new resource may stay invisible to reads.
_GONE_READS: Final = 5


def make(operation: Operation) -> str:
    """Make the create call and return the new resource's id; nothing more."""
    resource = operation.resource
    try:
        if isinstance(resource.create, Call):
            tags = operation.tag_params()
            call = Call(
                resource.create.operation,
                {**resource.create.params, **tags},
                resource.create.result,
            )
            operation.result = operation.call(call, resource.sends) or {}
        else:
            operation.result = resource.create(operation) or {}
    except ApiError as error:
        raise operation.failed(error, "creating") from error
    operation.id = str(operation.render(resource.identity))
    return operation.id


def finish(operation: Operation) -> dict[str, Any]:
    """Bring a new resource to what the program wants, wait for it, return its outputs."""
    resource = operation.resource
    try:
        _wait(operation)
        if resource.tags and not resource.tags.create:
            # What was there before may have had tags.
            _tag(operation, _outputs(operation).get("tagsAll"), operation.inputs.get("tagsAll"))
        for step in resource.steps:
            if _after_create(operation, step):
                _run(operation, step)
                _wait(operation)
    except ApiError as error:
        raise operation.failed(error, "creating") from error
    return _outputs(operation)


def _after_create(operation: Operation, step: Step) -> bool:
    resource = operation.resource
    return any(
        name not in resource.sends
        and operation.inputs.get(name) is not None
        and operation.inputs[name] != resource.defaults.get(name)
        for name in step.properties
    )


def _run(operation: Operation, step: Step) -> None:
    if isinstance(step.run, Call):
        operation.call(step.run, step.properties if step.send else ())
    else:
        step.run(operation)


def _outputs(operation: Operation) -> dict[str, Any]:
    data = find(operation)
    if data is None:
        message = f"reading {operation.resource.label} ({operation.id}): it is gone"
        raise ProviderError(message)
    return _state(operation, data)


def _state(operation: Operation, data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return state.outputs(operation, data)
    except ApiError as error:
        raise operation.failed(error, "reading") from error


def find(operation: Operation) -> Mapping[str, Any] | None:
    """Return what the API says about the resource; None when it is gone."""
    resource = operation.resource
    _take_id_apart(operation)
    try:
        if isinstance(resource.read, Call):
            data = operation.call(resource.read)
        else:
            data = resource.read(operation)
    except ApiError as error:
        if error.is_gone(resource.gone):
            return None
        raise operation.failed(error, "reading") from error
    wait = resource.wait
    if not data or (wait and search(wait.state, data) in wait.gone):
        return None
    return data


def _take_id_apart(operation: Operation) -> None:
    """Fill in what the id tells: on import the id is all there is."""
    resource = operation.resource
    forms = [form for form in (resource.imports, resource.identity) if form]
    parsed = (templates.parse(form, operation.id) for form in forms)
    parts = next((parts for parts in parsed if parts is not None), None)
    if parts is None:
        message = (
            f"{operation.id!r} is not an id of {resource.label}; the form is: {' or '.join(forms)}"
        )
        raise ProviderError(message)
    operation.state = {**parts, **operation.state}
    if templates.complete(resource.identity, parts):
        operation.id = str(templates.render(resource.identity, parts))


def _wait(operation: Operation) -> None:
    wait = operation.resource.wait
    if wait is None:
        return
    what = f"waiting for {operation.resource.label} ({operation.id})"
    unseen = 0
    for _ in operation.pauses(wait.seconds, what):
        data = find(operation)
        unseen += data is None
        if data is None and unseen > _GONE_READS:
            message = f"{what}: it is gone"
            raise ProviderError(message)
        status = search(wait.state, data) if data else None
        if status in wait.until:
            return
        if status in wait.failed:
            reason = search(wait.reason, data) if wait.reason else None
            message = f"{what}: unexpected state {status!r}" + (f": {reason}" if reason else "")
            raise ProviderError(message)


def read(operation: Operation) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return inputs and outputs as they are; None when the resource is gone.

    An import by another form of the id leaves the real one in the operation.
    """
    data = find(operation)
    if data is None:
        return None
    outputs = _state(operation, data)
    return state.inputs(operation.resource, outputs, operation.inputs), outputs


def update(operation: Operation) -> dict[str, Any]:
    """Make the changes that need a call each, then return the outputs.

    With no change at all, everything is set once more: the engine asks for that after a
    create that did not finish.
    """
    resource = operation.resource
    _take_id_apart(operation)
    changes = Comparison(resource).changes(operation.old_inputs, operation.inputs)
    changed = frozenset(change.pattern.split(".")[0] for change in changes)
    again = not changed
    try:
        if resource.tags:
            before = {} if again else operation.old_inputs.get("tagsAll")
            _tag(operation, before, operation.inputs.get("tagsAll"))
        for step in resource.steps:
            if changed.intersection(step.properties) or (again and _after_create(operation, step)):
                operation.changed = changed or frozenset(step.properties)
                _run(operation, step)
                _wait(operation)
        if again:
            _wait(operation)
    except ApiError as error:
        raise operation.failed(error, "updating") from error
    return _outputs(operation)


def _tag(operation: Operation, before: Any, after: Any) -> None:
    rules = operation.resource.tags
    if rules is None:
        return
    put, removed = tagging.changes(before, after)
    if not isinstance(rules.tag, Call):
        if put or removed:
            rules.tag(operation)
        return
    if put:
        operation.call(rules.tag, tags=tagging.styled(rules.style, put))
    if removed and rules.untag:
        keys = tagging.key_list(removed)
        operation.call(rules.untag, tagKeys=removed, tagKeyList=keys)


def delete(operation: Operation) -> None:
    """Delete and wait until it is gone; gone already is fine."""
    resource = operation.resource
    if resource.delete is None:
        return
    _take_id_apart(operation)
    what = f"deleting {resource.label} ({operation.id})"
    last: ApiError | None = None
    try:
        for _ in operation.using(timeout=0.0).pauses(_BUSY_SECONDS, what):
            last = _try_delete(operation)
            if last is None:
                break
    except ProviderError as error:
        raise (operation.failed(last, "deleting") if last else error) from error
    if resource.wait is not None:
        for _ in operation.pauses(resource.wait.seconds, what):
            if find(operation) is None:
                return


def _try_delete(operation: Operation) -> ApiError | None:
    """Return the error when the resource is busy, None when the delete went through."""
    resource = operation.resource
    try:
        if isinstance(resource.delete, Call):
            operation.call(resource.delete)
        elif resource.delete is not None:
            resource.delete(operation)
    except ApiError as error:
        if error.is_gone(resource.gone):
            return None
        if error.code in resource.busy:
            return error
        raise operation.failed(error, "deleting") from error
    return None
