"""IAM: roles, policies and what ties them together."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step
from embedded.plugins.aws.tagging import keyed


def _document(key: str) -> Any:
    """IAM gives documents back percent-encoded; botocore has decoded some already."""

    def read(data: Mapping[str, Any]) -> Any:
        value = data.get(key)
        if isinstance(value, str):
            return urllib.parse.unquote(value) if value.startswith("%") else value
        return _as_text(value)

    return read


def _as_text(document: Any) -> str | None:
    import json

    return None if document is None else json.dumps(document, separators=(",", ":"))


def _delete_role(operation: Operation) -> None:
    """Take off what the program may have put on by other means, if it said so."""
    role = {"RoleName": operation.id}
    if operation.inputs.get("forceDetachPolicies"):
        attached = operation.api("list_attached_role_policies", role)["AttachedPolicies"]
        for policy in attached:
            operation.api("detach_role_policy", {**role, "PolicyArn": policy["PolicyArn"]})
        for name in operation.api("list_role_policies", role)["PolicyNames"]:
            operation.api("delete_role_policy", {**role, "PolicyName": name})
    operation.api("delete_role", role)


def _set_boundary(operation: Operation) -> None:
    boundary = operation.inputs.get("permissionsBoundary")
    if boundary:
        params = {"RoleName": operation.id, "PermissionsBoundary": boundary}
        operation.api("put_role_permissions_boundary", params)
    else:
        operation.api("delete_role_permissions_boundary", {"RoleName": operation.id})


def _update_role(operation: Operation) -> None:
    params = {
        "RoleName": operation.id,
        "Description": operation.inputs.get("description") or "",
        "MaxSessionDuration": operation.inputs.get("maxSessionDuration"),
    }
    operation.api("update_role", params)


ROLE = Resource(
    type="aws:iam/role:Role",
    label="IAM Role",
    service="iam",
    identity="{RoleName}",
    create=Call("create_role", result="Role"),
    read=Call("get_role", {"RoleName": "{id}"}, "Role"),
    delete=_delete_role,
    sends=(
        "name",
        "path",
        "assumeRolePolicy",
        "description",
        "maxSessionDuration",
        "permissionsBoundary",
    ),
    steers=("forceDetachPolicies", "namePrefix"),
    names={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
    reads={
        "assumeRolePolicy": _document("AssumeRolePolicyDocument"),
        "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
    },
    steps=(
        Step(
            ("assumeRolePolicy",),
            Call(
                "update_assume_role_policy",
                {"RoleName": "{id}", "PolicyDocument": "{assumeRolePolicy}"},
            ),
            send=False,
        ),
        Step(("description", "maxSessionDuration"), _update_role),
        Step(("permissionsBoundary",), _set_boundary),
    ),
    replaces=("name", "namePrefix", "path"),
    defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
    documents=("assumeRolePolicy",),
    outputs={"arn": "Arn", "createDate": "CreateDate", "uniqueId": "RoleId"},
    naming=Naming(prefix_property="namePrefix", max_length=64),
    tags=keyed("role", {"RoleName": "{id}"}),
)


def _put_role_policy(operation: Operation) -> dict[str, Any]:
    operation.api("put_role_policy", operation.values(("name", "role", "policy")))
    return {}


ROLE_POLICY = Resource(
    type="aws:iam/rolePolicy:RolePolicy",
    label="IAM Role Policy",
    service="iam",
    identity="{role}:{name}",
    create=_put_role_policy,
    shape=("put_role_policy",),
    read=Call("get_role_policy", {"RoleName": "{role}", "PolicyName": "{name}"}),
    delete=Call("delete_role_policy", {"RoleName": "{role}", "PolicyName": "{name}"}),
    sends=("name", "role", "policy"),
    steers=("namePrefix",),
    names={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
    reads={"policy": _document("PolicyDocument")},
    steps=(Step(("policy",), _put_role_policy),),
    replaces=("name", "namePrefix", "role"),
    documents=("policy",),
    naming=Naming(prefix_property="namePrefix", max_length=128),
)

# AWS keeps five versions of a policy; the oldest makes room.
_VERSIONS: Final = 5


def _read_policy(operation: Operation) -> Mapping[str, Any] | None:
    policy = operation.call(Call("get_policy", {"PolicyArn": "{id}"}, "Policy"))
    params = {"PolicyArn": operation.id, "VersionId": policy["DefaultVersionId"]}
    version = operation.api("get_policy_version", params)["PolicyVersion"]
    return {**policy, "Document": version["Document"]}


def _versions(operation: Operation) -> list[Mapping[str, Any]]:
    return operation.api("list_policy_versions", {"PolicyArn": operation.id})["Versions"]


def _new_policy_version(operation: Operation) -> None:
    others = [version for version in _versions(operation) if not version["IsDefaultVersion"]]
    if len(others) >= _VERSIONS - 1:
        oldest = min(others, key=lambda version: version["CreateDate"])
        params = {"PolicyArn": operation.id, "VersionId": oldest["VersionId"]}
        operation.api("delete_policy_version", params)
    params = {
        "PolicyArn": operation.id,
        "PolicyDocument": operation.inputs["policy"],
        "SetAsDefault": True,
    }
    operation.api("create_policy_version", params)


def _delete_policy(operation: Operation) -> None:
    for version in _versions(operation):
        if not version["IsDefaultVersion"]:
            params = {"PolicyArn": operation.id, "VersionId": version["VersionId"]}
            operation.api("delete_policy_version", params)
    operation.api("delete_policy", {"PolicyArn": operation.id})


POLICY = Resource(
    type="aws:iam/policy:Policy",
    label="IAM Policy",
    service="iam",
    identity="{Arn}",
    create=Call("create_policy", result="Policy"),
    read=_read_policy,
    delete=_delete_policy,
    sends=("name", "path", "policy", "description"),
    steers=("namePrefix", "delayAfterPolicyCreationInMs"),
    names={"name": "PolicyName", "policy": "PolicyDocument"},
    reads={"policy": _document("Document")},
    steps=(Step(("policy",), _new_policy_version),),
    replaces=("name", "namePrefix", "path", "description"),
    defaults={"path": "/"},
    documents=("policy",),
    outputs={"arn": "Arn", "policyId": "PolicyId", "attachmentCount": "AttachmentCount"},
    naming=Naming(prefix_property="namePrefix", max_length=128),
    tags=keyed("policy", {"PolicyArn": "{id}"}),
)


def _attach(operation: Operation) -> dict[str, Any]:
    operation.api("attach_role_policy", operation.values(("role", "policyArn")))
    return {}


def _read_attachment(operation: Operation) -> Mapping[str, Any] | None:
    place = {**operation.state, **operation.inputs}
    answer = operation.api("list_attached_role_policies", {"RoleName": place["role"]})
    arns = {policy["PolicyArn"] for policy in answer["AttachedPolicies"]}
    found = place["policyArn"] in arns
    return {"RoleName": place["role"], "PolicyArn": place["policyArn"]} if found else None


ROLE_POLICY_ATTACHMENT = Resource(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    label="IAM Role Policy Attachment",
    service="iam",
    identity="{role}/{policyArn}",
    create=_attach,
    shape=("attach_role_policy",),
    read=_read_attachment,
    delete=Call("detach_role_policy", {"RoleName": "{role}", "PolicyArn": "{policyArn}"}),
    sends=("role", "policyArn"),
    names={"role": "RoleName"},
    replaces=("*",),
    delete_before_replace=True,
)

RESOURCES = (ROLE, ROLE_POLICY, POLICY, ROLE_POLICY_ATTACHMENT)
