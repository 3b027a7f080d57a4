"""Controllers that keep the cluster's size right: images, pinned by version like the engines'."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# One for each Kubernetes version: it simulates that version's scheduler.
CLUSTER_AUTOSCALER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.34": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.34.0",
        "1.35": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0",
    }
)
NODE_TERMINATION_HANDLER: Final = "public.ecr.aws/aws-ec2/aws-node-termination-handler:v1.25.2"
# Does nothing until it is told to go.
PAUSE: Final = "registry.k8s.io/pause:3.10.1"
