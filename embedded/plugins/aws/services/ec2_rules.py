"""Inline security group rules, taken apart into the single permissions that EC2 keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from embedded.plugins.aws.operation import Operation

_NUMBERS: Final = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
# Property of a rule -> where EC2 has the list, the name of the value there.
_SOURCES: Final = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
# The same, where EC2 lists rules one by one.
_RULE_KEYS: Final = {
    "cidrBlocks": "CidrIpv4",
    "ipv6CidrBlocks": "CidrIpv6",
    "prefixListIds": "PrefixListId",
    "securityGroups": "GroupId",
}


@dataclass(frozen=True, order=True)
class Permission:
    """One source that may reach one range of ports."""

    protocol: str
    first: int
    last: int
    source: str
    value: str
    description: str

    def api(self) -> dict[str, Any]:
        """Return it as an IpPermission."""
        where, key = _SOURCES[self.source]
        entry = {key: self.value}
        if self.description:
            entry["Description"] = self.description
        permission: dict[str, Any] = {"IpProtocol": self.protocol, where: [entry]}
        if self.protocol != "-1":
            permission |= {"FromPort": self.first, "ToPort": self.last}
        return permission

    def rule(self) -> dict[str, Any]:
        """Return it as `modify_security_group_rules` wants it; -1 stands for every port."""
        everything = self.protocol == "-1"
        ports = (-1, -1) if everything else (self.first, self.last)
        key = "ReferencedGroupId" if self.source == "securityGroups" else _RULE_KEYS[self.source]
        return {
            "IpProtocol": self.protocol,
            "FromPort": ports[0],
            "ToPort": ports[1],
            key: self.value,
            "Description": self.description or None,
        }


def of_rules(rules: Iterable[Mapping[str, Any]], group: str) -> set[Permission]:
    """Return the permissions that inline rules stand for; `self` is the group's own id."""
    return {permission for rule in rules for permission in _of_rule(rule, group)}


def _of_rule(rule: Mapping[str, Any], group: str) -> Iterator[Permission]:
    protocol = str(rule.get("protocol", "-1")).lower()
    protocol = _NUMBERS.get(protocol, protocol)
    everything = protocol == "-1"
    ports = (0, 0) if everything else (rule.get("fromPort", 0), rule.get("toPort", 0))
    for source in _SOURCES:
        values: list[str] = [*(rule.get(source) or ())]
        if source == "securityGroups" and rule.get("self"):
            values.append(group)
        for value in values:
            yield Permission(protocol, *ports, source, value, rule.get("description") or "")


def of_group(operation: Operation, direction: str) -> dict[Permission, str]:
    """Return the permissions that EC2 has for the group, each with its rule's id."""
    filters = [{"Name": "group-id", "Values": [operation.id]}]
    answer = operation.api("describe_security_group_rules", {"Filters": filters})
    return {
        _of_api(rule): rule["SecurityGroupRuleId"]
        for rule in answer["SecurityGroupRules"]
        if rule["IsEgress"] == (direction == "egress")
    }


def _of_api(rule: Mapping[str, Any]) -> Permission:
    protocol = rule["IpProtocol"]
    ports = (0, 0) if protocol == "-1" else (rule.get("FromPort", 0), rule.get("ToPort", 0))
    flat = {**rule, "GroupId": (rule.get("ReferencedGroupInfo") or {}).get("GroupId")}
    found = ((source, flat.get(key)) for source, key in _RULE_KEYS.items())
    source, value = next((pair for pair in found if pair[1]), ("cidrBlocks", ""))
    return Permission(protocol, *ports, source, value or "", rule.get("Description") or "")


def rules(
    actual: Collection[Permission], given: Iterable[Mapping[str, Any]], group: str
) -> list[dict[str, Any]]:
    """Return what is there as rules: the given ones that stand, the rest grouped by ports."""
    left = set(actual)
    found: list[dict[str, Any]] = []
    for rule in given:
        permissions = of_rules([rule], group)
        if permissions and permissions <= set(actual):
            found.append(dict(rule))
            left -= permissions
    grouped: dict[tuple[Any, ...], list[Permission]] = {}
    for permission in sorted(left):
        key = (permission.protocol, permission.first, permission.last, permission.description)
        grouped.setdefault(key, []).append(permission)
    return [*found, *(_rule(key, members, group) for key, members in grouped.items())]


def _rule(key: tuple[Any, ...], members: list[Permission], group: str) -> dict[str, Any]:
    protocol, first, last, description = key
    rule: dict[str, Any] = {"protocol": protocol, "fromPort": first, "toPort": last}
    if description:
        rule["description"] = description
    for member in members:
        if member.source == "securityGroups" and member.value == group:
            rule["self"] = True
        else:
            rule.setdefault(member.source, []).append(member.value)
    return rule


def bring_to(operation: Operation, direction: str, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Make the group's rules of one direction exactly the wanted ones."""
    actual = of_group(operation, direction)
    target = of_rules(wanted, operation.id)
    removed = [rule for permission, rule in actual.items() if permission not in target]
    if removed:
        params = {"GroupId": operation.id, "SecurityGroupRuleIds": removed}
        operation.api(f"revoke_security_group_{direction}", params)
    added = [permission.api() for permission in sorted(target - actual.keys())]
    if added:
        params = {"GroupId": operation.id, "IpPermissions": added}
        operation.api(f"authorize_security_group_{direction}", params)
