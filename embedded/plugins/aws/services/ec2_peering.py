"""EC2: peering between VPCs, and further address ranges of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Resource, Step, Wait
from embedded.plugins.aws.tagging import ec2 as ec2_tags

_ID: Final = {"VpcPeeringConnectionId": "{id}"}
_READ: Final = Call(
    "describe_vpc_peering_connections",
    {"VpcPeeringConnectionIds": ["{id}"]},
    "VpcPeeringConnections[0]",
)
_SIDES: Final = ("accepter", "requester")
_SIDE_NAMES: Final = {
    f"{side}.allowRemoteVpcDnsResolution": "AllowDnsResolutionFromRemoteVpc" for side in _SIDES
}
_SIDE_READS: Final = {
    "accepter": "AccepterVpcInfo.PeeringOptions",
    "requester": "RequesterVpcInfo.PeeringOptions",
}
_SIDE_DEFAULTS: Final = {f"{side}.allowRemoteVpcDnsResolution": False for side in _SIDES}
_WAIT: Final = Wait(
    "Status.Code",
    until=("active", "pending-acceptance"),
    failed=("failed", "rejected", "expired"),
    gone=("deleted", "deleting"),
    reason="Status.Message",
    seconds=60.0,
)


def _set_options(operation: Operation) -> None:
    params: dict[str, Any] = {"VpcPeeringConnectionId": operation.id}
    for side in _SIDES:
        if operation.inputs.get(side) is not None:
            key = f"{side.title()}PeeringConnectionOptions"
            params[key] = operation.values((side,))[side]
    operation.api("modify_vpc_peering_connection_options", params)


def _accept(operation: Operation) -> None:
    if operation.inputs.get("autoAccept"):
        status = (operation.call(_READ) or {}).get("Status", {}).get("Code")
        if status == "pending-acceptance":
            operation.call(Call("accept_vpc_peering_connection", _ID))


PEERING = Resource(
    type="aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
    label="EC2 VPC Peering Connection",
    service="ec2",
    identity="{VpcPeeringConnectionId}",
    create=Call("create_vpc_peering_connection", result="VpcPeeringConnection"),
    read=_READ,
    delete=Call("delete_vpc_peering_connection", _ID),
    sends=("vpcId", "peerVpcId", "peerOwnerId", "peerRegion"),
    unread=("autoAccept",),
    steps=(Step(("autoAccept",), _accept), Step(_SIDES, _set_options)),
    names=_SIDE_NAMES,
    reads={
        "vpcId": "RequesterVpcInfo.VpcId",
        "peerVpcId": "AccepterVpcInfo.VpcId",
        "peerOwnerId": "AccepterVpcInfo.OwnerId",
        "peerRegion": "AccepterVpcInfo.Region",
        **_SIDE_READS,
    },
    replaces=("vpcId", "peerVpcId", "peerOwnerId", "peerRegion"),
    computed=("peerOwnerId", "peerRegion", *_SIDES),
    defaults=_SIDE_DEFAULTS,
    outputs={"acceptStatus": "Status.Code"},
    tags=ec2_tags("vpc-peering-connection"),
    wait=_WAIT,
)


def _take_over(operation: Operation) -> Mapping[str, Any]:
    """The other side has made the connection: it is accepted here."""
    identity = operation.inputs["vpcPeeringConnectionId"]
    _accept(operation.using(id=identity))
    return {"VpcPeeringConnectionId": identity}


ACCEPTER = Resource(
    type="aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
    label="EC2 VPC Peering Connection Accepter",
    service="ec2",
    identity="{VpcPeeringConnectionId}",
    create=_take_over,
    shape=("accept_vpc_peering_connection",),
    read=_READ,
    # It belongs to the side that asked for it.
    delete=None,
    sends=("vpcPeeringConnectionId",),
    unread=("autoAccept",),
    steps=(Step(("autoAccept",), _accept), Step(_SIDES, _set_options)),
    names=_SIDE_NAMES,
    reads=_SIDE_READS,
    replaces=("vpcPeeringConnectionId",),
    computed=_SIDES,
    defaults=_SIDE_DEFAULTS,
    outputs={
        "acceptStatus": "Status.Code",
        "peerOwnerId": "RequesterVpcInfo.OwnerId",
        "peerRegion": "RequesterVpcInfo.Region",
        "peerVpcId": "RequesterVpcInfo.VpcId",
        "vpcId": "AccepterVpcInfo.VpcId",
    },
    tags=replace(ec2_tags("vpc-peering-connection"), create={}),
    wait=_WAIT,
)


def _name_connection(operation: Operation) -> Mapping[str, Any]:
    return {"VpcPeeringConnectionId": operation.inputs["vpcPeeringConnectionId"]}


OPTIONS = Resource(
    type="aws:ec2/peeringConnectionOptions:PeeringConnectionOptions",
    label="EC2 VPC Peering Connection Options",
    service="ec2",
    identity="{vpcPeeringConnectionId}",
    create=_name_connection,
    shape=("modify_vpc_peering_connection_options",),
    read=_READ,
    # Options cannot be deleted; the released provider leaves them, too.
    delete=None,
    sends=("vpcPeeringConnectionId",),
    steps=(Step(_SIDES, _set_options),),
    names=_SIDE_NAMES,
    reads=_SIDE_READS,
    replaces=("vpcPeeringConnectionId",),
    computed=_SIDES,
    defaults=_SIDE_DEFAULTS,
    wait=_WAIT,
)


def _read_range(operation: Operation) -> Mapping[str, Any] | None:
    name = "cidr-block-association.association-id"
    params = {"Filters": [{"Name": name, "Values": ["{id}"]}]}
    vpc = operation.call(Call("describe_vpcs", params, "Vpcs[0]"))
    for association in (vpc or {}).get("CidrBlockAssociationSet", ()):
        current = association["CidrBlockState"]["State"] == "associated"
        if association["AssociationId"] == operation.id and current:
            return {**association, "VpcId": vpc["VpcId"]}
    return None


RANGE = Resource(
    type="aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
    label="EC2 VPC IPv4 CIDR Block Association",
    service="ec2",
    identity="{AssociationId}",
    create=Call("associate_vpc_cidr_block", result="CidrBlockAssociation"),
    read=_read_range,
    delete=Call("disassociate_vpc_cidr_block", {"AssociationId": "{id}"}),
    sends=("vpcId", "cidrBlock"),
    replaces=("*",),
)

RESOURCES = (PEERING, ACCEPTER, OPTIONS, RANGE)
