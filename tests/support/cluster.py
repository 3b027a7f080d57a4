"""What the cluster itself says, for tests that compare it with the engine's state."""

from __future__ import annotations

from typing import Any

from kubernetes import client, config

from embedded.layout import Layout


def connect(layout: Layout) -> client.ApiClient:
    """Return a client with the embedded administrator's certificate."""
    return config.new_client_from_config(str(layout.kubeconfig))


def deployments(layout: Layout) -> dict[str, tuple[int, int]]:
    """Return ready and wanted replicas by namespace/name."""
    with connect(layout) as api:
        items: list[Any] = client.AppsV1Api(api).list_deployment_for_all_namespaces().items
    return {
        f"{one.metadata.namespace}/{one.metadata.name}": (
            one.status.ready_replicas or 0,
            one.spec.replicas,
        )
        for one in items
    }


def nodes(layout: Layout) -> list[Any]:
    """Return all nodes."""
    with connect(layout) as api:
        items: list[Any] = client.CoreV1Api(api).list_node().items
    return items


def namespaces(layout: Layout) -> set[str]:
    """Return the namespaces that are not Kubernetes' own."""
    with connect(layout) as api:
        items: list[Any] = client.CoreV1Api(api).list_namespace().items
    own = {"default", "kube-system", "kube-public", "kube-node-lease"}
    return {one.metadata.name for one in items} - own
