"""What the node bridge has seen of the nodes, for the status of their group."""

from __future__ import annotations

from collections.abc import Callable

from embedded.cloud.eks.state import Nodegroup

# Instances -> whether all of them are Ready nodes; None where there is no control plane.
_Look = Callable[[list[str]], bool | None]


class _Bridge:
    ready: _Look | None = None
    # Groups that were ACTIVE once: a node that comes later does not take that back.
    active: set[str] = set()  # noqa: RUF012 - one bridge a process


def ask(look: _Look) -> None:
    """Have the status ask `look`."""
    _Bridge.ready = look


def status(group: Nodegroup) -> str:
    """Return CREATING until every first node is Ready; without a control plane, ACTIVE."""
    arn = group.description["nodegroupArn"]
    ready = _Bridge.ready(group.instances) if _Bridge.ready else None
    if ready:
        _Bridge.active.add(arn)
    return "CREATING" if ready is False and arn not in _Bridge.active else "ACTIVE"
