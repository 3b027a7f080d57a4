"""Makes moto more like AWS: an EKS of our own, operations it lacks, answers it gets wrong."""

from __future__ import annotations

from embedded.cloud import polling
from embedded.cloud.additions import (
    capacity_reservations,
    log_keys,
    open_id_clients,
    placement_groups,
    pull_through_cache,
)
from embedded.cloud.corrections import (
    addresses,
    endpoints,
    logs,
    network_acls,
    ranges,
    security_groups,
)
from embedded.cloud.eks import dispatch

_PARTS = (
    dispatch,
    polling,
    placement_groups,
    capacity_reservations,
    pull_through_cache,
    log_keys,
    open_id_clients,
    addresses,
    endpoints,
    ranges,
    security_groups,
    logs,
    network_acls,
)
_installed: list[str] = []


def install() -> None:
    """Change moto; once a process, before the first request."""
    if _installed:
        return
    for part in _PARTS:
        part.install()
        _installed.append(part.__name__)
