"""Security group rules: descriptions are kept, and every kind of source can be changed."""

from __future__ import annotations

from typing import Any, Final

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError
from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses import EC2Response

from embedded.cloud.additions import ec2
from embedded.cloud.additions.wire import RefusedError

# What a change may name -> what the rule has to be about already.
_SOURCES: Final = {
    "CidrIpv4": "an IPv4 range",
    "CidrIpv6": "an IPv6 range",
    "PrefixListId": "a prefix list",
    "ReferencedGroupId": "a security group",
}


def _kind(rule: SecurityGroupRule) -> str:
    if rule.source_group:
        return "ReferencedGroupId"
    if rule.prefix_list_id:
        return "PrefixListId"
    return "CidrIpv6" if rule.cidr_ipv6 else "CidrIpv4"


def _keep_descriptions() -> None:
    """Let a rule about a group or a prefix list have its description, as one about a range."""
    plain = SecurityGroupRule.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        plain(self, *args, **kwargs)
        # By place or by name: the range, the group, the list.
        given = dict(zip(("ip_range", "source_group", "prefix_list_id"), args[5:8], strict=False))
        sources = {**given, **kwargs}
        for name in ("source_group", "prefix_list_id"):
            text = (sources.get(name) or {}).get("Description")
            if text:
                self.ip_range = {**self.ip_range, "Description": text}
        # Rules with the same source are the same, whatever is said about them.
        self.source_group = {k: v for k, v in self.source_group.items() if k != "Description"}

    setattr(SecurityGroupRule, "__init__", init)  # noqa: B010


def _modify(plain: Any) -> Any:
    def modify(backend: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        group = backend.get_security_group_by_name_or_id(group_id)
        for name, change in rules.items():
            rule = group.get_rule(name) if group else None
            if rule:
                _require_same_kind(name, rule, change)
            _require_sources(backend, change)
        plain(backend, group_id, rules)
        for name, change in rules.items():
            _set_source(group.get_rule(name), change)

    return modify


def _require_same_kind(name: str, rule: SecurityGroupRule, change: dict[str, Any]) -> None:
    kind = _kind(rule)
    wrong = next((source for source in _SOURCES if source != kind and change.get(source)), None)
    if wrong:
        change_to = f"it cannot be changed to {_SOURCES[wrong]}"
        message = f"Invalid rule type: {name} is about {_SOURCES[kind]}; {change_to}"
        raise RefusedError(message, code=ec2.INVALID)


def _require_sources(backend: Any, change: dict[str, Any]) -> None:
    group, prefixes = change.get("ReferencedGroupId"), change.get("PrefixListId")
    if group and not backend.get_security_group_from_id(group):
        raise InvalidSecurityGroupNotFoundError(group)
    if prefixes and prefixes not in backend.managed_prefix_lists:
        message = f"The prefix list ID '{prefixes}' does not exist"
        raise RefusedError(message, code="InvalidPrefixListID.NotFound")


def _set_source(rule: Any, change: dict[str, Any]) -> None:
    if change.get("ReferencedGroupId"):
        rule.source_group = {**rule.source_group, "GroupId": change["ReferencedGroupId"]}
    if change.get("CidrIpv6"):
        rule.ip_range = {**rule.ip_range, "CidrIpv6": change["CidrIpv6"]}
    rule.prefix_list_id = change.get("PrefixListId") or rule.prefix_list_id
    if "Description" not in change:
        rule.ip_range = {k: v for k, v in rule.ip_range.items() if k != "Description"}


def _authorize(direction: str) -> Any:
    """Answer with all the rules that were made, where moto tells the last permission's."""

    def authorize(self: Any) -> ActionResult:
        self.error_on_dryrun()
        add = getattr(self.ec2_backend, f"authorize_security_group_{direction}")
        made = [
            rule
            for permission in self._process_rules_from_querystring()
            for rule in add(**permission)[0]
        ]
        return ActionResult({"Return": True, "SecurityGroupRules": made})

    return authorize


def install() -> None:
    """Change moto's rules."""
    _keep_descriptions()
    modify = _modify(EC2Backend.modify_security_group_rules)
    setattr(EC2Backend, "modify_security_group_rules", modify)  # noqa: B010
    for direction in ("ingress", "egress"):
        name = f"authorize_security_group_{direction}"
        setattr(EC2Response, name, _authorize(direction))
