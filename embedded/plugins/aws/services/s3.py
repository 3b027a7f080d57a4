"""S3: buckets, and what is set on them by resources of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from embedded.plugins.aws.errors import ApiError
from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step, Tagging

_BUCKET: Final = {"Bucket": "{id}"}
# The region that S3 does not want to be told.
_FIRST_REGION: Final = "us-east-1"


def _create_bucket(operation: Operation) -> dict[str, Any]:
    params: dict[str, Any] = operation.values(("bucket",))
    if operation.region != _FIRST_REGION:
        params["CreateBucketConfiguration"] = {"LocationConstraint": operation.region}
    operation.api("create_bucket", params)
    return {}


def _read_bucket(operation: Operation) -> Mapping[str, Any]:
    operation.call(Call("head_bucket", _BUCKET))
    return {"Bucket": operation.id, "Region": operation.region}


def _delete_bucket(operation: Operation) -> None:
    if operation.inputs.get("forceDestroy"):
        _empty(operation)
    operation.call(Call("delete_bucket", _BUCKET))


def _empty(operation: Operation) -> None:
    listing = operation.api("list_object_versions", {"Bucket": operation.id})
    found = [*(listing.get("Versions") or ()), *(listing.get("DeleteMarkers") or ())]
    for item in found:
        params = {"Bucket": operation.id, "Key": item["Key"], "VersionId": item["VersionId"]}
        operation.api("delete_object", params)


def _put_tags(operation: Operation) -> None:
    """S3 has no call for single tags: all are put, or all are deleted."""
    tags = operation.inputs.get("tagsAll") or {}
    if tags:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        params = {"Bucket": operation.id, "Tagging": {"TagSet": pairs}}
        operation.api("put_bucket_tagging", params)
    else:
        operation.api("delete_bucket_tagging", {"Bucket": operation.id})


def _read_tags(operation: Operation) -> Any:
    try:
        return operation.call(Call("get_bucket_tagging", _BUCKET, "TagSet"))
    except ApiError as error:
        if error.code == "NoSuchTagSet":
            return []
        raise


BUCKET = Resource(
    type="aws:s3/bucket:Bucket",
    label="S3 Bucket",
    service="s3",
    identity="{bucket}",
    create=_create_bucket,
    shape=("create_bucket",),
    read=_read_bucket,
    delete=_delete_bucket,
    sends=("bucket",),
    steers=("bucketPrefix", "forceDestroy"),
    replaces=("bucket", "bucketPrefix"),
    defaults={"forceDestroy": False},
    gone=("404", "NoSuchBucket"),
    outputs={
        "arn": "arn:{partition}:s3:::{id}",
        "bucketDomainName": "{id}.s3.amazonaws.com",
        "bucketRegionalDomainName": "{id}.s3.{region}.amazonaws.com",
        "bucketRegion": "{region}",
    },
    naming=Naming("bucket", "bucketPrefix", max_length=63, lower=True),
    tags=Tagging(create={}, tag=_put_tags, untag=None, read=_read_tags),
)


def _setting(
    kind: str,
    label: str,
    *,
    put: Call,
    get: Call,
    delete: Call,
    sends: tuple[str, ...],
    **more: Any,
) -> Resource:
    """Return the record of something that a bucket has once: its id is the bucket's name."""

    def apply(operation: Operation) -> dict[str, Any]:
        operation.using(id=operation.inputs["bucket"]).call(put)
        return {}

    def read(operation: Operation) -> Mapping[str, Any] | None:
        found = operation.call(get)
        return {**found, "Bucket": operation.id} if found else None

    return Resource(
        type=f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}",
        label=label,
        service="s3",
        identity="{bucket}",
        create=apply,
        read=read,
        delete=delete,
        sends=("bucket", *sends),
        steps=(Step(sends, apply),),
        replaces=("bucket",),
        gone=("404", "NoSuchBucket"),
        **more,
    )


_BLOCKS: Final = (
    "blockPublicAcls",
    "blockPublicPolicy",
    "ignorePublicAcls",
    "restrictPublicBuckets",
)

PUBLIC_ACCESS_BLOCK = _setting(
    "BucketPublicAccessBlock",
    "S3 Bucket Public Access Block",
    put=Call(
        "put_public_access_block",
        {
            **_BUCKET,
            "PublicAccessBlockConfiguration": {
                name[0].upper() + name[1:]: f"{{{name}}}" for name in _BLOCKS
            },
        },
    ),
    get=Call("get_public_access_block", _BUCKET, "PublicAccessBlockConfiguration"),
    delete=Call("delete_public_access_block", _BUCKET),
    sends=_BLOCKS,
    shape=("put_public_access_block", "PublicAccessBlockConfiguration"),
    defaults=dict.fromkeys(_BLOCKS, False),
)

BUCKET_POLICY = _setting(
    "BucketPolicy",
    "S3 Bucket Policy",
    put=Call("put_bucket_policy", {**_BUCKET, "Policy": "{policy}"}),
    get=Call("get_bucket_policy", _BUCKET),
    delete=Call("delete_bucket_policy", _BUCKET),
    sends=("policy",),
    shape=("put_bucket_policy",),
    documents=("policy",),
)

VERSIONING = _setting(
    "BucketVersioning",
    "S3 Bucket Versioning",
    put=Call(
        "put_bucket_versioning", {**_BUCKET, "VersioningConfiguration": "{versioningConfiguration}"}
    ),
    get=Call("get_bucket_versioning", _BUCKET, "{versioningConfiguration: @}"),
    delete=Call(
        "put_bucket_versioning", {**_BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}
    ),
    sends=("versioningConfiguration",),
    shape=("put_bucket_versioning",),
)

ENCRYPTION = _setting(
    "BucketServerSideEncryptionConfiguration",
    "S3 Bucket Server Side Encryption Configuration",
    put=Call(
        "put_bucket_encryption",
        {**_BUCKET, "ServerSideEncryptionConfiguration": {"Rules": "{rules}"}},
    ),
    get=Call("get_bucket_encryption", _BUCKET, "ServerSideEncryptionConfiguration"),
    delete=Call("delete_bucket_encryption", _BUCKET),
    sends=("rules",),
    shape=("put_bucket_encryption", "ServerSideEncryptionConfiguration"),
    names={
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": "KMSMasterKeyID",
        "rules.applyServerSideEncryptionByDefault.sseAlgorithm": "SSEAlgorithm",
    },
    without=("rules.blockedEncryptionTypes",),
    sets=("rules",),
)

OWNERSHIP = _setting(
    "BucketOwnershipControls",
    "S3 Bucket Ownership Controls",
    put=Call(
        "put_bucket_ownership_controls", {**_BUCKET, "OwnershipControls": {"Rules": "{rule}"}}
    ),
    get=Call("get_bucket_ownership_controls", _BUCKET, "OwnershipControls"),
    delete=Call("delete_bucket_ownership_controls", _BUCKET),
    sends=("rule",),
    shape=("put_bucket_ownership_controls", "OwnershipControls"),
    names={"rule": "Rules"},
)

RESOURCES = (BUCKET, PUBLIC_ACCESS_BLOCK, BUCKET_POLICY, VERSIONING, ENCRYPTION, OWNERSHIP)
