"""A NAT gateway that goes lets go of its address and its network interface."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.nat_gateways import NatGateway

from embedded.cloud.additions.wire import RefusedError


def install() -> None:
    """Let the address be used again: a NAT gateway is replaced with the same one."""
    plain = EC2Backend.delete_nat_gateway

    def delete(backend: Any, nat_gateway_id: str) -> NatGateway:
        if nat_gateway_id not in backend.nat_gateways:
            message = f"The Nat Gateway {nat_gateway_id} was not found"
            raise RefusedError(message, code="NatGatewayNotFound")
        gateway = plain(backend, nat_gateway_id)
        for address in gateway.address_set:
            if address.get("associationId"):
                _release(backend, address["associationId"])
        backend.enis.pop(gateway._eni.id, None)
        return gateway

    setattr(EC2Backend, "delete_nat_gateway", delete)  # noqa: B010


def _release(backend: Any, association: str) -> None:
    held = {address.association_id for address in backend.addresses}
    if association in held:
        backend.disassociate_address(association_id=association)
