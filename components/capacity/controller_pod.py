"""The pod of a controller: on system nodes, with a token that expires and no other right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi import Input
from pulumi_kubernetes import core, meta

from components.capacity import labels
from components.serving.pod import NAME_LABEL, PART_OF

_USER: Final = 65_534
_TOKEN_SECONDS: Final = 3600
_TOKEN_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a controller may do to some kind of object."""

    groups: Sequence[str]
    resources: Sequence[str]
    verbs: Sequence[str]
    # The objects by name; empty: all of them.
    names: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ControllerArgs:
    """What makes a controller."""

    # Also the name of its service account, which the Pod Identity association names.
    name: str
    namespace: str
    image: str
    args: Sequence[str] = ()
    env: Mapping[str, Input[str]] = field(default_factory=dict[str, Input[str]])
    health_path: str
    port: int
    cpu: str
    memory: str
    # What it may do in the whole cluster.
    cluster_rules: Sequence[Rule]
    # What it may do in its own namespace.
    own_rules: Sequence[Rule] = ()
    # What has to stand first: its namespace, and its role in AWS.
    needs: Sequence[pulumi.Resource] = ()


def pod_spec(args: ControllerArgs) -> core.v1.PodSpecArgs:
    """Return the pod of the controller's deployment."""
    return core.v1.PodSpecArgs(
        service_account_name=args.name,
        # Mounted below by hand: a token that expires, and no other.
        automount_service_account_token=False,
        enable_service_links=False,
        priority_class_name="system-cluster-critical",
        security_context=core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=_USER,
            run_as_group=_USER,
            fs_group=_USER,
            seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        node_selector={labels.POOL: labels.SYSTEM_POOL},
        tolerations=[core.v1.TolerationArgs(key=labels.SYSTEM_TAINT.key, operator="Exists")],
        topology_spread_constraints=[
            core.v1.TopologySpreadConstraintArgs(
                max_skew=1,
                topology_key=key,
                when_unsatisfiable="ScheduleAnyway",
                label_selector=selector(args),
            )
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
        containers=[_container(args)],
        volumes=[_token_volume()],
    )


def _container(args: ControllerArgs) -> core.v1.ContainerArgs:
    def probe(failures: int) -> core.v1.ProbeArgs:
        action = core.v1.HTTPGetActionArgs(path=args.health_path, port="http")
        return core.v1.ProbeArgs(http_get=action, period_seconds=10, failure_threshold=failures)

    return core.v1.ContainerArgs(
        name=args.name,
        image=args.image,
        args=list(args.args) or None,
        env=[core.v1.EnvVarArgs(name=key, value=value) for key, value in args.env.items()],
        ports=[core.v1.ContainerPortArgs(name="http", container_port=args.port)],
        resources=core.v1.ResourceRequirementsArgs(
            requests={"cpu": args.cpu, "memory": args.memory}, limits={"memory": args.memory}
        ),
        readiness_probe=probe(3),
        liveness_probe=probe(6),
        security_context=core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            run_as_non_root=True,
            capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=[
            core.v1.VolumeMountArgs(name="api-token", mount_path=_TOKEN_PATH, read_only=True)
        ],
    )


def _token_volume() -> core.v1.VolumeArgs:
    authority = core.v1.ConfigMapProjectionArgs(
        name="kube-root-ca.crt", items=[core.v1.KeyToPathArgs(key="ca.crt", path="ca.crt")]
    )
    namespace = core.v1.DownwardAPIProjectionArgs(
        items=[
            core.v1.DownwardAPIVolumeFileArgs(
                path="namespace",
                field_ref=core.v1.ObjectFieldSelectorArgs(field_path="metadata.namespace"),
            )
        ]
    )
    token = core.v1.ServiceAccountTokenProjectionArgs(
        path="token", expiration_seconds=_TOKEN_SECONDS
    )
    return core.v1.VolumeArgs(
        name="api-token",
        projected=core.v1.ProjectedVolumeSourceArgs(
            sources=[
                core.v1.VolumeProjectionArgs(service_account_token=token),
                core.v1.VolumeProjectionArgs(config_map=authority),
                core.v1.VolumeProjectionArgs(downward_api=namespace),
            ]
        ),
    )


def selector(args: ControllerArgs) -> meta.v1.LabelSelectorArgs:
    """Return what finds the controller's pods."""
    return meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: args.name})


def object_labels(args: ControllerArgs) -> dict[str, str]:
    """Return the labels of everything that belongs to the controller."""
    return {NAME_LABEL: args.name, **PART_OF}
