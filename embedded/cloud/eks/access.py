"""Access entries: which IAM principals may do what in a cluster."""

from __future__ import annotations

import re

from embedded.cloud.eks.errors import (
    InvalidParameter,
    InvalidRequest,
    ResourceInUse,
    ResourceNotFound,
)
from embedded.cloud.eks.state import (
    AccessEntry,
    Answer,
    Cluster,
    EksBackend,
    Parameters,
    new_uuid,
    now,
    operation,
    page,
)

_POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
# https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
POLICIES = (
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSHybridPolicy",
    "AmazonEKSViewPolicy",
)
_NODE_TYPES = ("EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "EC2", "HYPERPOD_LINUX")
_PRINCIPAL = re.compile(r"arn:aws[\w-]*:iam::\d{12}:(root|(role|user)/.+)")


@operation
def create_access_entry(backend: EksBackend, parameters: Parameters) -> Answer:
    """Let a principal in."""
    cluster = _cluster_with_entries(backend, parameters["clusterName"])
    principal = parameters["principalArn"]
    if not _PRINCIPAL.fullmatch(principal):
        message = f"The principalArn parameter format is not valid: {principal!r}"
        raise InvalidParameter(message, clusterName=cluster.name)
    if principal in cluster.access_entries:
        message = "The specified access entry resource is already in use on this cluster."
        raise ResourceInUse(message, clusterName=cluster.name)
    kind = parameters.get("type") or "STANDARD"
    _check_kind(cluster, kind, parameters)
    entry = _entry(backend, cluster, principal, kind)
    entry.description["tags"] = parameters.get("tags") or {}
    entry.description["kubernetesGroups"] = parameters.get("kubernetesGroups") or []
    if parameters.get("username"):
        entry.description["username"] = parameters["username"]
    cluster.access_entries[principal] = entry
    return {"accessEntry": entry.description}


def _check_kind(cluster: Cluster, kind: str, parameters: Parameters) -> None:
    if kind != "STANDARD" and kind not in _NODE_TYPES:
        allowed = ", ".join(("STANDARD", *_NODE_TYPES))
        message = f"The type parameter is not valid: {kind!r} is not one of {allowed}"
        raise InvalidParameter(message, clusterName=cluster.name)
    extra = [key for key in ("kubernetesGroups", "username") if parameters.get(key)]
    if kind != "STANDARD" and extra:
        message = f"{', '.join(extra)} cannot be set for an access entry of type {kind}"
        raise InvalidParameter(message, clusterName=cluster.name)
    _check_groups(cluster, parameters)


def _check_groups(cluster: Cluster, parameters: Parameters) -> None:
    wrong = [
        group
        for group in parameters.get("kubernetesGroups") or []
        if group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:"))
    ]
    if wrong:
        reason = "it cannot start with a prefix that is reserved"
        message = f"The kubernetes group name {wrong[0]} is invalid: {reason}"
        raise InvalidParameter(message, clusterName=cluster.name)


def _entry(backend: EksBackend, cluster: Cluster, principal: str, kind: str) -> AccessEntry:
    who = principal.split(":", 5)[5]
    name = who.replace("/", ":")
    path = f"access-entry/{cluster.name}/{who.split('/')[0]}/{backend.account_id}"
    username = principal
    if who.startswith("role/"):
        role = who.rpartition("/")[2]
        account = principal.split(":")[4]
        username = f"arn:{backend.partition}:sts::{account}:assumed-role/{role}/{{{{SessionName}}}}"
    if kind != "STANDARD":
        username = "system:node:{{EC2PrivateDNSName}}"
    stamp = now()
    description = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": [],
        "accessEntryArn": backend.arn(f"{path}/{name.rpartition(':')[2]}/{new_uuid()}"),
        "createdAt": stamp,
        "modifiedAt": stamp,
        "tags": {},
        "username": username,
        "type": kind,
    }
    return AccessEntry(description)


def admit_creator(backend: EksBackend, cluster: Cluster) -> None:
    """Give the cluster's creator the administrator's entry that EKS makes, unless told not to."""
    config = cluster.description["accessConfig"]
    wanted = config["bootstrapClusterCreatorAdminPermissions"]
    if not wanted or config["authenticationMode"] == "CONFIG_MAP":
        return
    principal = f"arn:{backend.partition}:iam::{backend.account_id}:root"
    entry = _entry(backend, cluster, principal, "STANDARD")
    arn = f"{_POLICY_PREFIX}AmazonEKSClusterAdminPolicy"
    entry.policies[arn] = _association(arn, {"type": "cluster", "namespaces": []})
    cluster.access_entries[principal] = entry


