"""EC2: route tables, their routes and what they are attached to."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Resource, Step
from embedded.plugins.aws.tagging import ec2 as ec2_tags
from embedded.plugins.provider import ProviderError

# Inline routes name their destination differently from the resource Route.
_INLINE: Final = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "transitGatewayId": "TransitGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "vpcEndpointId": "VpcEndpointId",
}
_DESTINATIONS: Final = (
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
)
_TABLE: Final = Call("describe_route_tables", {"RouteTableIds": ["{id}"]}, "RouteTables[0]")


def destination(route: Mapping[str, Any]) -> str:
    """Return what the route leads to, however it is named."""
    return next((route[key] for key in _DESTINATIONS if route.get(key)), "")


def _made_by_hand(route: Mapping[str, Any]) -> bool:
    """Tell the routes that somebody made from those that come with the table."""
    local = route.get("GatewayId") == "local"
    endpoint = str(route.get("GatewayId", "")).startswith("vpce-")
    return not local and not endpoint and route.get("Origin") != "EnableVgwRoutePropagation"


def _inline_routes(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    routes = [route for route in table.get("Routes", ()) if _made_by_hand(route)]
    return [
        {name: route[key] for name, key in _INLINE.items() if route.get(key)} for route in routes
    ]


def _as_api(route: Mapping[str, Any]) -> dict[str, Any]:
    return {key: route[name] for name, key in _INLINE.items() if route.get(name)}


def _set_routes(operation: Operation) -> None:
    table = operation.call(_TABLE) or {}
    actual = {destination(route): route for route in map(_as_api, _inline_routes(table))}
    wanted = {
        destination(route): route for route in map(_as_api, operation.inputs.get("routes") or ())
    }
    for key in sorted(actual.keys() - wanted.keys()):
        where = {name: actual[key][name] for name in _DESTINATIONS if name in actual[key]}
        operation.api("delete_route", {"RouteTableId": operation.id, **where})
    for key, route in wanted.items():
        if key not in actual:
            operation.api("create_route", {"RouteTableId": operation.id, **route})
        elif route != actual[key]:
            operation.api("replace_route", {"RouteTableId": operation.id, **route})


def _delete_table(operation: Operation) -> None:
    table = operation.call(_TABLE) or {}
    for association in table.get("Associations", ()):
        if not association.get("Main"):
            identity = association["RouteTableAssociationId"]
            operation.api("disassociate_route_table", {"AssociationId": identity})
    operation.api("delete_route_table", {"RouteTableId": operation.id})


ROUTE_TABLE = Resource(
    type="aws:ec2/routeTable:RouteTable",
    label="EC2 Route Table",
    service="ec2",
    identity="{RouteTableId}",
    create=Call("create_route_table", result="RouteTable"),
    read=_TABLE,
    delete=_delete_table,
    sends=("vpcId",),
    reads={"routes": _inline_routes},
    steps=(Step(("routes",), _set_routes),),
    replaces=("vpcId",),
    computed=("routes",),
    sets=("routes",),
    without=(
        "routes.carrierGatewayId",
        "routes.coreNetworkArn",
        "routes.localGatewayId",
        "routes.odbNetworkArn",
    ),
    outputs={
        "arn": "arn:{partition}:ec2:{region}:{account}:route-table/{id}",
        "ownerId": "OwnerId",
    },
    tags=ec2_tags("route-table"),
)

_TARGETS: Final = (
    "gatewayId",
    "natGatewayId",
    "networkInterfaceId",
    "vpcPeeringConnectionId",
    "transitGatewayId",
    "egressOnlyGatewayId",
    "vpcEndpointId",
)
_ROUTE_DESTINATIONS: Final = (
    "destinationCidrBlock",
    "destinationIpv6CidrBlock",
    "destinationPrefixListId",
)


def _wanted_destination(operation: Operation) -> str:
    places = (operation.inputs, operation.state)
    named = (place.get(name) for place in places for name in _ROUTE_DESTINATIONS)
    return next((value for value in named if value), operation.state.get("destination", ""))


def _create_route(operation: Operation) -> dict[str, Any]:
    where = ("routeTableId", *_ROUTE_DESTINATIONS, *_TARGETS)
    operation.api("create_route", operation.values(where))
    return {"RouteKey": _route_key(operation)}


def _route_key(operation: Operation) -> str:
    """Return the released provider's id: the table and a checksum of the destination."""
    checksum = zlib.crc32(_wanted_destination(operation).encode())
    return f"r-{_route_table(operation)}{checksum}"


