"""VPC endpoints: every setting can be changed, and routes and interfaces follow."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generate_route_id, random_private_ip

from embedded.cloud.additions import ec2, wire
from embedded.cloud.additions.wire import Parameters, RefusedError

_INTERFACE: Final = "Interface"


def create_vpc_endpoint(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Make an endpoint, with AWS's defaults for its type."""
    kind = parameters.get("VpcEndpointType") or "Gateway"
    vpc = backend.get_vpc(parameters["VpcId"])
    groups = list(parameters.get("SecurityGroupIds") or [])
    for group in groups:
        _require_group(backend, group)
    private = parameters.get("PrivateDnsEnabled", kind == _INTERFACE)
    if kind == _INTERFACE:
        if private:
            _require_dns(vpc)
        groups = groups or [_default_group(backend, vpc.id)]
    endpoint = backend.create_vpc_endpoint(
        vpc_id=vpc.id,
        service_name=parameters["ServiceName"],
        endpoint_type=kind,
        policy_document=parameters.get("PolicyDocument"),
        route_table_ids=list(parameters.get("RouteTableIds") or []),
        subnet_ids=list(parameters.get("SubnetIds") or []),
        client_token=parameters.get("ClientToken"),
        security_group_ids=groups,
        tags=ec2.tags(parameters, "vpc-endpoint"),
        private_dns_enabled=private,
    )
    return {"VpcEndpoint": endpoint}


def _require_group(backend: Any, group: str) -> None:
    if backend.get_security_group_from_id(group) is None:
        message = f"The security group '{group}' does not exist"
        raise RefusedError(message, code="InvalidGroup.NotFound")


def _default_group(backend: Any, vpc: str) -> str:
    return backend.get_security_group_from_name("default", vpc).id


def _require_dns(vpc: Any) -> None:
    wanted = {"enableDnsSupport": vpc.enable_dns_support}
    wanted["enableDnsHostnames"] = vpc.enable_dns_hostnames
    if not all(str(value).lower() == "true" for value in wanted.values()):
        message = (
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC "
            f"attributes set to true for {vpc.id}"
        )
        raise RefusedError(message, code="InvalidParameter")


def modify_vpc_endpoint(backend: Any, parameters: Parameters) -> dict[str, Any]:
    """Change an endpoint's tables, subnets, groups, policy or private names."""
    endpoint = backend.describe_vpc_endpoints([parameters["VpcEndpointId"]])[0]
    for group in parameters.get("AddSecurityGroupIds") or []:
        _require_group(backend, group)
    if parameters.get("PrivateDnsEnabled"):
        _require_dns(backend.get_vpc(endpoint.vpc_id))
    _change_routes(backend, endpoint, parameters)
    _change_interfaces(backend, endpoint, parameters)
    endpoint.security_group_ids = _changed(endpoint.security_group_ids, parameters, "SecurityGroup")
    if parameters.get("ResetPolicy"):
        endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
    endpoint.policy_document = parameters.get("PolicyDocument") or endpoint.policy_document
    if "PrivateDnsEnabled" in parameters:
        endpoint.private_dns_enabled = parameters["PrivateDnsEnabled"]
    return {"Return": True}


def _changed(now: Iterable[str], parameters: Parameters, noun: str) -> list[str]:
    removed = parameters.get(f"Remove{noun}Ids") or []
    added = parameters.get(f"Add{noun}Ids") or []
    kept = [name for name in now if name not in removed]
    return [*kept, *(name for name in added if name not in kept)]


def _change_routes(backend: Any, endpoint: Any, parameters: Parameters) -> None:
    before = list(endpoint.route_table_ids)
    after = _changed(before, parameters, "RouteTable")
    for table in after:
        backend.get_route_table(table)
    endpoint.route_table_ids = after
    if endpoint.destination_prefix_list_id is None:
        return
    _drop_routes(backend, endpoint, set(before) - set(after))
    for table in sorted(set(after) - set(before)):
        destination = endpoint.destination_prefix_list_id
        backend.create_route(
            table, None, gateway_id=endpoint.id, destination_prefix_list_id=destination
        )


def _drop_routes(backend: Any, endpoint: Any, tables: Iterable[str]) -> None:
    for name in tables:
        # The table may have gone before.
        table = backend.route_tables.get(name)
        if table is not None:
            key = generate_route_id(name, endpoint.destination_prefix_list_id)
            table._routes.pop(key, None)


def _change_interfaces(backend: Any, endpoint: Any, parameters: Parameters) -> None:
    after = _changed(endpoint.subnet_ids or [], parameters, "Subnet")
    for name in parameters.get("RemoveSubnetIds") or []:
        for interface in list(endpoint.network_interface_ids):
            if backend.enis[interface].subnet.id == name:
                endpoint.network_interface_ids.remove(interface)
                backend.enis.pop(interface)
    for name in after:
        if name not in (endpoint.subnet_ids or []):
            subnet = backend.get_subnet(name)
            made = backend.create_network_interface(subnet, random_private_ip())
            endpoint.network_interface_ids.append(made.id)
    endpoint.subnet_ids = after


def _delete(backend: Any, vpce_ids: list[str] | None = None) -> None:
    """Let go of routes and interfaces; moto stops at a route that is gone already."""
    for name in vpce_ids or []:
        endpoint = backend.vpc_end_points.get(name)
        if endpoint is None:
            message = f"The Vpc Endpoint Id '{name}' does not exist"
            raise RefusedError(message, code="InvalidVpcEndpointId.NotFound")
        for interface in endpoint.network_interface_ids:
            backend.enis.pop(interface, None)
        _drop_routes(backend, endpoint, endpoint.route_table_ids)
        endpoint.state = "deleted"


def install() -> None:
    """Take the place of moto's."""
    operations = (create_vpc_endpoint, modify_vpc_endpoint)
    wire.add(EC2Response, operations, lambda response: response.ec2_backend, ec2.INVALID)
    setattr(EC2Backend, "delete_vpc_endpoints", _delete)  # noqa: B010
