"""The network, as the settings say: what everything else lies in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components.network.endpoints import Endpoints, EndpointsArgs
from components.network.flow_logs import FlowLogs, FlowLogsArgs
from components.network.flows import ENDPOINTS, NODES, SERVING
from components.network.peering import AcceptedPeering, AcceptedPeeringArgs, Peering, PeeringArgs
from components.network.security_groups import SecurityGroups, SecurityGroupsArgs
from components.network.vpc import Vpc
from stacks import network_translation as translation
from stacks import references
from stacks.network_sections import PeeringSettings
from stacks.settings import Settings

# The provider of a peer's account; none where the peer is in this one.
PeerAccess = Callable[[str, PeeringSettings], aws.Provider | None]
# Whatever reads images and models lies there.
_S3_READERS: Final = ("private", "serving", "pods")


class Networking:
    """Builds the VPC, groups, endpoints, flow logs and peerings, as children of the platform."""

    def __init__(self, settings: Settings, peer_access: PeerAccess, child: ResourceOptions) -> None:
        self._settings, self._child = settings, child
        self._peer_access = peer_access
        self.vpc = Vpc("network", translation.vpc_args(settings), child)
        self.groups = self._build_groups()
        self._build_endpoints()
        self._build_flow_logs()
        for peer, peering in settings.network.peerings.items():
            self._build_peering(peer, peering)
        self._build_accepted_peerings()

    @property
    def outputs(self) -> dict[str, object]:
        """What a peer has to know; `stacks/references.py` reads it over there."""
        return {
            "vpc_id": self.vpc.vpc_id,
            "cidr": str(self._settings.network.cidr),
            "account": self._settings.account,
            "region": self._settings.region,
            "route_table_ids": self.vpc.route_table_ids["private"],
            "security_group_ids": self.groups.ids,
        }

    @property
    def serving_group_id(self) -> Output[str]:
        """The group of nodes that serve models."""
        return self.groups.ids.get(SERVING, self.groups.ids[NODES])

    def _build_groups(self) -> SecurityGroups:
        return SecurityGroups(
            "access",
            SecurityGroupsArgs(
                vpc_id=self.vpc.vpc_id,
                shape=translation.shape(self._settings),
                cluster_name=translation.cluster_name(self._settings),
                tags=self._settings.tags,
            ),
            self._child,
        )

    def _build_endpoints(self) -> Endpoints:
        tables = self.vpc.route_table_ids
        return Endpoints(
            "endpoints",
            EndpointsArgs(
                vpc_id=self.vpc.vpc_id,
                region=self._settings.region,
                route_table_ids=[
                    table
                    for tier in _S3_READERS
                    if tier in tables
                    for table in tables[tier].values()
                ],
                services=self._settings.network.endpoints,
                subnet_ids=list(self.vpc.isolated_subnet_ids.values()),
                security_group_id=self.groups.ids.get(ENDPOINTS),
                tags=self._settings.tags,
            ),
            self._child,
        )

    def _build_flow_logs(self) -> FlowLogs | None:
        kept = self._settings.network.flow_logs
        if kept is None:
            return None
        return FlowLogs(
            "flow-logs",
            FlowLogsArgs(
                vpc_id=self.vpc.vpc_id,
                region=self._settings.region,
                account=self._settings.account,
                retention_days=kept.retention_days,
                traffic=kept.traffic,
                tags=self._settings.tags,
            ),
            self._child,
        )

    def _build_peering(self, peer: str, peering: PeeringSettings) -> Peering:
        name = f"peering-{peer}"
        found = references.peer(name, peering, self._child)
        automatic = peering.acceptance == "auto"
        return Peering(
            name,
            PeeringArgs(
                vpc_id=self.vpc.vpc_id,
                peer_vpc_id=found.vpc_id,
                peer=peer,
                peer_account=peering.account,
                acceptance=peering.acceptance,
                accepter=self._peer_access(name, peering) if automatic else None,
                own=translation.own_side(peering, self.groups.ids, self.vpc.route_table_ids),
                theirs=translation.their_side(peering, found) if automatic else None,
                tags=self._settings.tags,
            ),
            self._child,
        )

    def _build_accepted_peerings(self) -> list[AcceptedPeering]:
        return [
            AcceptedPeering(
                f"accepted-{peer}",
                AcceptedPeeringArgs(
                    connection_id=accepted.connection,
                    peer=peer,
                    own=translation.own_side(accepted, self.groups.ids, self.vpc.route_table_ids),
                    tags=self._settings.tags,
                ),
                self._child,
            )
            for peer, accepted in self._settings.network.accepts.items()
        ]
