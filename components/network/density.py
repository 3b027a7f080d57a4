"""How many nodes a subnet holds when the CNI delegates prefixes: pure arithmetic.

With prefix delegation a node takes its pods' addresses in blocks of 16 (a /28), each of
which has to be free as a whole. A subnet that looks half empty can be full: what counts
is blocks, and not addresses.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from math import ceil
from typing import Final

# A delegated prefix is a /28.
BLOCK: Final = 16
# AWS keeps the first four addresses of a subnet and its last one, so two blocks are broken:
# they hold single addresses, and no prefix.
_BROKEN_BLOCKS: Final = 2
_SINGLES_IN_BROKEN: Final = 2 * BLOCK - 5
# The CNI keeps one prefix warm, so that the next pod waits for nobody.
_WARM: Final = 1
# What EKS allows by default: above 30 cores a node takes more pods.
_MANY_CORES: Final = 30
# DaemonSets: network, storage, identity, monitoring, GPUs, logs, and a few of one's own.
_AGENTS: Final = 16
PODS_OF_SMALL_NODES: Final = 110
PODS_OF_LARGE_NODES: Final = 250


def most_pods(vcpus: int, gpus: int = 0) -> int:
    """Return how many pods a node of that many cores has at the most.

    EKS allows so many by its cores. On a GPU node the taint leaves one pod a GPU, and the
    agents that run on every node.
    """
    allowed = PODS_OF_LARGE_NODES if vcpus > _MANY_CORES else PODS_OF_SMALL_NODES
    return min(allowed, gpus + _AGENTS) if gpus else allowed


def prefixes(pods: int) -> int:
    """Return how many prefixes a node with that many pods takes."""
    return ceil(pods / BLOCK) + _WARM


def free_blocks(subnet: IPv4Network) -> int:
    """Return how many prefixes the subnet can give out while it is empty."""
    return max(subnet.num_addresses // BLOCK - _BROKEN_BLOCKS, 0)


def broken_by(nodes: int) -> int:
    """Return how many blocks the nodes' own addresses break in one subnet."""
    return ceil(max(nodes - _SINGLES_IN_BROKEN, 0) / BLOCK)


def nodes_that_fit(subnet: IPv4Network, pods: int) -> int:
    """Return how many nodes with that many pods each one subnet holds."""
    blocks, each = free_blocks(subnet), prefixes(pods)
    most = blocks // each
    while most and most * each + broken_by(most) > blocks:
        most -= 1
    return most
