"""How a node leaves: no new pods, the old ones evicted within their budgets, then gone."""

from __future__ import annotations

from typing import Any

from embedded.cloud.nodes import objects
from embedded.cloud.nodes.api import Api, Refused

# EKS waits as long for the pods of a node and then takes it away.
# https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html
PATIENCE_SECONDS = 15 * 60
_GONE, _BUDGET_USED_UP = 404, 429
_OVER = frozenset({"Succeeded", "Failed"})


def leave(api: Api, node: dict[str, Any], cluster_exists: bool, now: float) -> None:
    """Take the next step of a node's leaving; call again until it is gone."""
    name = node["metadata"]["name"]
    since = objects.leaving_since(node)
    if not cluster_exists or (since is not None and now - since > PATIENCE_SECONDS):
        api.delete_node(name)
        return
    if since is None:
        mark = {"metadata": {"annotations": {objects.LEAVING: str(now)}}}
        api.patch_node(name, {**mark, "spec": {"unschedulable": True}})
    waiting = [pod for pod in api.pods_on(name) if must_go(pod)]
    for pod in waiting:
        if "deletionTimestamp" not in pod["metadata"]:
            _evict(api, pod)
    if not waiting:
        api.delete_node(name)


def must_go(pod: dict[str, Any]) -> bool:
    """Tell whether the node waits for this pod; a DaemonSet's would only come back."""
    meta = pod["metadata"]
    owners = {owner["kind"] for owner in meta.get("ownerReferences") or []}
    mirror = "kubernetes.io/config.mirror" in (meta.get("annotations") or {})
    over = pod.get("status", {}).get("phase") in _OVER
    return not mirror and not over and "DaemonSet" not in owners


def _evict(api: Api, pod: dict[str, Any]) -> None:
    try:
        api.evict(pod)
    except Refused as error:
        if error.status not in {_GONE, _BUDGET_USED_UP}:
            raise
