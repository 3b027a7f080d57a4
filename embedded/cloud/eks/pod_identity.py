"""Pod Identity: which IAM role a service account has."""

from __future__ import annotations

from typing import Any

from embedded.cloud.eks.errors import ResourceInUse, ResourceNotFound
from embedded.cloud.eks.state import (
    Answer,
    EksBackend,
    Parameters,
    new_id,
    new_uuid,
    now,
    operation,
    page,
)

_PRINCIPAL = "pods.eks.amazonaws.com"
_LISTED = (
    "clusterName",
    "namespace",
    "serviceAccount",
    "associationArn",
    "associationId",
    "ownerArn",
)


@operation
def create_pod_identity_association(backend: EksBackend, parameters: Parameters) -> Answer:
    """Give a service account a role."""
    return {"association": associate(backend, parameters)}


def associate(
    backend: EksBackend, parameters: Parameters, owner: str | None = None
) -> dict[str, Any]:
    """Make an association, for the user or for the add-on `owner`."""
    cluster = backend.cluster(parameters["clusterName"])
    account = (parameters["namespace"], parameters["serviceAccount"])
    for other in cluster.pod_identities.values():
        if (other["namespace"], other["serviceAccount"]) == account:
            message = f"Association already exists: {other['associationId']}"
            raise ResourceInUse(message, clusterName=cluster.name)
    backend.require_role(parameters["roleArn"], _PRINCIPAL)
    identity, stamp = new_id("a-"), now()
    association = {
        **parameters,
        "associationArn": backend.arn(f"podidentityassociation/{cluster.name}/{identity}"),
        "associationId": identity,
        "tags": parameters.get("tags") or {},
        "createdAt": stamp,
        "modifiedAt": stamp,
        "ownerArn": owner,
        "disableSessionTags": parameters.get("disableSessionTags") or False,
    }
    if parameters.get("targetRoleArn"):
        # Guards the target role against being assumed for somebody else's pods.
        association["externalId"] = new_uuid()
    cluster.pod_identities[identity] = association
    return association


@operation
def describe_pod_identity_association(backend: EksBackend, parameters: Parameters) -> Answer:
    """Tell of one association."""
    return {"association": _find(backend, parameters)}


@operation
def update_pod_identity_association(backend: EksBackend, parameters: Parameters) -> Answer:
    """Change the role of an association."""
    association = _find(backend, parameters)
    if parameters.get("roleArn"):
        backend.require_role(parameters["roleArn"], _PRINCIPAL)
    for key in ("roleArn", "disableSessionTags", "targetRoleArn", "policy"):
        if key in parameters:
            association[key] = parameters[key]
    if association.get("targetRoleArn"):
        association.setdefault("externalId", new_uuid())
    association["modifiedAt"] = now()
    return {"association": association}


@operation
def delete_pod_identity_association(backend: EksBackend, parameters: Parameters) -> Answer:
    """Take the role away."""
    association = _find(backend, parameters)
    del backend.cluster(parameters["clusterName"]).pod_identities[parameters["associationId"]]
    return {"association": association}


@operation
def list_pod_identity_associations(backend: EksBackend, parameters: Parameters) -> Answer:
    """List the associations of a cluster, a namespace or a service account."""
    wanted = {key: parameters[key] for key in ("namespace", "serviceAccount") if key in parameters}
    found = [
        {key: association[key] for key in _LISTED}
        for association in backend.cluster(parameters["clusterName"]).pod_identities.values()
        if all(association[key] == value for key, value in wanted.items())
    ]
    return page(found, parameters, "associations")


def _find(backend: EksBackend, parameters: Parameters) -> dict[str, Any]:
    cluster = backend.cluster(parameters["clusterName"])
    identity = parameters["associationId"]
    if identity not in cluster.pod_identities:
        message = f"The specified association ID cannot be found: {identity}"
        raise ResourceNotFound(message, clusterName=cluster.name)
    return cluster.pod_identities[identity]
