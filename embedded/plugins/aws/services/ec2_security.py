"""EC2: security groups, with inline rules and with rules as resources of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step
from embedded.plugins.aws.services import ec2_rules
from embedded.plugins.aws.tagging import ec2 as ec2_tags

_GROUP: Final = Call("describe_security_groups", {"GroupIds": ["{id}"]}, "SecurityGroups[0]")
_RULE_SETS: Final = tuple(
    f"{direction}{source}"
    for direction in ("ingress", "egress")
    for source in (
        "",
        ".cidrBlocks",
        ".ipv6CidrBlocks",
        ".prefixListIds",
        ".securityGroups",
    )
)


def _read_group(operation: Operation) -> Mapping[str, Any] | None:
    group = operation.call(_GROUP)
    if not group:
        return None
    for direction in ("ingress", "egress"):
        given = operation.inputs.get(direction) or ()
        actual = ec2_rules.of_group(operation, direction)
        group[direction] = ec2_rules.rules(actual, given, operation.id)
    return group


def _set_ingress(operation: Operation) -> None:
    ec2_rules.bring_to(operation, "ingress", operation.inputs.get("ingress") or ())


def _set_egress(operation: Operation) -> None:
    ec2_rules.bring_to(operation, "egress", operation.inputs.get("egress") or ())


def _create_group(operation: Operation) -> Mapping[str, Any]:
    params = operation.values(("name", "description", "vpcId"))
    group = operation.api("create_security_group", {**params, **operation.tag_params()})
    # AWS lets everything out of a new group; like the released provider, start from nothing.
    fresh = operation.using(id=group["GroupId"])
    ec2_rules.bring_to(fresh, "egress", ())
    return group


def _delete_group(operation: Operation) -> None:
    if operation.inputs.get("revokeRulesOnDelete"):
        ec2_rules.bring_to(operation, "ingress", ())
        ec2_rules.bring_to(operation, "egress", ())
    operation.call(Call("delete_security_group", {"GroupId": "{id}"}))


_GROUP_OUTPUTS: Final = {
    "arn": "arn:{partition}:ec2:{region}:{account}:security-group/{id}",
    "ownerId": "OwnerId",
}

SECURITY_GROUP = Resource(
    type="aws:ec2/securityGroup:SecurityGroup",
    label="EC2 Security Group",
    service="ec2",
    identity="{GroupId}",
    create=_create_group,
    shape=("create_security_group",),
    read=_read_group,
    delete=_delete_group,
    sends=("name", "description", "vpcId"),
    steers=("revokeRulesOnDelete", "namePrefix"),
    steps=(Step(("ingress",), _set_ingress), Step(("egress",), _set_egress)),
    names={"name": "GroupName"},
    replaces=("name", "namePrefix", "description", "vpcId"),
    computed=("ingress", "egress", "vpcId"),
    sets=_RULE_SETS,
    defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    protocols=("ingress.protocol", "egress.protocol"),
    outputs=_GROUP_OUTPUTS,
    naming=Naming(prefix_property="namePrefix"),
    tags=ec2_tags("security-group"),
)


def _take_default_group(operation: Operation) -> Mapping[str, Any]:
    """The default group is there already: it is taken over and emptied."""
    filters = [{"Name": "group-name", "Values": ["default"]}]
    if operation.inputs.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [operation.inputs["vpcId"]]})
    groups = operation.api("describe_security_groups", {"Filters": filters})
    group = groups["SecurityGroups"][0]
    taken = operation.using(id=group["GroupId"])
    _set_ingress(taken)
    _set_egress(taken)
    return group


DEFAULT_SECURITY_GROUP = Resource(
    type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    label="EC2 Default Security Group",
    service="ec2",
    identity="{GroupId}",
    create=_take_default_group,
    shape=("create_security_group",),
    read=_read_group,
    # It goes with its VPC; the released provider lets go of it without a change.
    delete=None,
    sends=("vpcId",),
    steers=("revokeRulesOnDelete",),
    steps=(Step(("ingress",), _set_ingress), Step(("egress",), _set_egress)),
    replaces=("vpcId",),
    computed=("vpcId",),
    sets=_RULE_SETS,
    defaults={"revokeRulesOnDelete": False},
    protocols=("ingress.protocol", "egress.protocol"),
    outputs={**_GROUP_OUTPUTS, "name": "GroupName", "description": "Description"},
    tags=replace(ec2_tags("security-group"), create={}),
)

_RULE_SOURCES: Final = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_RULE_PROPERTIES: Final = ("ipProtocol", "fromPort", "toPort", *_RULE_SOURCES, "description")


def _permission(inputs: Mapping[str, Any]) -> ec2_rules.Permission:
    """Return the one permission that a rule of its own is."""
    sources = {
        "cidrIpv4": "cidrBlocks",
        "cidrIpv6": "ipv6CidrBlocks",
        "prefixListId": "prefixListIds",
        "referencedSecurityGroupId": "securityGroups",
    }
    name = next((name for name in sources if inputs.get(name)), "cidrIpv4")
    return ec2_rules.Permission(
        inputs["ipProtocol"],
        inputs.get("fromPort") or 0,
        inputs.get("toPort") or 0,
        sources[name],
        inputs.get(name) or "",
        inputs.get("description") or "",
    )


def _check_rule(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    given = [name for name in _RULE_SOURCES if inputs.get(name) is not None]
    if len(given) == 1:
        return []
    reason = (
        f"exactly one of {', '.join(_RULE_SOURCES)} is needed; got {', '.join(given) or 'none'}"
    )
    return [(given[0] if given else _RULE_SOURCES[0], reason)]


def _rule(direction: str) -> Resource:
    """Return the record of a rule that is a resource of its own."""

    def create(operation: Operation) -> Mapping[str, Any]:
        group = operation.inputs["securityGroupId"]
        permission = _permission(operation.inputs)
        params = {"GroupId": group, "IpPermissions": [permission.api()], **operation.tag_params()}
        answer = operation.api(f"authorize_security_group_{direction}", params)
        return answer["SecurityGroupRules"][0]

    def change(operation: Operation) -> None:
        rule = _permission(operation.inputs).rule()
        update = {"SecurityGroupRuleId": operation.id, "SecurityGroupRule": rule}
        group = operation.inputs["securityGroupId"]
        operation.api(
            "modify_security_group_rules", {"GroupId": group, "SecurityGroupRules": [update]}
        )

    kind = f"SecurityGroup{direction.title()}Rule"
    params = {"GroupId": "{securityGroupId}", "SecurityGroupRuleIds": ["{id}"]}
    return Resource(
        type=f"aws:vpc/securityGroup{direction.title()}Rule:{kind}",
        label=f"VPC Security Group {direction.title()} Rule",
        service="ec2",
        identity="{SecurityGroupRuleId}",
        create=create,
        shape=("modify_security_group_rules", "SecurityGroupRules", "SecurityGroupRule"),
        read=Call(
            "describe_security_group_rules",
            {"SecurityGroupRuleIds": ["{id}"]},
            "SecurityGroupRules[0]",
        ),
        delete=Call(f"revoke_security_group_{direction}", params),
        sends=("securityGroupId", *_RULE_PROPERTIES),
        steps=(Step(_RULE_PROPERTIES, change),),
        names={"securityGroupId": "GroupId"},
        reads={
            "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId",
            "fromPort": _port("FromPort"),
            "toPort": _port("ToPort"),
        },
        replaces=("securityGroupId",),
        alternatives=_RULE_SOURCES,
        protocols=("ipProtocol",),
        checks=_check_rule,
        outputs={
            "arn": "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}",
            "securityGroupRuleId": "SecurityGroupRuleId",
        },
        tags=ec2_tags("security-group-rule"),
    )


def _port(key: str) -> Any:
    """EC2 says -1 for the ports of a rule about every protocol; the program says nothing."""

    def read(rule: Mapping[str, Any]) -> Any:
        return None if rule.get("IpProtocol") == "-1" else rule.get(key)

    return read


RESOURCES = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, _rule("ingress"), _rule("egress"))
