"""Who talks to whom in the network: one table, from which both sides' rules are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

EVERYWHERE: Final = "0.0.0.0/0"
HTTPS: Final = (443, 443)
DNS: Final = (53, 53)
KUBELET: Final = (10250, 10250)
# Webhooks and metrics listen here, and so do pods behind a load balancer.
UNPRIVILEGED: Final = (1025, 65535)
ALL: Final = (0, 0)

LOAD_BALANCER: Final = "load-balancer"
NODES: Final = "nodes"
SERVING: Final = "serving"
CLUSTER: Final = "cluster"
ENDPOINTS: Final = "endpoints"
SERVICES: Final = "services"

# Group -> the tier whose members it holds.
TIER_OF: Final[Mapping[str, str]] = {
    LOAD_BALANCER: "public",
    NODES: "private",
    SERVICES: "private",
    SERVING: "serving",
    CLUSTER: "isolated",
    ENDPOINTS: "isolated",
}
_PURPOSES: Final[Mapping[str, str]] = {
    LOAD_BALANCER: "Load balancers in the public tier",
    NODES: "Nodes in the private tier and the pods on them",
    SERVING: "Nodes in the serving tier and the models on them",
    CLUSTER: "The control plane's interfaces in the isolated tier",
    ENDPOINTS: "Endpoints of AWS services in the isolated tier",
    SERVICES: "Shared services in the private tier",
}


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Traffic from one side to the other; a side is a group, or a network by its CIDR."""

    source: str
    target: str
    ports: tuple[int, int]
    why: str
    protocol: str = "tcp"
    # Names the rule on both sides; without it each side's rule has the other's name.
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the network has, as far as traffic depends on it."""

    # Whether there is a Kubernetes cluster; shared services otherwise.
    cluster: bool
    # Whether serving nodes have a tier of their own.
    dedicated_serving: bool = False
    # Whether AWS services have endpoints in the network.
    endpoints: bool = False
    # The port of the gateway's pods, the only one that load balancers reach.
    gateway_port: int
    # Who reaches the load balancers.
    clients: str


def groups(shape: Shape) -> dict[str, str]:
    """Return the groups of a network and what each is for."""
    present = (LOAD_BALANCER, NODES, CLUSTER) if shape.cluster else (SERVICES,)
    serving = (SERVING,) if shape.dedicated_serving else ()
    endpoints = (ENDPOINTS,) if shape.endpoints else ()
    return {name: _PURPOSES[name] for name in (*present, *serving, *endpoints)}


def flows(shape: Shape) -> list[Flow]:
    """Return all traffic that is let through; what is not here is not."""
    found = _cluster_flows(shape) if shape.cluster else _services_flows()
    if shape.dedicated_serving:
        found += _serving_flows(shape)
    if shape.endpoints:
        users = [name for name in groups(shape) if name in (NODES, SERVING, SERVICES)]
        found += [
            Flow(source=user, target=ENDPOINTS, ports=HTTPS, why="AWS services") for user in users
        ]
    return found


def _cluster_flows(shape: Shape) -> list[Flow]:
    gateway = (shape.gateway_port, shape.gateway_port)
    return [
        Flow(source=shape.clients, target=LOAD_BALANCER, ports=HTTPS, key="clients", why="Clients"),
        Flow(
            source=LOAD_BALANCER,
            target=NODES,
            ports=gateway,
            key="gateway",
            why="Requests to the gateway",
        ),
        Flow(source=NODES, target=NODES, ports=ALL, protocol="-1", why="Pods of other nodes"),
        Flow(source=NODES, target=CLUSTER, ports=HTTPS, why="Kubernetes API"),
        Flow(source=CLUSTER, target=NODES, ports=KUBELET, key="kubelet", why="Logs and exec"),
        Flow(
            source=CLUSTER,
            target=NODES,
            ports=UNPRIVILEGED,
            key="webhooks",
            why="Webhooks and metrics",
        ),
        _out(NODES),
    ]


def _serving_flows(shape: Shape) -> list[Flow]:
    return [
        # EFA and NCCL take any port between the nodes of one model.
        Flow(
            source=SERVING,
            target=SERVING,
            ports=ALL,
            protocol="-1",
            why="Models over several nodes",
        ),
        # The gateway's pods may stand on serving nodes as well as on others.
        Flow(
            source=LOAD_BALANCER,
            target=SERVING,
            ports=(shape.gateway_port, shape.gateway_port),
            key="serving-gateway",
            why="Requests to the gateway",
        ),
        Flow(source=NODES, target=SERVING, ports=UNPRIVILEGED, why="Requests and metrics"),
        Flow(source=SERVING, target=NODES, ports=DNS, key="dns", why="DNS"),
        Flow(source=SERVING, target=NODES, ports=DNS, protocol="udp", key="dns-udp", why="DNS"),
        Flow(source=SERVING, target=CLUSTER, ports=HTTPS, why="Kubernetes API"),
        Flow(
            source=CLUSTER,
            target=SERVING,
            ports=KUBELET,
            key="serving-kubelet",
            why="Logs and exec",
        ),
        _out(SERVING),
    ]


def _services_flows() -> list[Flow]:
    return [
        Flow(source=SERVICES, target=SERVICES, ports=HTTPS, why="Shared services to each other"),
        _out(SERVICES),
    ]


def _out(source: str) -> Flow:
    return Flow(
        source=source,
        target=EVERYWHERE,
        ports=HTTPS,
        key="https",
        why="Images, models, AWS APIs",
    )
