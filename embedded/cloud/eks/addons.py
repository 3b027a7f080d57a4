"""Add-ons of a cluster."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from embedded.cloud.eks import pod_identity, versions
from embedded.cloud.eks.errors import InvalidParameter, ResourceInUse, ResourceNotFound
from embedded.cloud.eks.state import (
    Answer,
    EksBackend,
    Parameters,
    new_uuid,
    now,
    operation,
    page,
    record_update,
)

# Name -> type, namespace, a version that AWS has published. AWS publishes one every few
# weeks, so that this says which add-ons there are, and not which versions.
_CATALOGUE: dict[str, tuple[str, str, str]] = {
    "vpc-cni": ("networking", "kube-system", "v1.20.4-eksbuild.2"),
    "coredns": ("networking", "kube-system", "v1.12.4-eksbuild.1"),
    "kube-proxy": ("networking", "kube-system", "v{kubernetes}.0-eksbuild.2"),
    "aws-ebs-csi-driver": ("storage", "kube-system", "v1.52.1-eksbuild.1"),
    "aws-efs-csi-driver": ("storage", "kube-system", "v2.1.13-eksbuild.1"),
    "aws-mountpoint-s3-csi-driver": ("storage", "kube-system", "v2.1.0-eksbuild.1"),
    "snapshot-controller": ("storage", "kube-system", "v8.3.0-eksbuild.1"),
    "eks-pod-identity-agent": ("security", "kube-system", "v1.3.9-eksbuild.3"),
    "eks-node-monitoring-agent": ("observability", "kube-system", "v1.4.1-eksbuild.1"),
    "amazon-cloudwatch-observability": (
        "observability",
        "amazon-cloudwatch",
        "v4.5.0-eksbuild.1",
    ),
    "metrics-server": ("observability", "kube-system", "v0.8.0-eksbuild.3"),
}
_VERSION = re.compile(r"v\d+\.\d+\.\d+(-[\w.]+)?-eksbuild\.\d+")
_CHANGEABLE = ("addonVersion", "serviceAccountRoleArn", "configurationValues")


@operation
def create_addon(backend: EksBackend, parameters: Parameters) -> Answer:
    """Install an add-on."""
    cluster = backend.cluster(parameters["clusterName"])
    name = parameters["addonName"]
    if name in cluster.addons:
        message = f"Addon already exists: {name}"
        raise ResourceInUse(message, clusterName=cluster.name, addonName=name)
    _require_known(name)
    _check(backend, name, parameters)
    stamp = now()
    arn = backend.arn(f"addon/{cluster.name}/{name}/{new_uuid()}")
    namespace = (parameters.get("namespaceConfig") or {}).get("namespace")
    addon: dict[str, Any] = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "addonVersion": parameters.get("addonVersion")
        or default_version(name, cluster.description["version"]),
        "health": {"issues": []},
        "addonArn": arn,
        "createdAt": stamp,
        "modifiedAt": stamp,
        "serviceAccountRoleArn": parameters.get("serviceAccountRoleArn"),
        "configurationValues": parameters.get("configurationValues"),
        "tags": parameters.get("tags") or {},
        "publisher": "eks",
        "owner": "aws",
        "namespaceConfig": {"namespace": namespace or _CATALOGUE[name][1]},
        "podIdentityAssociations": [],
    }
    _associate(backend, addon, parameters.get("podIdentityAssociations") or [])
    cluster.addons[name] = addon
    return {"addon": {**addon, "status": "CREATING"}}


@operation
def describe_addon(backend: EksBackend, parameters: Parameters) -> Answer:
    """Tell of an add-on."""
    return {"addon": _find(backend, parameters)}


@operation
def update_addon(backend: EksBackend, parameters: Parameters) -> Answer:
    """Change version, role or configuration of an add-on."""
    addon = _find(backend, parameters)
    _check(backend, addon["addonName"], parameters)
    for key in _CHANGEABLE:
        if key in parameters:
            addon[key] = parameters[key]
    if "podIdentityAssociations" in parameters:
        _disassociate(backend, addon)
        _associate(backend, addon, parameters["podIdentityAssociations"])
    addon["modifiedAt"] = now()
    told = (*_CHANGEABLE, "resolveConflicts", "podIdentityAssociations")
    given = {key[0].upper() + key[1:]: parameters[key] for key in told if key in parameters}
    params = {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
    cluster = backend.cluster(addon["clusterName"])
    return record_update(cluster, "AddonUpdate", params, addon=addon["addonName"])


@operation
def delete_addon(backend: EksBackend, parameters: Parameters) -> Answer:
    """Take an add-on out; nothing of it runs here, so `preserve` keeps nothing running."""
    addon = _find(backend, parameters)
    _disassociate(backend, addon)
    del backend.cluster(addon["clusterName"]).addons[addon["addonName"]]
    return {"addon": {**addon, "status": "DELETING"}}


@operation
def list_addons(backend: EksBackend, parameters: Parameters) -> Answer:
    """List the names of the add-ons."""
    cluster = backend.cluster(parameters["clusterName"])
    return page(sorted(cluster.addons), parameters, "addons")


@operation
def describe_addon_versions(backend: EksBackend, parameters: Parameters) -> Answer:  # noqa: ARG001
    """Tell which add-ons there are, each with one version that exists."""
    kubernetes = parameters.get("kubernetesVersion")
    if kubernetes is not None:
        versions.require_supported(kubernetes)
    name, types = parameters.get("addonName"), parameters.get("types")
    if name is not None:
        _require_known(name)
    listed = [
        _describe(addon, kind, [kubernetes] if kubernetes else versions.supported())
        for addon, (kind, _, _) in _CATALOGUE.items()
        if (name is None or addon == name) and (types is None or kind in types)
    ]
    for key, value in (("publishers", "eks"), ("owners", "aws")):
        if key in parameters and value not in parameters[key]:
            listed = []
    return page(listed, parameters, "addons")


def default_version(name: str, kubernetes: str) -> str:
    """Return the version that an add-on gets when none is asked for."""
    return _CATALOGUE[name][2].format(kubernetes=kubernetes)


def _describe(name: str, kind: str, kubernetes: list[str]) -> dict[str, Any]:
    by_version: dict[str, list[str]] = {}
    for release in kubernetes:
        by_version.setdefault(default_version(name, release), []).append(release)
    return {
        "addonName": name,
        "type": kind,
        "publisher": "eks",
        "owner": "aws",
        "defaultNamespace": _CATALOGUE[name][1],
        "addonVersions": [
            {
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "compatibilities": [
                    {"clusterVersion": release, "platformVersions": ["*"], "defaultVersion": True}
                    for release in releases
                ],
            }
            for version, releases in by_version.items()
        ],
    }


def _require_known(name: str) -> None:
    if name not in _CATALOGUE:
        message = f"Addon {name} specified is not supported; known here: {', '.join(_CATALOGUE)}"
        raise InvalidParameter(message, addonName=name)


def _check(backend: EksBackend, name: str, parameters: Parameters) -> None:
    version = parameters.get("addonVersion")
    if version is not None and not _VERSION.fullmatch(version):
        message = (
            f"Addon version {version!r} specified is not supported; expected v1.2.3-eksbuild.4"
        )
        raise InvalidParameter(message, addonName=name)
    if parameters.get("serviceAccountRoleArn"):
        backend.require_role(parameters["serviceAccountRoleArn"])
    text = parameters.get("configurationValues")
    if text is not None and not _is_object(text):
        message = "ConfigurationValue is not in valid JSON or YAML object format"
        raise InvalidParameter(message, addonName=name)


def _is_object(text: str) -> bool:
    try:
        return text == "" or isinstance(yaml.safe_load(text), dict)
    except yaml.YAMLError:
        return False


def _associate(backend: EksBackend, addon: dict[str, Any], wanted: list[dict[str, str]]) -> None:
    namespace = addon["namespaceConfig"]["namespace"]
    place = {"clusterName": addon["clusterName"], "namespace": namespace}
    for association in wanted:
        made = pod_identity.associate(backend, {**place, **association}, addon["addonArn"])
        addon["podIdentityAssociations"].append(made["associationArn"])


def _disassociate(backend: EksBackend, addon: dict[str, Any]) -> None:
    associations = backend.cluster(addon["clusterName"]).pod_identities
    for identity, association in list(associations.items()):
        if association["ownerArn"] == addon["addonArn"]:
            del associations[identity]
    addon["podIdentityAssociations"] = []


def _find(backend: EksBackend, parameters: Parameters) -> dict[str, Any]:
    cluster = backend.cluster(parameters["clusterName"])
    name = parameters["addonName"]
    if name not in cluster.addons:
        message = f"No addon: {name} found in cluster: {cluster.name}"
        raise ResourceNotFound(message, clusterName=cluster.name, addonName=name)
    return cluster.addons[name]
