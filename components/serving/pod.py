"""The pod of a stage: as little privilege as it can do with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pulumi_kubernetes import core, meta

from components.capacity import labels as nodes
from components.serving.workload import GpuPlacement, Resources, Workload

NAME_LABEL: Final = "app.kubernetes.io/name"
STAGE_LABEL: Final = "app.kubernetes.io/component"
# Tells the base from what comes and goes beside it.
PART_LABEL: Final = "ballast/part"
BASE: Final = "base"
BURST: Final = "burst"
PART_OF: Final = {"app.kubernetes.io/part-of": "ballast"}
PRIORITY_CLASS: Final = "ballast-serving"
_USER: Final = 10001
_PROBE_SECONDS: Final = 10


def selector(workload: Workload, part: str | None = None) -> dict[str, str]:
    """Return the labels that only this stage's pods carry, or a part of them; they never change."""
    return {NAME_LABEL: workload.name, **({PART_LABEL: part} if part else {})}


def object_labels(workload: Workload, part: str | None = None) -> dict[str, str]:
    """Return the labels of everything that belongs to the stage."""
    return {**selector(workload, part), STAGE_LABEL: workload.stage, **PART_OF}


def template(workload: Workload, part: str | None = None) -> core.v1.PodTemplateSpecArgs:
    """Return the pod template of the stage's deployment, or of the part of it."""
    placement = _placement(workload, part)
    annotations = {"ballast/config-hash": workload.config_hash} if workload.config_hash else None
    return core.v1.PodTemplateSpecArgs(
        metadata=meta.v1.ObjectMetaArgs(
            labels=object_labels(workload, part), annotations=annotations
        ),
        spec=core.v1.PodSpecArgs(
            service_account_name=workload.name,
            automount_service_account_token=False,
            enable_service_links=False,
            priority_class_name=PRIORITY_CLASS,
            termination_grace_period_seconds=workload.shutdown.grace_seconds,
            security_context=_pod_security(),
            affinity=_affinity(placement) if placement else None,
            tolerations=_tolerations() if placement else None,
            topology_spread_constraints=_spread(workload),
            containers=[_container(workload)],
            volumes=_volumes(workload),
        ),
    )


def _placement(workload: Workload, part: str | None) -> GpuPlacement | None:
    """The base's pods go where no machine is taken back."""
    if workload.placement is None or workload.base is None or part != BASE:
        return workload.placement
    return replace(workload.placement, pool=workload.base.pool, on_demand=True)


