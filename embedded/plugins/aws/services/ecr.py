"""ECR: repositories and their lifecycle policies."""

from __future__ import annotations

from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step, Tagging

_NAME: Final = {"repositoryName": "{id}"}
_ARN: Final = {"resourceArn": "{arn}"}

REPOSITORY = Resource(
    type="aws:ecr/repository:Repository",
    label="ECR Repository",
    service="ecr",
    identity="{name}",
    create=Call("create_repository", result="repository"),
    read=Call("describe_repositories", {"repositoryNames": ["{id}"]}, "repositories[0]"),
    delete=Call("delete_repository", {**_NAME, "force": "{forceDelete}"}),
    sends=("name", "imageTagMutability", "imageScanningConfiguration", "encryptionConfigurations"),
    steers=("forceDelete",),
    names={"name": "repositoryName", "encryptionConfigurations": "encryptionConfiguration"},
    steps=(
        Step(("imageTagMutability",), Call("put_image_tag_mutability", _NAME)),
        Step(("imageScanningConfiguration",), Call("put_image_scanning_configuration", _NAME)),
    ),
    replaces=("name", "encryptionConfigurations"),
    computed=("encryptionConfigurations.kmsKey",),
    defaults={"imageTagMutability": "MUTABLE", "encryptionConfigurations.encryptionType": "AES256"},
    outputs={
        "arn": "repositoryArn",
        "registryId": "registryId",
        "repositoryUrl": "repositoryUri",
    },
    naming=Naming(max_length=256),
    tags=Tagging(
        create={"tags": "{tags}"},
        tag=Call("tag_resource", {**_ARN, "tags": "{tags}"}),
        untag=Call("untag_resource", {**_ARN, "tagKeys": "{tagKeys}"}),
        read=Call(
            "list_tags_for_resource",
            {"resourceArn": "arn:{partition}:ecr:{region}:{account}:repository/{id}"},
            "tags",
        ),
    ),
)


def _put_policy(operation: Operation) -> dict[str, Any]:
    params = operation.values(("repository", "policy"))
    operation.api("put_lifecycle_policy", params)
    return {}


LIFECYCLE_POLICY = Resource(
    type="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    label="ECR Lifecycle Policy",
    service="ecr",
    identity="{repository}",
    create=_put_policy,
    shape=("put_lifecycle_policy",),
    read=Call("get_lifecycle_policy", _NAME),
    delete=Call("delete_lifecycle_policy", _NAME),
    sends=("repository", "policy"),
    names={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
    replaces=("*",),
    documents=("policy",),
    outputs={"registryId": "registryId"},
    delete_before_replace=True,
)

RESOURCES = (REPOSITORY, LIFECYCLE_POLICY)
