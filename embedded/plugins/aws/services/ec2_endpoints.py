"""EC2: VPC endpoints and flow logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Resource, Step, Wait
from embedded.plugins.aws.tagging import ec2 as ec2_tags

_MEMBERS: Final = ("routeTableIds", "subnetIds", "securityGroupIds")


def _modify_endpoint(operation: Operation) -> None:
    """The API takes what to add and what to remove of each list."""
    params: dict[str, Any] = {"VpcEndpointId": operation.id}
    for name in _MEMBERS:
        before = operation.state.get(name) or []
        after = operation.inputs.get(name) or []
        api = name[0].upper() + name[1:]
        if name in operation.changed:
            params[f"Add{api}"] = [item for item in after if item not in before] or None
            params[f"Remove{api}"] = [item for item in before if item not in after] or None
    if "policy" in operation.changed:
        params["PolicyDocument"] = operation.inputs.get("policy")
        params["ResetPolicy"] = None if operation.inputs.get("policy") else True
    if "privateDnsEnabled" in operation.changed:
        params["PrivateDnsEnabled"] = bool(operation.inputs.get("privateDnsEnabled"))
    operation.api("modify_vpc_endpoint", params)


def _read_endpoint(operation: Operation) -> Mapping[str, Any] | None:
    """A gateway's addresses have a list of their own, which rules and routes name."""
    params = {"VpcEndpointIds": ["{id}"]}
    endpoint = operation.call(Call("describe_vpc_endpoints", params, "VpcEndpoints[0]"))
    if endpoint and endpoint.get("VpcEndpointType") == "Gateway":
        named = {"Name": "prefix-list-name", "Values": [endpoint["ServiceName"]]}
        params = {"Filters": [named]}
        lists = Call("describe_prefix_lists", params, "PrefixLists[0]")
        endpoint.update(operation.call(lists) or {})
    return endpoint


VPC_ENDPOINT = Resource(
    type="aws:ec2/vpcEndpoint:VpcEndpoint",
    label="EC2 VPC Endpoint",
    service="ec2",
    identity="{VpcEndpointId}",
    create=Call("create_vpc_endpoint", result="VpcEndpoint"),
    read=_read_endpoint,
    delete=Call("delete_vpc_endpoints", {"VpcEndpointIds": ["{id}"]}),
    sends=("vpcId", "serviceName", "vpcEndpointType", "policy", "privateDnsEnabled", *_MEMBERS),
    names={"policy": "PolicyDocument"},
    reads={"securityGroupIds": "Groups[].GroupId"},
    steps=(Step((*_MEMBERS, "policy", "privateDnsEnabled"), _modify_endpoint),),
    replaces=("vpcId", "serviceName", "vpcEndpointType"),
    computed=("policy", "privateDnsEnabled", *_MEMBERS),
    defaults={"vpcEndpointType": "Gateway"},
    sets=_MEMBERS,
    documents=("policy",),
    outputs={
        "arn": "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{id}",
        "cidrBlocks": "Cidrs",
        "dnsEntries": "DnsEntries",
        "networkInterfaceIds": "NetworkInterfaceIds",
        "ownerId": "OwnerId",
        "prefixListId": "PrefixListId",
        "requesterManaged": "RequesterManaged",
        "state": "State",
    },
    tags=ec2_tags("vpc-endpoint"),
    wait=Wait(
        "State", until=("available", "pendingAcceptance"), failed=("failed",), gone=("deleted",)
    ),
)

# What a flow log watches: the property, the API's word, how its ids begin.
_WATCHED: Final = (
    ("vpcId", "VPC", "vpc-"),
    ("subnetId", "Subnet", "subnet-"),
    ("eniId", "NetworkInterface", "eni-"),
)


def _create_flow_log(operation: Operation) -> Mapping[str, Any]:
    inputs = operation.inputs
    kind, identity = next((api, inputs[name]) for name, api, _ in _WATCHED if inputs.get(name))
    params = {
        **operation.values(_FLOW_SENDS),
        "ResourceType": kind,
        "ResourceIds": [identity],
        **operation.tag_params(),
    }
    answer = operation.api("create_flow_logs", params)
    failures = answer.get("Unsuccessful")
    if failures:
        raise operation.refused(failures[0]["Error"])
    return {"FlowLogId": answer["FlowLogIds"][0]}


def _watched(prefix: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(log: Mapping[str, Any]) -> Any:
        return log["ResourceId"] if log["ResourceId"].startswith(prefix) else None

    return read


def _check_flow_log(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    given = [name for name, _, _ in _WATCHED if inputs.get(name) is not None]
    if len(given) == 1:
        return []
    return [("vpcId", f"exactly one of vpcId, subnetId, eniId is needed; got {given or 'none'}")]


_FLOW_SENDS: Final = (
    "trafficType",
    "logDestinationType",
    "logDestination",
    "iamRoleArn",
    "logFormat",
    "maxAggregationInterval",
)

FLOW_LOG = Resource(
    type="aws:ec2/flowLog:FlowLog",
    label="EC2 Flow Log",
    service="ec2",
    identity="{FlowLogId}",
    create=_create_flow_log,
    shape=("create_flow_logs",),
    read=Call("describe_flow_logs", {"FlowLogIds": ["{id}"]}, "FlowLogs[0]"),
    delete=Call("delete_flow_logs", {"FlowLogIds": ["{id}"]}),
    sends=(*_FLOW_SENDS, *(name for name, _, _ in _WATCHED)),
    names={"iamRoleArn": "DeliverLogsPermissionArn"},
    reads={name: _watched(prefix) for name, _, prefix in _WATCHED},
    replaces=("*",),
    computed=("logFormat", "logDestination"),
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    outputs={"arn": "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}"},
    tags=ec2_tags("vpc-flow-log"),
    checks=_check_flow_log,
)

RESOURCES = (VPC_ENDPOINT, FLOW_LOG)
