"""What additions to EC2 share: ids, ARNs, tags, filters."""

from __future__ import annotations

from typing import Any, Final

from moto.ec2 import utils
from moto.utilities.utils import get_partition

INVALID: Final = "InvalidParameterValue"
# Kind of resource -> how its ids begin.
PREFIXES: Final = {"placement-group": "pg", "capacity-reservation": "cr"}


def teach_prefixes() -> None:
    """Let moto's tags know whose ids these are."""
    utils.EC2_RESOURCE_TO_PREFIX.update(PREFIXES)
    utils.EC2_PREFIX_TO_RESOURCE.update({prefix: kind for kind, prefix in PREFIXES.items()})


def arn(backend: Any, name: str) -> str:
    """Return the ARN of `kind/id` in the backend's account and region."""
    region = backend.region_name
    return f"arn:{get_partition(region)}:ec2:{region}:{backend.account_id}:{name}"


def tags(parameters: dict[str, Any], kind: str) -> dict[str, str]:
    """Return the tags that the request gives to what it makes."""
    return {
        tag["Key"]: tag.get("Value", "")
        for specification in parameters.get("TagSpecifications") or []
        if specification.get("ResourceType") == kind
        for tag in specification.get("Tags") or []
    }


def filters(parameters: dict[str, Any]) -> dict[str, list[str]]:
    """Return the request's filters as moto wants them."""
    return {entry["Name"]: entry.get("Values") or [] for entry in parameters.get("Filters") or []}
