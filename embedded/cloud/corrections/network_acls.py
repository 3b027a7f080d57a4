"""A network ACL's entry for ICMP keeps its type and code."""

from __future__ import annotations

from typing import Any

from moto.core.responses import BaseResponse
from moto.ec2.responses.network_acls import NetworkACLs

# moto asks for them by the name that an older protocol had.
_NAMES = {"Icmp.Type": "IcmpTypeCode.Type", "Icmp.Code": "IcmpTypeCode.Code"}


def install() -> None:
    """Let moto find what the request says."""

    def get(response: Any, name: str, if_none: Any = None) -> Any:
        return BaseResponse._get_param(response, _NAMES.get(name, name), if_none)

    setattr(NetworkACLs, "_get_param", get)  # noqa: B010
