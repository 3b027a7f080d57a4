"""Tags of everything in EKS that has an ARN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from embedded.cloud.eks.errors import InvalidParameter, ResourceNotFound
from embedded.cloud.eks.state import Answer, Cluster, EksBackend, Parameters, operation

_MOST = 50


@operation
def tag_resource(backend: EksBackend, parameters: Parameters) -> Answer:
    """Add or change tags."""
    tags = _tags(backend, parameters["resourceArn"])
    merged = {**tags, **parameters["tags"]}
    if len(merged) > _MOST:
        message = f"{len(merged)} tags are more than the {_MOST} that a resource can have"
        raise InvalidParameter(message)
    tags.update(merged)
    return {}


@operation
def untag_resource(backend: EksBackend, parameters: Parameters) -> Answer:
    """Remove tags."""
    tags = _tags(backend, parameters["resourceArn"])
    for key in parameters["tagKeys"]:
        tags.pop(key, None)
    return {}


@operation
def list_tags_for_resource(backend: EksBackend, parameters: Parameters) -> Answer:
    """Tell the tags."""
    return {"tags": _tags(backend, parameters["resourceArn"])}


def _tags(backend: EksBackend, arn: str) -> dict[str, str]:
    for cluster in backend.clusters.values():
        for found, description in _resources(cluster):
            if found == arn:
                return description["tags"]
    message = f"No resource found for ARN: {arn}"
    raise ResourceNotFound(message)


def _resources(cluster: Cluster) -> Iterator[tuple[str, dict[str, Any]]]:
    yield cluster.description["arn"], cluster.description
    for group in cluster.nodegroups.values():
        yield group.description["nodegroupArn"], group.description
    for addon in cluster.addons.values():
        yield addon["addonArn"], addon
    for entry in cluster.access_entries.values():
        yield entry.description["accessEntryArn"], entry.description
    for association in cluster.pod_identities.values():
        yield association["associationArn"], association
