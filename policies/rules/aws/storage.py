"""Data at rest: volumes, file systems, image repositories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Resource
from frame.rule import Category, Relative, ResourceRule, Rule, Settings, Severity
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.checks import block, require_set, require_true
from rules.aws.instances import CONFIGURATION, INSTANCE, TEMPLATE

_VOLUME: Final = "aws:ebs/volume:Volume"
_FILE_SYSTEM: Final = "aws:efs/fileSystem:FileSystem"
_REPOSITORY: Final = "aws:ecr/repository:Repository"


def _encrypted(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    if resource.token in (_VOLUME, _FILE_SYSTEM):
        yield from _disk(resource.props)
    elif resource.token == TEMPLATE:
        yield from _template(resource.at("blockDeviceMappings"))
    else:
        yield from _instance(resource)


def _disk(disk: Node) -> Iterator[Outcome]:
    if not disk.at("snapshotId").missing and disk.at("encrypted").missing:
        yield NotApplicable("as the snapshot is")
        return
    yield from require_true(disk.at("encrypted"), "the data can be read from a copy of the disk")


def _template(mappings: Node) -> Iterator[Outcome]:
    found = False
    for mapping in mappings.blocks():
        found = True
        disk = block(mapping.at("ebs"))
        if mapping.unknown or disk.unknown:
            yield Undetermined(path=disk.path)
        elif not disk.missing:
            yield from _disk(disk)
    if not found:
        yield Violation(path=mappings.path, found="not set, so the disks are as the image has them")


def _instance(resource: Resource) -> Iterator[Outcome]:
    root = block(resource.at("rootBlockDevice"))
    if root.unknown:
        yield Undetermined(path=root.path)
    else:
        yield from _disk(root)
    for disk in resource.at("ebsBlockDevices").blocks():
        if disk.unknown:
            yield Undetermined(path=disk.path)
        else:
            yield from _disk(disk)


def _own_key(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    if resource.token == _REPOSITORY:
        config = block(resource.at("encryptionConfigurations"))
        kind = config.at("encryptionType")
        if kind.unknown:
            yield Undetermined(path=kind.path)
        elif kind.value not in ("KMS", "KMS_DSSE"):
            yield Violation(
                path=kind.path,
                found=f"is {kind.shown()}",
                fix='encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}]',
            )
        return
    yield from require_set(resource.at("kmsKeyId"), "AWS's own key is used")


def _immutable(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    node = resource.at("imageTagMutability")
    if node.unknown:
        yield Undetermined(path=node.path)
    elif not node.text().startswith("IMMUTABLE"):
        yield Violation(path=node.path, found=f"is {node.shown()}")


def _scanned(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    node = block(resource.at("imageScanningConfiguration")).at("scanOnPush")
    yield from require_true(node, "images are not scanned when they arrive")


ENCRYPTED: Final = ResourceRule(
    id="disks-are-encrypted",
    title="Disks are encrypted",
    why=(
        "A node's disk holds images, model weights, logs and every mounted secret; a snapshot of "
        "it can be shared with any account by one call. Encryption costs nothing and no speed."
    ),
    fix='block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"encrypted": "true"}}]',
    severity=Severity.HIGH,
    category=Category.SECURITY,
    tokens=(_VOLUME, _FILE_SYSTEM, TEMPLATE, CONFIGURATION, INSTANCE),
    covers=("A12",),
    check=_encrypted,
    frameworks=(
        frameworks.cis_aws("2.2.1 EBS volume encryption is enabled in all regions"),
        frameworks.pci("3.5.1 Stored account data is rendered unreadable"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_3"),
        Relative(tool="Checkov", check="CKV_AWS_8"),
        Relative(tool="Trivy", check="AWS-0008"),
        Relative(tool="Trivy", check="AWS-0026"),
        Relative(tool="Trivy", check="AWS-0131"),
        Relative(tool="AWS Config", check="ENCRYPTED_VOLUMES"),
        Relative(tool="cdk-nag", check="AwsSolutions-EC26"),
    ),
)

OWN_KEY: Final = ResourceRule(
    id="data-uses-own-key",
    title="Disks and repositories are encrypted with a key of the account",
    why=(
        "AWS's own key can neither be taken away nor shared on purpose, and its use is not in "
        "CloudTrail: whoever may read the disk may decrypt it. One key costs 1 USD a month."
    ),
    fix="kms_key_id=key.arn",
    severity=Severity.LOW,
    category=Category.SECURITY,
    tokens=(_VOLUME, _FILE_SYSTEM, _REPOSITORY),
    covers=("A12", "A13"),
    check=_own_key,
    frameworks=(frameworks.well_architected("SEC08-BP01 Implement secure key management"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_189"),
        Relative(tool="Checkov", check="CKV_AWS_136"),
        Relative(tool="Trivy", check="AWS-0033"),
    ),
)

IMMUTABLE: Final = ResourceRule(
    id="ecr-tags-are-immutable",
    title="A tag in a repository always means the same image",
    why=(
        "With mutable tags a push replaces what v1.4.2 means: pods that are rescheduled after a "
        "spot reclaim run other code than their neighbours, and a pinned version is not pinned."
    ),
    fix='image_tag_mutability="IMMUTABLE"',
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=(_REPOSITORY,),
    covers=("A13",),
    check=_immutable,
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_51"),
        Relative(tool="Trivy", check="AWS-0031"),
        Relative(tool="AWS Config", check="ECR_PRIVATE_TAG_IMMUTABILITY_ENABLED"),
    ),
)

SCANNED: Final = ResourceRule(
    id="ecr-images-are-scanned",
    title="Images are scanned when they are pushed",
    why=(
        "An image for GPU serving brings Python, CUDA and hundreds of packages; without a scan the "
        "first to find the known flaw in one of them is somebody else."
    ),
    fix='image_scanning_configuration={"scan_on_push": True}',
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=(_REPOSITORY,),
    covers=("A13",),
    check=_scanned,
    frameworks=(frameworks.cis_eks("5.1.1 Ensure image vulnerability scanning"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_163"),
        Relative(tool="Trivy", check="AWS-0030"),
        Relative(tool="Kubescape", check="C-0221"),
        Relative(tool="AWS Config", check="ECR_PRIVATE_IMAGE_SCANNING_ENABLED"),
    ),
)

RULES: Final[Sequence[Rule]] = (ENCRYPTED, OWN_KEY, IMMUTABLE, SCANNED)
