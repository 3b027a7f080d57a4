"""EC2: launch templates, where every change is a new version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from embedded.plugins.aws.operation import Operation
from embedded.plugins.aws.resource import Call, Naming, Resource, Step
from embedded.plugins.aws.tagging import ec2 as ec2_tags

_DATA: Final = (
    "blockDeviceMappings",
    "capacityReservationSpecification",
    "cpuOptions",
    "creditSpecification",
    "disableApiStop",
    "disableApiTermination",
    "ebsOptimized",
    "enclaveOptions",
    "hibernationOptions",
    "iamInstanceProfile",
    "imageId",
    "instanceInitiatedShutdownBehavior",
    "instanceMarketOptions",
    "instanceRequirements",
    "instanceType",
    "keyName",
    "maintenanceOptions",
    "metadataOptions",
    "monitoring",
    "networkInterfaces",
    "placement",
    "privateDnsNameOptions",
    "securityGroupNames",
    "tagSpecifications",
    "userData",
    "vpcSecurityGroupIds",
)
_TEMPLATE: Final = Call(
    "describe_launch_templates", {"LaunchTemplateIds": ["{id}"]}, "LaunchTemplates[0]"
)

_TAGS: Final = Call(
    "describe_tags", {"Filters": [{"Name": "resource-id", "Values": ["{id}"]}]}, "Tags"
)


def _create(operation: Operation) -> Mapping[str, Any]:
    params = {
        "LaunchTemplateName": operation.inputs["name"],
        "VersionDescription": operation.inputs.get("description"),
        "LaunchTemplateData": operation.values(_DATA),
        **operation.tag_params(),
    }
    return operation.api("create_launch_template", params)["LaunchTemplate"]


def _read(operation: Operation) -> Mapping[str, Any] | None:
    template = operation.call(_TEMPLATE)
    if not template:
        return None
    latest = operation.call(
        Call(
            "describe_launch_template_versions",
            {"LaunchTemplateId": "{id}", "Versions": [str(template["LatestVersionNumber"])]},
            "LaunchTemplateVersions[0]",
        )
    )
    contents = latest["LaunchTemplateData"]
    # Only what a template launches can be tagged there, not the template itself.
    launched = [
        tagged
        for tagged in contents.get("TagSpecifications") or ()
        if tagged["ResourceType"] != "launch-template"
    ]
    return {
        **contents,
        "TagSpecifications": launched,
        **template,
        "VersionDescription": latest.get("VersionDescription"),
    }


def _new_version(operation: Operation) -> None:
    if operation.changed.intersection((*_DATA, "description")):
        params = {
            "LaunchTemplateId": operation.id,
            "VersionDescription": operation.inputs.get("description"),
            "LaunchTemplateData": operation.values(_DATA),
        }
        operation.api("create_launch_template_version", params)
    _move_default(operation)


def _move_default(operation: Operation) -> None:
    wanted = operation.inputs.get("defaultVersion")
    if operation.inputs.get("updateDefaultVersion"):
        wanted = (operation.call(_TEMPLATE) or {}).get("LatestVersionNumber")
    if wanted:
        params = {"LaunchTemplateId": operation.id, "DefaultVersion": str(wanted)}
        operation.api("modify_launch_template", params)


LAUNCH_TEMPLATE = Resource(
    type="aws:ec2/launchTemplate:LaunchTemplate",
    label="EC2 Launch Template",
    service="ec2",
    identity="{LaunchTemplateId}",
    create=_create,
    shape=("create_launch_template", "LaunchTemplateData"),
    read=_read,
    delete=Call("delete_launch_template", {"LaunchTemplateId": "{id}"}),
    sends=("name", "description", *_DATA),
    steers=("namePrefix", "updateDefaultVersion"),
    steps=(Step((*_DATA, "description", "defaultVersion", "updateDefaultVersion"), _new_version),),
    names={
        "name": "LaunchTemplateName",
        "description": "VersionDescription",
        "defaultVersion": "DefaultVersionNumber",
        "vpcSecurityGroupIds": "SecurityGroupIds",
        "securityGroupNames": "SecurityGroups",
        "networkInterfaces.securityGroups": "Groups",
        "networkInterfaces.ipv4AddressCount": "SecondaryPrivateIpAddressCount",
    },
    without=(
        "networkInterfaces.ipv4Addresses",
        "networkInterfaces.ipv4Prefixes",
        "networkInterfaces.ipv6Addresses",
        "networkInterfaces.ipv6Prefixes",
    ),
    replaces=("name", "namePrefix"),
    computed=(
        "defaultVersion",
        "metadataOptions.httpEndpoint",
        "metadataOptions.httpTokens",
        "metadataOptions.httpPutResponseHopLimit",
        "metadataOptions.httpProtocolIpv6",
        "metadataOptions.instanceMetadataTags",
    ),
    sets=("vpcSecurityGroupIds", "securityGroupNames", "networkInterfaces.securityGroups"),
    outputs={
        "arn": "arn:{partition}:ec2:{region}:{account}:launch-template/{id}",
        "latestVersion": "LatestVersionNumber",
    },
    volatile=("latestVersion", "defaultVersion"),
    naming=Naming(prefix_property="namePrefix", max_length=128),
    tags=replace(ec2_tags("launch-template"), read=_TAGS),
)

RESOURCES = (LAUNCH_TEMPLATE,)
