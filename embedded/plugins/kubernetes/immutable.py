"""Which changes need a new object: the released provider's table."""

from __future__ import annotations

from typing import Any, Final

from embedded.plugins.kubernetes.comparison import Change, Path
from embedded.plugins.kubernetes.kinds import Kind

_IDENTITY: Final = (".metadata.name", ".metadata.namespace")

_POD_FIELDS: Final = (
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostname",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "volumes",
)
_CONTAINER_FIELDS: Final = (
    "args",
    "command",
    "env",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
)
_VOLUME_SOURCES: Final = (
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
)

_TABLE: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps", "DaemonSet"): (".spec.selector",),
    ("apps", "Deployment"): (".spec.selector",),
    ("apps", "StatefulSet"): (
        ".spec.podManagementPolicy",
        ".spec.revisionHistoryLimit",
        ".spec.selector",
        ".spec.serviceName",
        ".spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): (
        ".spec.completions",
        ".spec.parallelism",
        ".spec.selector",
        ".spec.template",
    ),
    ("", "PersistentVolume"): tuple(f".spec.{source}" for source in _VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): (
        ".spec.accessModes",
        ".spec.selector",
        ".spec.storageClassName",
        ".spec.volumeName",
    ),
    ("", "Pod"): (
        *(f".spec.{field}" for field in _POD_FIELDS),
        *(f".spec.containers.*.{field}" for field in _CONTAINER_FIELDS),
        *(f".spec.initContainers.*.{field}" for field in _CONTAINER_FIELDS),
    ),
    ("", "ResourceQuota"): (".spec.scopes",),
    ("", "Secret"): (".type",),
    ("", "Service"): (".spec.clusterIP",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (".roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): (".roleRef",),
    ("storage.k8s.io", "StorageClass"): (".parameters", ".provisioner"),
}


def replacing(
    kind: Kind,
    news: dict[str, Any],
    *,
    patch: bool = False,
    config_map_mutable: bool = False,
    secret_mutable: bool = False,
) -> tuple[str, ...]:
    """Return the fields of the kind whose change needs a new object.

    ConfigMaps and Secrets count as immutable unless the provider says
    otherwise, so that whatever reads them is rolled out with their new name.
    """
    if patch:
        return _IDENTITY
    fields = _IDENTITY + _TABLE.get((kind.group, kind.name), ())
    frozen = news.get("immutable") is True
    if (kind.group, kind.name) == ("", "ConfigMap") and (frozen or not config_map_mutable):
        return (*fields, ".binaryData", ".data")
    if (kind.group, kind.name) == ("", "Secret") and (frozen or not secret_mutable):
        return (*fields, ".data", ".stringData")
    return fields


def replaces(change: Change, fields: tuple[str, ...]) -> bool:
    """Tell whether a change touches one of the fields, as its part or as its whole."""
    return any(_touches(change.path, change.value, field.split(".")[1:]) for field in fields)


def _touches(path: Path, value: Any, field: list[str]) -> bool:
    for step, wanted in zip(path, field, strict=False):
        if wanted != "*" and step != wanted:
            return False
    return len(path) >= len(field) or _holds(value, field[len(path) :])


def _holds(value: Any, field: list[str]) -> bool:
    if not field:
        return True
    if field[0] == "*":
        return isinstance(value, list) and any(_holds(item, field[1:]) for item in value)
    return isinstance(value, dict) and field[0] in value and _holds(value[field[0]], field[1:])
