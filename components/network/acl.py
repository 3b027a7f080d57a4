"""The network ACL of the isolated tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, tagging

TOKEN = naming.token("network", "IsolatedAcl")
_HTTPS: Final = (443, 443)
# Replies go to these ports, and the control plane calls kubelets and webhooks on them.
_EPHEMERAL: Final = (1024, 65535)
_TCP: Final = "6"
_ICMP: Final = "1"
# Without this message large packets vanish.
_UNREACHABLE: Final = 3
_FRAGMENTATION_NEEDED: Final = 4


@dataclass(frozen=True, kw_only=True)
class IsolatedAclArgs:
    """Who gets into the isolated tier at all, whatever security groups say."""

    vpc_id: Input[str]
    subnet_ids: Sequence[Input[str]]
    # The VPC's own networks: they call the API and the endpoints, and are called by webhooks.
    inside: Sequence[str]
    # Networks of peers that call the API. Nothing in the tier calls them.
    callers: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class IsolatedAcl(pulumi.ComponentResource):
    """A second wall around the cluster's interfaces and the endpoints.

    Stateless, so replies have rules of their own. A security group that is opened by
    mistake still lets nobody in from outside the named networks. Creates: network ACL.
    """

    acl_id: Output[str]

    def __init__(
        self, name: str, args: IsolatedAclArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        self.acl_id = self._build_acl(name, args).id
        self.register_outputs({"acl_id": self.acl_id})

    def _build_acl(self, name: str, args: IsolatedAclArgs) -> aws.ec2.NetworkAcl:
        child = naming.child(name, "acl")
        return aws.ec2.NetworkAcl(
            child,
            aws.ec2.NetworkAclArgs(
                vpc_id=args.vpc_id,
                subnet_ids=list(args.subnet_ids),
                ingress=[
                    aws.ec2.NetworkAclIngressArgs(
                        rule_no=number,
                        action="allow",
                        protocol=rule.protocol,
                        cidr_block=rule.cidr,
                        from_port=rule.ports[0],
                        to_port=rule.ports[1],
                        icmp_type=rule.icmp_type,
                        icmp_code=rule.icmp_code,
                    )
                    for number, rule in _numbered(inward(args))
                ],
                egress=[
                    aws.ec2.NetworkAclEgressArgs(
                        rule_no=number,
                        action="allow",
                        protocol=rule.protocol,
                        cidr_block=rule.cidr,
                        from_port=rule.ports[0],
                        to_port=rule.ports[1],
                        icmp_type=rule.icmp_type,
                        icmp_code=rule.icmp_code,
                    )
                    for number, rule in _numbered(outward(args))
                ],
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )


@dataclass(frozen=True)
class AclRule:
    """Traffic that is let through; everything else is not."""

    cidr: str
    ports: tuple[int, int] = (0, 0)
    protocol: str = _TCP
    icmp_type: int | None = None
    icmp_code: int | None = None


def inward(args: IsolatedAclArgs) -> list[AclRule]:
    """Return what gets into the tier."""
    return [*_inside(args), *(AclRule(cidr, _HTTPS) for cidr in args.callers)]


def outward(args: IsolatedAclArgs) -> list[AclRule]:
    """Return what gets out of the tier: calls to the inside, and replies to everybody let in."""
    return [*_inside(args), *(AclRule(cidr, _EPHEMERAL) for cidr in args.callers)]


def _inside(args: IsolatedAclArgs) -> list[AclRule]:
    # Both ways alike: each side calls the other, and each call has a reply.
    return [
        rule
        for cidr in args.inside
        for rule in (
            AclRule(cidr, _HTTPS),
            AclRule(cidr, _EPHEMERAL),
            AclRule(cidr, protocol=_ICMP, icmp_type=_UNREACHABLE, icmp_code=_FRAGMENTATION_NEEDED),
        )
    ]


def _numbered(rules: Sequence[AclRule]) -> list[tuple[int, AclRule]]:
    return [(100 + 10 * place, rule) for place, rule in enumerate(rules)]
