"""Data sources (invokes): the pure ones work offline, the others ask the embedded cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from embedded.plugins.aws.clients import Clients, partition_of
from embedded.plugins.aws.errors import ApiError
from embedded.plugins.aws.policy_document import policy_document
from embedded.plugins.provider import ProviderError

Function = Callable[[dict[str, Any], Clients], dict[str, Any]]


def _partition(_args: Mapping[str, Any], clients: Clients) -> dict[str, Any]:
    name = partition_of(clients.settings.region)
    suffix = "amazonaws.com.cn" if name == "aws-cn" else "amazonaws.com"
    reverse = ".".join(reversed(suffix.split(".")))
    return {
        "id": name,
        "partition": name,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": reverse,
    }


def _region(args: Mapping[str, Any], clients: Clients) -> dict[str, Any]:
    region = args.get("region") or args.get("name") or clients.settings.region
    endpoint = f"ec2.{region}.amazonaws.com"
    return {
        "id": region,
        "region": region,
        "name": region,
        "endpoint": endpoint,
        "description": region,
    }


def _caller(_args: Mapping[str, Any], clients: Clients) -> dict[str, Any]:
    answer = clients.call("sts", "get_caller_identity", {})
    return {
        "id": answer["Account"],
        "accountId": answer["Account"],
        "arn": answer["Arn"],
        "userId": answer["UserId"],
    }


def _zones(args: Mapping[str, Any], clients: Clients) -> dict[str, Any]:
    params: dict[str, Any] = {"AllAvailabilityZones": bool(args.get("allAvailabilityZones"))}
    filters = [
        {"Name": item["name"], "Values": item["values"]} for item in args.get("filters") or ()
    ]
    if args.get("state"):
        filters.append({"Name": "state", "Values": [args["state"]]})
    if filters:
        params["Filters"] = filters
    answer = clients.call("ec2", "describe_availability_zones", params)
    left_out = {*(args.get("excludeNames") or ()), *(args.get("excludeZoneIds") or ())}
    zones = sorted(
        (
            zone
            for zone in answer["AvailabilityZones"]
            if not left_out.intersection((zone["ZoneName"], zone["ZoneId"]))
        ),
        key=lambda zone: zone["ZoneName"],
    )
    return {
        **args,
        "id": clients.settings.region,
        "region": clients.settings.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName", "") for zone in zones}),
    }


def _parameter(args: Mapping[str, Any], clients: Clients) -> dict[str, Any]:
    decrypt = args.get("withDecryption", True)
    params = {"Name": args["name"], "WithDecryption": decrypt}
    found = clients.call("ssm", "get_parameter", params)["Parameter"]
    secret = found["Type"] == "SecureString"
    return {
        "id": found["Name"],
        "name": found["Name"],
        "arn": found["ARN"],
        "type": found["Type"],
        "value": found["Value"],
        "insecureValue": "" if secret else found["Value"],
        "version": found["Version"],
        "withDecryption": decrypt,
        "region": clients.settings.region,
    }


def _policy_document(args: Mapping[str, Any], _clients: Clients) -> dict[str, Any]:
    return policy_document(args)


_FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:ssm/getParameter:getParameter": _parameter,
}


def invoke(token: str, args: dict[str, Any], clients: Clients) -> dict[str, Any]:
    """Return the answer of the data source called `token`."""
    function = _FUNCTIONS.get(token)
    if function is None:
        message = (
            f"data source {token} is not supported by the embedded AWS provider; "
            f"there is: {', '.join(sorted(_FUNCTIONS))}"
        )
        raise ProviderError(message)
    try:
        return function(args, clients)
    except ApiError as error:
        name = token.rsplit(":", maxsplit=1)[-1]
        message = f"invoking {name}: {error}"
        raise ProviderError(message) from error