def _container(workload: Workload) -> core.v1.ContainerArgs:
    pre_stop = workload.shutdown.pre_stop_seconds
    return core.v1.ContainerArgs(
        name=workload.stage,
        image=workload.image,
        command=list(workload.command) or None,
        args=list(workload.args) or None,
        env=[core.v1.EnvVarArgs(name=key, value=value) for key, value in workload.env.items()],
        ports=_ports(workload),
        resources=_requirements(workload.resources),
        startup_probe=_probe(workload, failures=-(-workload.startup_seconds // _PROBE_SECONDS)),
        readiness_probe=_probe(workload, failures=2),
        # Slower to act than readiness: a busy engine first loses its traffic, then its life.
        liveness_probe=_probe(workload, failures=6),
        lifecycle=core.v1.LifecycleArgs(
            pre_stop=core.v1.LifecycleHandlerArgs(sleep=core.v1.SleepActionArgs(seconds=pre_stop))
        )
        if pre_stop
        else None,
        security_context=_container_security(),
        volume_mounts=_mounts(workload),
    )


def _ports(workload: Workload) -> list[core.v1.ContainerPortArgs]:
    metrics = {"metrics": workload.metrics_port} if workload.metrics_port else {}
    named = {"http": workload.port, **workload.more_ports, **metrics}
    return [
        core.v1.ContainerPortArgs(name=name, container_port=port) for name, port in named.items()
    ]


def _probe(workload: Workload, *, failures: int) -> core.v1.ProbeArgs:
    return core.v1.ProbeArgs(
        http_get=core.v1.HTTPGetActionArgs(path=workload.ready_path, port="http"),
        period_seconds=_PROBE_SECONDS,
        timeout_seconds=3,
        failure_threshold=failures,
    )


def _requirements(resources: Resources) -> core.v1.ResourceRequirementsArgs:
    gpus = {nodes.GPU_RESOURCE: str(resources.gpus)} if resources.gpus else {}
    cores = {"cpu": quantity(resources.cpu_limit)} if resources.cpu_limit else {}
    return core.v1.ResourceRequirementsArgs(
        requests={
            "cpu": quantity(resources.cpu_request),
            "memory": memory(resources.memory_request_gib),
            **gpus,
        },
        limits={**cores, "memory": memory(resources.memory_limit_gib), **gpus},
    )


def quantity(cores: float) -> str:
    """Return cores as Kubernetes writes them: 2, 250m."""
    return f"{cores:.0f}" if float(cores).is_integer() else f"{round(cores * 1000)}m"


def memory(gib: float) -> str:
    """Return GiB as Kubernetes writes them: 4Gi, 256Mi."""
    return f"{gib:.0f}Gi" if float(gib).is_integer() else f"{round(gib * 1024)}Mi"


def _pod_security() -> core.v1.PodSecurityContextArgs:
    return core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=_USER,
        run_as_group=_USER,
        fs_group=_USER,
        seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def _container_security() -> core.v1.SecurityContextArgs:
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
    )


def _affinity(placement: GpuPlacement) -> core.v1.AffinityArgs:
    wanted: Mapping[str, str] = {
        nodes.ACCELERATOR: nodes.NVIDIA,
        nodes.GPU_MEMORY: str(placement.gpu_memory_class_gib),
        **({nodes.CAPACITY: "on-demand"} if placement.on_demand else {}),
    }
    return core.v1.AffinityArgs(
        node_affinity=core.v1.NodeAffinityArgs(
            required_during_scheduling_ignored_during_execution=core.v1.NodeSelectorArgs(
                node_selector_terms=[_term(wanted)]
            ),
            preferred_during_scheduling_ignored_during_execution=[
                core.v1.PreferredSchedulingTermArgs(
                    weight=100, preference=_term({nodes.POOL: placement.pool})
                )
            ],
        )
    )


def _term(wanted: Mapping[str, str]) -> core.v1.NodeSelectorTermArgs:
    return core.v1.NodeSelectorTermArgs(
        match_expressions=[
            core.v1.NodeSelectorRequirementArgs(key=key, operator="In", values=[value])
            for key, value in wanted.items()
        ]
    )


def _tolerations() -> list[core.v1.TolerationArgs]:
    taint = nodes.GPU_TAINT
    return [
        core.v1.TolerationArgs(
            key=taint.key, operator="Equal", value=taint.value, effect="NoSchedule"
        )
    ]


def _spread(workload: Workload) -> list[core.v1.TopologySpreadConstraintArgs]:
    """Spread over zones and nodes as far as it goes: a pod that waits serves nobody."""
    return [
        core.v1.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=meta.v1.LabelSelectorArgs(match_labels=selector(workload)),
            # Old pods of a rollout must not push the new ones together.
            match_label_keys=["pod-template-hash"],
        )
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _volumes(workload: Workload) -> list[core.v1.VolumeArgs]:
    scratch = [
        core.v1.VolumeArgs(
            name=name,
            empty_dir=core.v1.EmptyDirVolumeSourceArgs(
                medium="Memory" if folder.in_memory else None, size_limit=memory(folder.size_gib)
            ),
        )
        for name, folder in workload.scratch.items()
    ]
    if workload.config is None:
        return scratch
    source = core.v1.ConfigMapVolumeSourceArgs(name=workload.config.config_map)
    return [*scratch, core.v1.VolumeArgs(name="config", config_map=source)]


def _mounts(workload: Workload) -> list[core.v1.VolumeMountArgs]:
    scratch = [
        core.v1.VolumeMountArgs(name=name, mount_path=folder.path)
        for name, folder in workload.scratch.items()
    ]
    if workload.config is None:
        return scratch
    config = core.v1.VolumeMountArgs(name="config", mount_path=workload.config.path, read_only=True)
    return [*scratch, config]
