"""The provider's own settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final

from embedded.plugins.provider import Failure
from embedded.plugins.values import UNKNOWN

_TEXTS: Final = ("kubeconfig", "context", "cluster", "namespace", "renderYamlToDirectory")
_FLAGS: Final = {
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enableServerSideApply": "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
    "skipUpdateUnreachable": "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
    "suppressDeprecationWarnings": "PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}
# Without effect here: they quieten warnings, or name things, that this provider does not have.
_HARMLESS: Final = frozenset({"clusterIdentifier", "suppressHelmHookWarnings", "version"})
_UNSUPPORTED: Final = {
    "alwaysRender": "files are rendered when their object changes",
    "helmReleaseSettings": "it does not run Helm",
    "kubeClientSettings": "it does not limit its own requests",
    "strictMode": "it never uses an ambient kubeconfig anyway",
}
_ENGINE_OWN: Final = "__"
_WITH_A_CLUSTER: Final = ("cluster", "context", "kubeconfig")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What `kubernetes.Provider(...)` was given."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    render_directory: str = ""
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False
    config_map_mutable: bool = False
    secret_mutable: bool = False
    patch_force: bool = False
    upsert: bool = False
    # Some setting is the output of a resource that does not exist yet.
    unknown: bool = False

    @classmethod
    def parse(cls, args: dict[str, Any]) -> Settings:
        """Read settings that `failures` found nothing wrong with."""
        texts = {key: args[key] for key in _TEXTS if isinstance(args.get(key), str)}
        return cls(
            kubeconfig=texts.get("kubeconfig", ""),
            context=texts.get("context", ""),
            cluster=texts.get("cluster", ""),
            namespace=texts.get("namespace", ""),
            render_directory=texts.get("renderYamlToDirectory", ""),
            delete_unreachable=_flag(args, "deleteUnreachable"),
            skip_update_unreachable=_flag(args, "skipUpdateUnreachable"),
            config_map_mutable=_flag(args, "enableConfigMapMutable"),
            secret_mutable=_flag(args, "enableSecretMutable"),
            patch_force=_flag(args, "enablePatchForce"),
            upsert=_flag(args, "upsertExistingObjects"),
            unknown=any(args.get(key) is UNKNOWN for key in (*_TEXTS, *_FLAGS)),
        )


def failures(args: dict[str, Any]) -> list[Failure]:
    """Return what is wrong with the settings."""
    found = [failure for key, value in args.items() for failure in _wrong(key, value)]
    if not _flag(args, "enableServerSideApply", default=True):
        reason = "the embedded provider works by server-side apply only; leave this setting out"
        found.append(Failure("enableServerSideApply", reason))
    if args.get("renderYamlToDirectory"):
        reason = "cannot be combined with renderYamlToDirectory, which touches no cluster"
        found += [Failure(key, reason) for key in _WITH_A_CLUSTER if args.get(key)]
    return found


def _wrong(key: str, value: Any) -> list[Failure]:
    if value is None or key in _HARMLESS or key.startswith(_ENGINE_OWN):
        return []
    if key in _UNSUPPORTED:
        return [Failure(key, f"not supported by the embedded provider: {_UNSUPPORTED[key]}")]
    if value is UNKNOWN and key in (*_TEXTS, *_FLAGS):
        return []
    if key in _TEXTS:
        return [] if isinstance(value, str) else [Failure(key, f"got {value!r}; it is a text")]
    if key in _FLAGS:
        known = isinstance(value, bool) or value in ("true", "false", "")
        return [] if known else [Failure(key, f"got {value!r}; it is true or false")]
    known = ", ".join(sorted((*_TEXTS, *_FLAGS)))
    return [Failure(key, f"unknown setting of the Kubernetes provider; it has: {known}")]


def _flag(args: dict[str, Any], key: str, *, default: bool = False) -> bool:
    value = args.get(key)
    if value is UNKNOWN:
        return default
    if value is None or value == "":
        value = os.environ.get(_FLAGS[key])
    return default if value is None else value in (True, "true")
