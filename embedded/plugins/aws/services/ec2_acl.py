"""EC2: network ACLs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Resource, Step
from embedded.plugins.aws.tagging import ec2 as ec2_tags

_READ: Final = Call("describe_network_acls", {"NetworkAclIds": ["{id}"]}, "NetworkAcls[0]")
# AWS closes every ACL with a rule of this number that nobody can change.
_LAST: Final = 32767
_NUMBERS: Final = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "all": "-1"}


def _protocol(value: Any) -> str:
    text = str(value).lower()
    return _NUMBERS.get(text, text)


def _entry(rule: Mapping[str, Any], *, egress: bool) -> dict[str, Any]:
    """Return an inline rule as a network ACL entry."""
    entry: dict[str, Any] = {
        "RuleNumber": rule["ruleNo"],
        "Protocol": _protocol(rule["protocol"]),
        "RuleAction": rule["action"],
        "Egress": egress,
        "CidrBlock": rule.get("cidrBlock"),
        "Ipv6CidrBlock": rule.get("ipv6CidrBlock"),
    }
    return {**entry, **_ports(rule)}


def _ports(rule: Mapping[str, Any]) -> dict[str, Any]:
    protocol = _protocol(rule["protocol"])
    if protocol in ("1", "58"):
        kind, code = rule.get("icmpType", 0), rule.get("icmpCode", 0)
        return {"IcmpTypeCode": {"Type": kind, "Code": code}}
    if protocol == "-1":
        return {}
    return {"PortRange": {"From": rule.get("fromPort", 0), "To": rule.get("toPort", 0)}}


def _inline(*, egress: bool) -> Callable[[Mapping[str, Any]], list[dict[str, Any]]]:
    def read(acl: Mapping[str, Any]) -> list[dict[str, Any]]:
        entries = acl.get("Entries") or ()
        return [
            _rule(entry)
            for entry in entries
            if entry["Egress"] == egress and entry["RuleNumber"] < _LAST
        ]

    return read


def _rule(entry: Mapping[str, Any]) -> dict[str, Any]:
    ports, icmp = entry.get("PortRange") or {}, entry.get("IcmpTypeCode") or {}
    rule = {
        "ruleNo": entry["RuleNumber"],
        "protocol": entry["Protocol"],
        "action": entry["RuleAction"],
        "fromPort": ports.get("From", 0),
        "toPort": ports.get("To", 0),
        "cidrBlock": entry.get("CidrBlock"),
        "ipv6CidrBlock": entry.get("Ipv6CidrBlock"),
        "icmpType": icmp.get("Type"),
        "icmpCode": icmp.get("Code"),
    }
    return {key: value for key, value in rule.items() if value is not None}


def _set_rules(operation: Operation) -> None:
    acl = operation.call(_READ)
    for egress, name in ((False, "ingress"), (True, "egress")):
        wanted = [_entry(rule, egress=egress) for rule in operation.inputs.get(name) or ()]
        _bring_to(operation, acl, wanted, egress=egress)


def _bring_to(
    operation: Operation,
    acl: Mapping[str, Any],
    wanted: Iterable[Mapping[str, Any]],
    *,
    egress: bool,
) -> None:
    actual = {rule["ruleNo"]: _entry(rule, egress=egress) for rule in _inline(egress=egress)(acl)}
    target = {entry["RuleNumber"]: entry for entry in wanted}
    for number in actual.keys() - target.keys():
        key = {"NetworkAclId": operation.id, "RuleNumber": number, "Egress": egress}
        operation.api("delete_network_acl_entry", key)
    for number, entry in target.items():
        if actual.get(number) != entry:
            verb = "replace" if number in actual else "create"
            params = {"NetworkAclId": operation.id, **entry}
            operation.api(f"{verb}_network_acl_entry", params)


def _set_subnets(operation: Operation) -> None:
    """Attach the subnets; the ones that leave go back to the VPC's default ACL."""
    acl = operation.call(_READ)
    wanted = set(operation.inputs.get("subnetIds") or ())
    attached = {item["SubnetId"] for item in acl.get("Associations") or ()}
    leaving = attached - wanted
    if leaving:
        default = _find_acls(operation, "vpc-id", acl["VpcId"], default=True)[0]
        _move(operation, leaving, default["NetworkAclId"])
    _move(operation, wanted - attached, operation.id)


def _move(operation: Operation, subnets: Iterable[str], target: str) -> None:
    for subnet in sorted(subnets):
        for acl in _find_acls(operation, "association.subnet-id", subnet):
            for item in acl["Associations"]:
                if item["SubnetId"] == subnet:
                    identity = item["NetworkAclAssociationId"]
                    params = {"AssociationId": identity, "NetworkAclId": target}
                    operation.api("replace_network_acl_association", params)


def _find_acls(
    operation: Operation, name: str, value: str, *, default: bool = False
) -> list[Mapping[str, Any]]:
    filters = [{"Name": name, "Values": [value]}]
    if default:
        filters.append({"Name": "default", "Values": ["true"]})
    return operation.api("describe_network_acls", {"Filters": filters})["NetworkAcls"]


