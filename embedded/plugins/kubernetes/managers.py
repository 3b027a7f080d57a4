"""Field managers: who owns which field of an object."""

from __future__ import annotations

import copy
import secrets
from typing import Any, Final

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.api import ApiError
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.provider import ProviderError

# Edits by hand count as drift of ours, not as somebody else's field.
_BY_HAND: Final = ("kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kub")


def new_manager() -> str:
    """Return a name that no other resource writes as."""
    return f"pulumi-kubernetes-{secrets.token_hex(4)}"


def made_by(live: Object, manager: str) -> bool:
    """Tell whether `manager`, which was about to make the object, has made it.

    An object with nothing but a name, such as a bare namespace, remembers no
    manager; it was missing when `manager` set out, and holds nothing to lose.
    """
    entries = _entries(live)
    return not entries or any(entry.get("manager") == manager for entry in entries)


def take_over(live: Object, manager: str) -> list[Object] | None:
    """Return the object's field owners with hand-made edits as ours; None if there are none.

    Without it the next apply would conflict with a `kubectl edit`, instead of
    putting back what the program says.
    """
    entries = _entries(live)
    taken = [entry for entry in entries if _by_hand(entry, manager)]
    if not taken:
        return None
    kept = [entry for entry in entries if entry not in taken]
    own = next((entry for entry in kept if _is_own(entry, manager)), None)
    if own is not None:
        kept.remove(own)
    fields: Object = copy.deepcopy(own["fieldsV1"]) if own else {}
    for entry in taken:
        _merge(fields, entry.get("fieldsV1") or {})
    base = own or taken[-1]
    merged = {**base, "manager": manager, "operation": "Apply", "fieldsV1": fields}
    return [*kept, merged]


def _is_own(entry: Object, manager: str) -> bool:
    return (
        entry.get("manager") == manager
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
    )


def _by_hand(entry: Object, manager: str) -> bool:
    if entry.get("subresource") or _is_own(entry, manager):
        return False
    name = str(entry.get("manager"))
    if entry.get("operation") == "Apply":
        return name.startswith("kubectl")
    return name.startswith(_BY_HAND)


def _merge(fields: Object, more: Object) -> None:
    for key, value in more.items():
        if isinstance(value, dict):
            _merge(fields.setdefault(key, {}), value)


def leave_ignored(news: Object, live: Object, manager: str, paths: tuple[str, ...]) -> Object:
    """Return `news` without saying anything new about the paths that the program ignores.

    What somebody else owns (an autoscaler's replicas) is left out; what is ours
    is said again as it is, since leaving it out would remove it.
    """
    if not paths:
        return news
    result = copy.deepcopy(news)
    for path in paths:
        steps = path.split(".")
        parent = objects.at(result, *steps[:-1])
        if not isinstance(parent, dict):
            continue
        ours = any(_owns(entry, steps) for entry in _entries(live) if _is_own(entry, manager))
        theirs = any(_owns(entry, steps) for entry in _entries(live) if not _is_own(entry, manager))
        current = objects.at(live, *steps)
        if theirs and not ours:
            parent.pop(steps[-1], None)
        elif current is not None:
            parent[steps[-1]] = copy.deepcopy(current)
    return result


def _owns(entry: Object, steps: list[str]) -> bool:
    fields: Any = entry.get("fieldsV1")
    for step in steps:
        if not isinstance(fields, dict) or f"f:{step}" not in fields:
            return False
        fields = fields[f"f:{step}"]
    return True


def _entries(live: Object) -> list[Object]:
    return list(objects.metadata(live).get("managedFields") or [])


def conflict(error: ApiError, what: str) -> ProviderError:
    """Return a conflict as a message that names the other manager and the field."""
    causes = error.details.get("causes") or []
    lines = [f"  {cause.get('field')}: {cause.get('message')}" for cause in causes]
    message = "\n".join(
        [
            f"{what}: other field managers own what the program sets:",
            *(lines or [f"  {error}"]),
            f'Take the fields over with the annotation {objects.PATCH_FORCE}: "true", or leave'
            " them to the other manager with the resource option ignore_changes.",
        ]
    )
    return ProviderError(message)
