"""What other stacks say about themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from typing import Any, Final, cast

import pulumi
from pulumi import Input, Output, ResourceOptions

from stacks.network_sections import PeeringSettings

# The output of every stack of this program that a peer reads, and what is in it.
OUTPUT: Final = "network"
# A stack that is not there lacks everything: that is said for one value of all.
_SAID_ONCE: Final = ("vpc_id",)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other side of a peering."""

    vpc_id: Input[str]
    # Zone -> route table of its private subnets; empty where the other side makes its own routes.
    route_table_ids: Mapping[str, Input[str]]
    # The group of its shared services.
    group_id: Input[str] | None


def peer(name: str, peering: PeeringSettings, opts: ResourceOptions) -> Peer:
    """Return the other side: of its stack's outputs, or of the settings where it is no stack."""
    if peering.stack is None:
        return Peer(vpc_id=str(peering.vpc_id), route_table_ids={}, group_id=None)
    reference = pulumi.StackReference(f"{name}-stack", peering.stack, opts)
    outputs: Output[Any] = reference.get_output(OUTPUT)
    read = partial(_read, peering.stack)
    return Peer(
        vpc_id=outputs.apply(partial(_vpc, peering.stack, peering.networks)),
        route_table_ids={
            zone: outputs.apply(partial(read, ("route_table_ids", zone))) for zone in peering.zones
        },
        group_id=outputs.apply(partial(read, ("security_group_ids", "services"))),
    )


def _vpc(stack: str, networks: Sequence[IPv4Network], outputs: Any) -> str | Output[str]:
    cidr = _value(outputs, ("cidr",))
    for network in networks:
        if cidr is not None and not network.subnet_of(IPv4Network(cidr)):
            message = (
                f"The peering with {stack} names {network}, and the VPC there is {cidr}: nothing "
                "would answer. Name networks inside it under ballast:network.peerings."
            )
            raise pulumi.RunError(message)
    return _read(stack, ("vpc_id",), outputs)


def _read(stack: str, path: Sequence[str], outputs: Any) -> str | Output[str]:
    """Return the value; where it is missing, a preview goes on and a deployment does not."""
    value = _value(outputs, path)
    if value is not None:
        return value
    message = (
        f"The stack {stack} has no output {'.'.join((OUTPUT, *path))}: it has not been deployed "
        "yet, or has no such zone. Deploy it first, or correct ballast:network.peerings."
    )
    if not pulumi.runtime.is_dry_run():
        raise pulumi.RunError(message)
    if path == _SAID_ONCE:
        pulumi.log.info(f"{message} The preview goes on as if it had been.")
    return _unknown()


def _value(outputs: Any, path: Sequence[str]) -> str | None:
    found = outputs
    for part in path:
        if not isinstance(found, Mapping):
            return None
        found = cast("Mapping[str, Any]", found).get(part)
    return found if isinstance(found, str) else None


def _unknown() -> Output[str]:
    """Return what the engine makes of a value that only a deployment will know."""

    def settled(value: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_result(value)
        return future

    nobody: set[pulumi.Resource] = set()
    return Output(settled(nobody), settled(None), settled(False))