def admit_nodes(backend: EksBackend, cluster: Cluster, role: str) -> None:
    """Give a managed node group's role the entry that EKS makes for its nodes."""
    mode = cluster.description["accessConfig"]["authenticationMode"]
    if mode != "CONFIG_MAP" and role not in cluster.access_entries:
        entry = _entry(backend, cluster, role, "EC2_LINUX")
        entry.description["kubernetesGroups"] = ["system:nodes"]
        cluster.access_entries[role] = entry


@operation
def describe_access_entry(backend: EksBackend, parameters: Parameters) -> Answer:
    """Tell of one entry."""
    return {"accessEntry": _find(backend, parameters).description}


@operation
def update_access_entry(backend: EksBackend, parameters: Parameters) -> Answer:
    """Change an entry's groups or name."""
    entry = _find(backend, parameters)
    _check_kind(backend.cluster(parameters["clusterName"]), entry.description["type"], parameters)
    for key in ("kubernetesGroups", "username"):
        if key in parameters:
            entry.description[key] = parameters[key]
    entry.description["modifiedAt"] = now()
    return {"accessEntry": entry.description}


@operation
def delete_access_entry(backend: EksBackend, parameters: Parameters) -> Answer:
    """Shut a principal out."""
    _find(backend, parameters)
    del backend.cluster(parameters["clusterName"]).access_entries[parameters["principalArn"]]
    return {}


@operation
def list_access_entries(backend: EksBackend, parameters: Parameters) -> Answer:
    """List the principals that have an entry."""
    policy = parameters.get("associatedPolicyArn")
    entries = _cluster_with_entries(backend, parameters["clusterName"]).access_entries
    found = [arn for arn, entry in entries.items() if policy is None or policy in entry.policies]
    return page(sorted(found), parameters, "accessEntries")


@operation
def associate_access_policy(backend: EksBackend, parameters: Parameters) -> Answer:
    """Give an entry a policy, in the whole cluster or in namespaces."""
    entry = _find(backend, parameters)
    cluster, arn, scope = (parameters[key] for key in ("clusterName", "policyArn", "accessScope"))
    if entry.description["type"] not in {"STANDARD", "EC2", "HYPERPOD_LINUX"}:
        message = f"Access policies cannot be associated with type {entry.description['type']}"
        raise InvalidRequest(message, clusterName=cluster)
    if arn.removeprefix(_POLICY_PREFIX) not in POLICIES:
        message = f"The policyArn parameter format is not valid: {arn!r} is not an access policy"
        raise InvalidParameter(message, clusterName=cluster)
    if (scope.get("type") == "namespace") != bool(scope.get("namespaces")):
        message = "accessScope: type namespace needs namespaces, type cluster takes none"
        raise InvalidParameter(message, clusterName=cluster)
    association = _association(arn, {"namespaces": [], **scope})
    if arn in entry.policies:
        association["associatedAt"] = entry.policies[arn]["associatedAt"]
    entry.policies[arn] = association
    names = {key: parameters[key] for key in ("clusterName", "principalArn")}
    return {**names, "associatedAccessPolicy": association}


def _association(arn: str, scope: Parameters) -> Parameters:
    stamp = now()
    return {"policyArn": arn, "accessScope": scope, "associatedAt": stamp, "modifiedAt": stamp}


@operation
def disassociate_access_policy(backend: EksBackend, parameters: Parameters) -> Answer:
    """Take a policy from an entry."""
    policies = _find(backend, parameters).policies
    if policies.pop(parameters["policyArn"], None) is None:
        message = "The specified access policy is not associated with the access entry."
        raise ResourceNotFound(message, clusterName=parameters["clusterName"])
    return {}


@operation
def list_associated_access_policies(backend: EksBackend, parameters: Parameters) -> Answer:
    """List an entry's policies."""
    policies = list(_find(backend, parameters).policies.values())
    names = {key: parameters[key] for key in ("clusterName", "principalArn")}
    return {**names, **page(policies, parameters, "associatedAccessPolicies")}


@operation
def list_access_policies(backend: EksBackend, parameters: Parameters) -> Answer:  # noqa: ARG001
    """List the policies that AWS offers."""
    listed = [{"name": name, "arn": f"{_POLICY_PREFIX}{name}"} for name in POLICIES]
    return page(listed, parameters, "accessPolicies")


def _cluster_with_entries(backend: EksBackend, name: str) -> Cluster:
    cluster = backend.cluster(name)
    if cluster.description["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        mode = "API or API_AND_CONFIG_MAP"
        message = f"The cluster's authentication mode must be set to one of [{mode}]"
        raise InvalidRequest(message, clusterName=name)
    return cluster


def _find(backend: EksBackend, parameters: Parameters) -> AccessEntry:
    cluster = _cluster_with_entries(backend, parameters["clusterName"])
    principal = parameters["principalArn"]
    if principal not in cluster.access_entries:
        message = f"The specified principalArn could not be found: {principal}"
        raise ResourceNotFound(message, clusterName=cluster.name)
    return cluster.access_entries[principal]
