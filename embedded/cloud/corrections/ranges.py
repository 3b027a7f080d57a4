"""Further address ranges of a VPC: one with subnets in it stays, one that went is gone."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.models import EC2Backend

from embedded.cloud.additions.wire import RefusedError


def install() -> None:
    """Change how moto lets go of a range."""
    plain = EC2Backend.disassociate_vpc_cidr_block

    def disassociate(backend: Any, association_id: str) -> Any:
        for vpc in backend.vpcs.values():
            association = vpc._cidr_block_association_set.get(association_id)
            if association:
                _require_no_subnets(backend, vpc, association["cidr_block"])
                answer = plain(backend, association_id)
                # moto goes on counting it, and lets subnets into it.
                vpc._cidr_block_association_set.pop(association_id, None)
                return answer
        return plain(backend, association_id)

    setattr(EC2Backend, "disassociate_vpc_cidr_block", disassociate)  # noqa: B010


def _require_no_subnets(backend: Any, vpc: Any, block: str) -> None:
    if ":" in block:
        return
    whole = ipaddress.IPv4Network(block)
    for zone in backend.subnets.values():
        for subnet in zone.values():
            inside = ipaddress.IPv4Network(subnet.cidr_block).subnet_of(whole)
            if subnet.vpc_id == vpc.id and inside:
                message = f"The vpc {vpc.id} currently has a subnet within CIDR block {block}"
                raise RefusedError(message, code="DependencyViolation")