def _delete(operation: Operation) -> None:
    _set_subnets(operation.using(inputs={}))
    operation.call(Call("delete_network_acl", {"NetworkAclId": "{id}"}))


_STEPS: Final = (Step(("ingress", "egress"), _set_rules), Step(("subnetIds",), _set_subnets))
_READS: Final = {
    "ingress": _inline(egress=False),
    "egress": _inline(egress=True),
    "subnetIds": "Associations[].SubnetId",
}
_PROTOCOLS: Final = ("ingress.protocol", "egress.protocol")
_OUTPUTS: Final = {
    "arn": "arn:{partition}:ec2:{region}:{account}:network-acl/{id}",
    "ownerId": "OwnerId",
}

NETWORK_ACL = Resource(
    type="aws:ec2/networkAcl:NetworkAcl",
    label="EC2 Network ACL",
    service="ec2",
    identity="{NetworkAclId}",
    create=Call("create_network_acl", result="NetworkAcl"),
    read=_READ,
    delete=_delete,
    sends=("vpcId",),
    steps=_STEPS,
    reads=_READS,
    replaces=("vpcId",),
    computed=("ingress", "egress", "subnetIds"),
    sets=("ingress", "egress", "subnetIds"),
    protocols=_PROTOCOLS,
    outputs=_OUTPUTS,
    tags=ec2_tags("network-acl"),
)


def _take_default(operation: Operation) -> Mapping[str, Any]:
    """The default ACL is there already: its rules become the program's, none included."""
    identity = operation.inputs["defaultNetworkAclId"]
    _set_rules(operation.using(id=identity))
    return {"NetworkAclId": identity}


DEFAULT_NETWORK_ACL = Resource(
    type="aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    label="EC2 Default Network ACL",
    service="ec2",
    identity="{NetworkAclId}",
    create=_take_default,
    shape=("create_network_acl",),
    read=_READ,
    # It goes with its VPC.
    delete=None,
    sends=("defaultNetworkAclId",),
    steps=_STEPS,
    reads={**_READS, "defaultNetworkAclId": "NetworkAclId"},
    replaces=("defaultNetworkAclId",),
    computed=("subnetIds",),
    sets=("ingress", "egress", "subnetIds"),
    protocols=_PROTOCOLS,
    outputs={**_OUTPUTS, "vpcId": "VpcId"},
    tags=replace(ec2_tags("network-acl"), create={}),
)


def _create_rule(operation: Operation) -> dict[str, Any]:
    operation.api("create_network_acl_entry", _entry_of_rule(operation.inputs))
    return {}


def _entry_of_rule(inputs: Mapping[str, Any]) -> dict[str, Any]:
    inline = {**inputs, "ruleNo": inputs["ruleNumber"], "action": inputs["ruleAction"]}
    entry = _entry(inline, egress=bool(inputs.get("egress")))
    return {"NetworkAclId": inputs["networkAclId"], **entry}


def _place(operation: Operation) -> dict[str, Any]:
    """Return which entry it is: from the inputs, or from an import's id."""
    place = {**operation.state, **operation.inputs}
    return {
        "NetworkAclId": place["networkAclId"],
        "RuleNumber": int(place["ruleNumber"]),
        "Egress": str(place.get("egress", False)).lower() == "true",
    }


def _read_rule(operation: Operation) -> Mapping[str, Any] | None:
    place = _place(operation)
    params = {"NetworkAclIds": [place["NetworkAclId"]]}
    acl = operation.api("describe_network_acls", params)["NetworkAcls"][0]
    for entry in acl.get("Entries") or ():
        if all(entry[key] == place[key] for key in ("RuleNumber", "Egress")):
            rule = _rule(entry)
            return {**rule, **place, "ruleAction": rule["action"]}
    return None


def _delete_rule(operation: Operation) -> None:
    if _read_rule(operation):
        operation.api("delete_network_acl_entry", _place(operation))


NETWORK_ACL_RULE = Resource(
    type="aws:ec2/networkAclRule:NetworkAclRule",
    label="EC2 Network ACL Rule",
    service="ec2",
    identity="{networkAclId}:{ruleNumber}:{protocol}:{egress}",
    create=_create_rule,
    shape=("create_network_acl_entry",),
    read=_read_rule,
    delete=_delete_rule,
    sends=(
        "networkAclId",
        "ruleNumber",
        "protocol",
        "ruleAction",
        "egress",
        "cidrBlock",
        "ipv6CidrBlock",
        "fromPort",
        "toPort",
        "icmpType",
        "icmpCode",
    ),
    replaces=("*",),
    defaults={"egress": False},
    protocols=("protocol",),
    delete_before_replace=True,
)

RESOURCES = (NETWORK_ACL, DEFAULT_NETWORK_ACL, NETWORK_ACL_RULE)
