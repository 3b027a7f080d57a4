"""IAM: instance profiles and OpenID Connect providers."""

from __future__ import annotations

from typing import Any

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step
from embedded.plugins.aws.tagging import keyed


def _set_role(operation: Operation) -> None:
    """A profile holds one role at most: the old one makes room."""
    read = {"InstanceProfileName": operation.id}
    roles = operation.api("get_instance_profile", read)["InstanceProfile"]["Roles"]
    wanted = operation.inputs.get("role")
    for role in roles:
        if role["RoleName"] != wanted:
            params = {**read, "RoleName": role["RoleName"]}
            operation.api("remove_role_from_instance_profile", params)
    if wanted and wanted not in {role["RoleName"] for role in roles}:
        operation.api("add_role_to_instance_profile", {**read, "RoleName": wanted})


def _delete_profile(operation: Operation) -> None:
    _set_role(operation.using(inputs={}))
    operation.api("delete_instance_profile", {"InstanceProfileName": operation.id})


INSTANCE_PROFILE = Resource(
    type="aws:iam/instanceProfile:InstanceProfile",
    label="IAM Instance Profile",
    service="iam",
    identity="{name}",
    create=Call("create_instance_profile", result="InstanceProfile"),
    read=Call("get_instance_profile", {"InstanceProfileName": "{id}"}, "InstanceProfile"),
    delete=_delete_profile,
    sends=("name", "path"),
    steers=("namePrefix",),
    names={"name": "InstanceProfileName"},
    reads={"role": "Roles[0].RoleName"},
    steps=(Step(("role",), _set_role),),
    replaces=("name", "namePrefix", "path"),
    defaults={"path": "/"},
    outputs={"arn": "Arn", "createDate": "CreateDate", "uniqueId": "InstanceProfileId"},
    naming=Naming(prefix_property="namePrefix", max_length=128),
    tags=keyed("instance_profile", {"InstanceProfileName": "{id}"}),
)


def _set_clients(operation: Operation) -> None:
    arn = {"OpenIDConnectProviderArn": operation.id}
    actual = set(operation.api("get_open_id_connect_provider", arn).get("ClientIDList") or ())
    wanted = set(operation.inputs.get("clientIdLists") or ())
    for client in sorted(wanted - actual):
        operation.api("add_client_id_to_open_id_connect_provider", {**arn, "ClientID": client})
    for client in sorted(actual - wanted):
        params: dict[str, Any] = {**arn, "ClientID": client}
        operation.api("remove_client_id_from_open_id_connect_provider", params)


_ARN = {"OpenIDConnectProviderArn": "{id}"}

OPEN_ID_CONNECT_PROVIDER = Resource(
    type="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    label="IAM OIDC Provider",
    service="iam",
    identity="{OpenIDConnectProviderArn}",
    create=Call("create_open_id_connect_provider"),
    read=Call("get_open_id_connect_provider", _ARN),
    delete=Call("delete_open_id_connect_provider", _ARN),
    sends=("url", "clientIdLists", "thumbprintLists"),
    names={"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"},
    steps=(
        Step(("clientIdLists",), _set_clients),
        Step(("thumbprintLists",), Call("update_open_id_connect_provider_thumbprint", _ARN)),
    ),
    replaces=("url",),
    # AWS keeps the address without its scheme.
    without_scheme=("url",),
    computed=("thumbprintLists",),
    sets=("clientIdLists",),
    outputs={"arn": "{id}"},
    tags=keyed("open_id_connect_provider", _ARN),
)

RESOURCES = (INSTANCE_PROFILE, OPEN_ID_CONNECT_PROVIDER)
