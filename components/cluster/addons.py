"""Add-ons that EKS installs and keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, tagging
from components.cluster.addon_table import Addon, AddonIdentity
from components.cluster.pod_identity import PodIdentity, PodIdentityArgs

TOKEN = naming.token("cluster", "Addons")
_NAMESPACE = "kube-system"
CNI = "vpc-cni"


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """What makes a set of add-ons."""

    # Known once whatever the add-ons need is there.
    cluster_name: Input[str]
    kubernetes_version: str
    addons: Sequence[Addon]
    # Zone -> the pods' own subnet; empty where pods take addresses of their node's.
    pod_subnet_ids: Mapping[str, Input[str]] = field(default_factory=dict[str, Input[str]])
    region: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Addons(pulumi.ComponentResource):
    """Add-ons with pinned versions, each with permissions of its own.

    What somebody changed in the cluster by hand is set right again. Creates: add-ons,
    and roles for those that talk to AWS.
    """

    # To wait for.
    addons: list[aws.eks.Addon]

    def __init__(self, name: str, args: AddonsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        self.addons = [self._build_addon(name, args, addon) for addon in args.addons]
        self.register_outputs({"addons": [addon.name for addon in args.addons]})

    def _build_addon(self, name: str, args: AddonsArgs, addon: Addon) -> aws.eks.Addon:
        identities = (
            [self._build_identity(name, args, addon.name, addon.identity)]
            if addon.identity
            else None
        )
        child = naming.child(name, addon.name)
        return aws.eks.Addon(
            child,
            aws.eks.AddonArgs(
                cluster_name=args.cluster_name,
                addon_name=addon.name,
                addon_version=addon.version(args.kubernetes_version),
                configuration_values=_configuration(args, addon),
                pod_identity_associations=identities,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_identity(
        self, name: str, args: AddonsArgs, addon: str, identity: AddonIdentity
    ) -> aws.eks.AddonPodIdentityAssociationArgs:
        pods = PodIdentity(
            naming.child(name, addon),
            PodIdentityArgs(
                cluster_name=None,
                namespace=_NAMESPACE,
                service_account=identity.service_account,
                managed_policies=[identity.policy],
                tags=args.tags,
            ),
            self._child,
        )
        return aws.eks.AddonPodIdentityAssociationArgs(
            service_account=identity.service_account, role_arn=pods.role_arn
        )


def _configuration(args: AddonsArgs, addon: Addon) -> Input[str] | None:
    """Return the add-on's settings; the CNI is told where pods have a network of their own."""
    if addon.name != CNI or not args.pod_subnet_ids:
        return json.dumps(addon.settings) if addon.settings else None
    environment = {
        **addon.settings["env"],
        "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true",
        # Each node takes the subnet of its own zone.
        "ENI_CONFIG_LABEL_DEF": "topology.kubernetes.io/zone",
    }
    # Without groups of their own, pods have those of their node.
    places = {zone: {"id": subnet} for zone, subnet in args.pod_subnet_ids.items()}
    return Output.json_dumps(
        {
            **addon.settings,
            "env": environment,
            "eniConfig": {"create": True, "region": args.region, "subnets": places},
        }
    )
