"""CloudWatch Logs: the KMS key of a log group, given and taken after the group was made."""

from __future__ import annotations

from typing import Any

from moto.logs.responses import LogsResponse

from embedded.cloud.additions import wire
from embedded.cloud.additions.wire import Parameters, RefusedError

_MISSING = "ResourceNotFoundException"


def associate_kms_key(backend: Any, parameters: Parameters) -> None:
    """Encrypt what comes from now on with the key."""
    _group(backend, parameters).kms_key_id = parameters["kmsKeyId"]


def disassociate_kms_key(backend: Any, parameters: Parameters) -> None:
    """Encrypt what comes from now on with CloudWatch's own key."""
    _group(backend, parameters).kms_key_id = None


def _group(backend: Any, parameters: Parameters) -> Any:
    name = parameters.get("logGroupName")
    if not name:
        arn = str(parameters.get("resourceIdentifier") or "")
        name = arn.partition(":log-group:")[2].removesuffix(":*")
    if name not in backend.groups:
        message = f"The specified log group does not exist: {name or 'none was named'}"
        raise RefusedError(message, code=_MISSING)
    return backend.groups[name]


def install() -> None:
    """Let moto's CloudWatch Logs have them."""
    operations = (associate_kms_key, disassociate_kms_key)
    wire.add(LogsResponse, operations, lambda response: response.logs_backend)
