"""Log groups: what is removed is removed with its tags; flow logs find theirs by ARN."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.logs.models import LogsBackend


def _delete_with_tags() -> None:
    plain = LogsBackend.delete_log_group

    def delete(backend: Any, log_group_name: str) -> None:
        group = backend.groups.get(log_group_name)
        plain(backend, log_group_name)
        backend.tagger.delete_all_tags_for_resource(group.arn)

    setattr(LogsBackend, "delete_log_group", delete)  # noqa: B010


def _find_by_arn() -> None:
    """Let a destination named by its ARN be found, as one named by its group is."""
    plain = EC2Backend.create_flow_logs

    def create(backend: Any, **parameters: Any) -> Any:
        destination = parameters.get("log_destination") or ""
        kind = parameters.get("log_destination_type") or "cloud-watch-logs"
        if kind == "cloud-watch-logs" and not parameters.get("log_group_name"):
            name = destination.partition(":log-group:")[2].removesuffix(":*")
            parameters["log_group_name"] = name or None
        return plain(backend, **parameters)

    setattr(EC2Backend, "create_flow_logs", create)  # noqa: B010


def install() -> None:
    """Change moto's log groups and flow logs."""
    _delete_with_tags()
    _find_by_arn()
