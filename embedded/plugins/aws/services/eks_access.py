"""EKS: add-ons, access entries and Pod Identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Resource, Step, Wait
from embedded.plugins.aws.tagging import by_arn

_ADDON: Final = {"clusterName": "{clusterName}", "addonName": "{addonName}"}

ADDON = Resource(
    type="aws:eks/addon:Addon",
    label="EKS Add-On",
    service="eks",
    identity="{clusterName}:{addonName}",
    create=Call("create_addon", {"resolveConflicts": "{resolveConflictsOnCreate}"}, "addon"),
    read=Call("describe_addon", _ADDON, "addon"),
    delete=Call("delete_addon", {**_ADDON, "preserve": "{preserve}"}),
    sends=(
        "clusterName",
        "addonName",
        "addonVersion",
        "configurationValues",
        "serviceAccountRoleArn",
        "podIdentityAssociations",
    ),
    steers=("preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"),
    # EKS lists the associations' ids only.
    unread=("podIdentityAssociations",),
    steps=(
        Step(
            (
                "addonVersion",
                "configurationValues",
                "serviceAccountRoleArn",
                "podIdentityAssociations",
            ),
            Call("update_addon", {**_ADDON, "resolveConflicts": "{resolveConflictsOnUpdate}"}),
        ),
    ),
    replaces=("clusterName", "addonName"),
    computed=("addonVersion", "configurationValues"),
    documents=("configurationValues",),
    sets=("podIdentityAssociations",),
    outputs={"arn": "addonArn", "createdAt": "createdAt", "modifiedAt": "modifiedAt"},
    tags=by_arn(),
    wait=Wait(
        "status",
        until=("ACTIVE",),
        failed=("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"),
        reason="health.issues[0].message",
        seconds=1200.0,
    ),
)

_ENTRY: Final = {"clusterName": "{clusterName}", "principalArn": "{principalArn}"}

ACCESS_ENTRY = Resource(
    type="aws:eks/accessEntry:AccessEntry",
    label="EKS Access Entry",
    service="eks",
    identity="{clusterName}:{principalArn}",
    create=Call("create_access_entry", result="accessEntry"),
    read=Call("describe_access_entry", _ENTRY, "accessEntry"),
    delete=Call("delete_access_entry", _ENTRY),
    sends=("clusterName", "principalArn", "kubernetesGroups", "type", "userName"),
    steps=(Step(("kubernetesGroups", "userName"), Call("update_access_entry", _ENTRY)),),
    replaces=("clusterName", "principalArn", "type"),
    computed=("kubernetesGroups", "userName"),
    defaults={"type": "STANDARD"},
    sets=("kubernetesGroups",),
    outputs={
        "accessEntryArn": "accessEntryArn",
        "createdAt": "createdAt",
        "modifiedAt": "modifiedAt",
    },
    tags=by_arn("{accessEntryArn}"),
)


def _read_association(operation: Operation) -> Mapping[str, Any] | None:
    answer = operation.call(Call("list_associated_access_policies", _ENTRY))
    place = {**operation.state, **operation.inputs}
    for association in answer.get("associatedAccessPolicies", ()):
        if association["policyArn"] == place["policyArn"]:
            return {**answer, **association}
    return None


ACCESS_POLICY_ASSOCIATION = Resource(
    type="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    label="EKS Access Policy Association",
    service="eks",
    identity="{clusterName}#{principalArn}#{policyArn}",
    create=Call("associate_access_policy", result="associatedAccessPolicy"),
    read=_read_association,
    delete=Call("disassociate_access_policy", {**_ENTRY, "policyArn": "{policyArn}"}),
    sends=("clusterName", "principalArn", "policyArn", "accessScope"),
    replaces=("*",),
    sets=("accessScope.namespaces",),
    outputs={"associatedAt": "associatedAt", "modifiedAt": "modifiedAt"},
    delete_before_replace=True,
)

_ASSOCIATION: Final = {"clusterName": "{clusterName}", "associationId": "{associationId}"}

POD_IDENTITY_ASSOCIATION = Resource(
    type="aws:eks/podIdentityAssociation:PodIdentityAssociation",
    label="EKS Pod Identity Association",
    service="eks",
    identity="{associationId}",
    imports="{clusterName},{associationId}",
    create=Call("create_pod_identity_association", result="association"),
    read=Call("describe_pod_identity_association", _ASSOCIATION, "association"),
    delete=Call("delete_pod_identity_association", _ASSOCIATION),
    sends=(
        "clusterName",
        "namespace",
        "serviceAccount",
        "roleArn",
        "disableSessionTags",
        "targetRoleArn",
    ),
    steps=(
        Step(
            ("roleArn", "disableSessionTags", "targetRoleArn"),
            Call("update_pod_identity_association", _ASSOCIATION),
        ),
    ),
    replaces=("clusterName", "namespace", "serviceAccount"),
    computed=("disableSessionTags",),
    outputs={
        "associationArn": "associationArn",
        "associationId": "associationId",
        "externalId": "externalId",
    },
    tags=by_arn("{associationArn}"),
)

RESOURCES = (ADDON, ACCESS_ENTRY, ACCESS_POLICY_ASSOCIATION, POD_IDENTITY_ASSOCIATION)