def _route_table(operation: Operation) -> str:
    table = operation.inputs.get("routeTableId") or operation.state.get("routeTableId")
    if not table:
        message = (
            f"{operation.id!r} says too little about an EC2 Route; the form for an import is "
            "ROUTETABLEID_DESTINATION, e.g. rtb-0a1b2c_10.0.0.0/16"
        )
        raise ProviderError(message)
    return table


def _read_route(operation: Operation) -> Mapping[str, Any] | None:
    table_id = _route_table(operation)
    table = operation.api("describe_route_tables", {"RouteTableIds": [table_id]})["RouteTables"][0]
    wanted = _wanted_destination(operation)
    found = [route for route in table.get("Routes", ()) if destination(route) == wanted]
    operation.id = _route_key(operation)
    return {**found[0], "RouteTableId": table_id} if found else None


def _route_destination(operation: Operation) -> dict[str, Any]:
    places = {**operation.state, **operation.inputs}
    return {name: places[name] for name in _ROUTE_DESTINATIONS if places.get(name)}


def _replace_route(operation: Operation) -> None:
    where = ("routeTableId", *_ROUTE_DESTINATIONS, *_TARGETS)
    operation.api("replace_route", operation.values(where))


def _delete_route(operation: Operation) -> None:
    params = {"routeTableId": "{routeTableId}", **_route_destination(operation)}
    operation.call(Call("delete_route", params))


ROUTE = Resource(
    type="aws:ec2/route:Route",
    label="EC2 Route",
    service="ec2",
    identity="{RouteKey}",
    imports="{routeTableId}_{destination}",
    create=_create_route,
    shape=("create_route",),
    read=_read_route,
    delete=_delete_route,
    sends=("routeTableId", *_ROUTE_DESTINATIONS, *_TARGETS),
    steps=(Step(_TARGETS, _replace_route),),
    names={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
    replaces=("routeTableId", *_ROUTE_DESTINATIONS),
    computed=("networkInterfaceId",),
    outputs={
        "instanceId": "InstanceId",
        "instanceOwnerId": "InstanceOwnerId",
        "origin": "Origin",
        "state": "State",
    },
)


def _read_association(operation: Operation) -> Mapping[str, Any] | None:
    subnet, _, table = operation.id.partition("/")
    if table:
        name, value = "association.subnet-id", subnet
    else:
        name, value = "association.route-table-association-id", operation.id
    filters = [{"Name": name, "Values": [value]}]
    tables = operation.api("describe_route_tables", {"Filters": filters})["RouteTables"]
    found = [item for each in tables for item in each.get("Associations", ())]
    for association in found:
        if value in (association.get("SubnetId"), association["RouteTableAssociationId"]):
            operation.id = association["RouteTableAssociationId"]
            return association
    return None


ROUTE_TABLE_ASSOCIATION = Resource(
    type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    label="EC2 Route Table Association",
    service="ec2",
    identity="{AssociationId}",
    imports="{subnetId}/{routeTableId}",
    create=Call("associate_route_table"),
    read=_read_association,
    delete=Call("disassociate_route_table", {"AssociationId": "{id}"}),
    sends=("routeTableId", "subnetId", "gatewayId"),
    replaces=("*",),
    gone=("InvalidAssociationID.NotFound",),
    delete_before_replace=True,
)

RESOURCES = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
