"""What KWOK needs from the API server before it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from embedded.cluster.endpoint import Endpoint

_RBAC: Final = Path(__file__).parent / "kwok" / "rbac.yaml"
_COLLECTIONS: Final = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
}
_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


def grant(api_server: Endpoint) -> None:
    """Apply the roles of KWOK's own identity, as they are in `kwok/rbac.yaml`."""
    for document in yaml.safe_load_all(_RBAC.read_text()):
        path = f"{_path(document)}?fieldManager=ballast&force=true"
        api_server.send("PATCH", path, document)


def release_nodes(api_server: Endpoint) -> None:
    """Drop the node leases of a KWOK that is gone.

    Each KWOK holds its nodes under a name of its own; the next one would leave
    nodes and pods alone until those leases expire, 40 seconds later.
    """
    api_server.send("DELETE", _LEASES)


def _path(document: dict[str, Any]) -> str:
    metadata = document["metadata"]
    namespace = metadata.get("namespace")
    scope = f"namespaces/{namespace}/" if namespace else ""
    collection = _COLLECTIONS[document["kind"]]
    return f"/apis/{document['apiVersion']}/{scope}{collection}/{metadata['name']}"
