"""Who may talk to whom: the pipeline's edges as network policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pulumi_kubernetes import meta, networking

from components.serving.pod import NAME_LABEL

# Downloads go to the internet: what is inside the network is not meant, and neither is
# the metadata service of the node.
PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Traffic to or from pods of one name, or networks, on one port."""

    port: int
    # Names of stages, that is, of deployments.
    stages: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    # Parts of `networks` that are not meant.
    excluded: tuple[str, ...] = ()


def ingress(edges: Sequence[Edge]) -> list[networking.v1.NetworkPolicyIngressRuleArgs]:
    """Return the rules of what may come in."""
    return [
        networking.v1.NetworkPolicyIngressRuleArgs(from_=_peers(edge), ports=_ports(edge))
        for edge in edges
    ]


def egress(edges: Sequence[Edge]) -> list[networking.v1.NetworkPolicyEgressRuleArgs]:
    """Return the rules of what may go out."""
    return [
        networking.v1.NetworkPolicyEgressRuleArgs(to=_peers(edge), ports=_ports(edge))
        for edge in edges
    ]


def _peers(edge: Edge) -> list[networking.v1.NetworkPolicyPeerArgs]:
    stages = [
        networking.v1.NetworkPolicyPeerArgs(
            pod_selector=meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: name})
        )
        for name in edge.stages
    ]
    networks = [
        networking.v1.NetworkPolicyPeerArgs(
            ip_block=networking.v1.IPBlockArgs(
                cidr=cidr, except_=list(edge.excluded) if edge.excluded else None
            )
        )
        for cidr in edge.networks
    ]
    return [*stages, *networks]


def _ports(edge: Edge) -> list[networking.v1.NetworkPolicyPortArgs]:
    return [networking.v1.NetworkPolicyPortArgs(protocol="TCP", port=edge.port)]
