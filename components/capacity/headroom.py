"""Room that is kept warm: pods that do nothing and give way at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import apps, core, meta, policy

from catalog.controllers import PAUSE
from components import naming
from components.capacity import labels
from components.serving.pod import NAME_LABEL, PART_OF

TOKEN = naming.token("capacity", "Headroom")
PRIORITY_CLASS: Final = "ballast-headroom"
# The cluster autoscaler adds no node for what is less important than this.
PRIORITY: Final = -10
_USER: Final = 65_535


@dataclass(frozen=True, kw_only=True)
class HeadroomArgs:
    """How much is kept warm, and where."""

    namespace: str
    pool: str
    # Each pod holds one GPU.
    gpus: int
    # What has to stand first: the namespace and the priority class.
    needs: Sequence[pulumi.Resource] = ()


class Headroom(pulumi.ComponentResource):
    """Holds GPUs of a pool so that a new replica finds a node that runs already.

    A pod of the pipeline pushes one of these off its node; the autoscaler then brings
    another node for it. Creates: deployment, disruption budget.
    """

    def __init__(self, name: str, args: HeadroomArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self, depends_on=list(args.needs))
        self._build_deployment(name, args)
        self._build_budget(name, args)
        self.register_outputs({})

    def _build_deployment(self, name: str, args: HeadroomArgs) -> apps.v1.Deployment:
        return apps.v1.Deployment(
            naming.child(name, "deployment"),
            apps.v1.DeploymentInitArgs(
                metadata=_metadata(args),
                spec=apps.v1.DeploymentSpecArgs(
                    replicas=args.gpus,
                    selector=_selector(args),
                    template=core.v1.PodTemplateSpecArgs(
                        metadata=meta.v1.ObjectMetaArgs(labels=_labels(args)), spec=_pod(args)
                    ),
                ),
            ),
            # Without room it waits for room: that is what it is for, and no reason to stop.
            ResourceOptions.merge(
                self._child,
                ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="15m", update="15m")),
            ),
        )

    def _build_budget(self, name: str, args: HeadroomArgs) -> policy.v1.PodDisruptionBudget:
        return policy.v1.PodDisruptionBudget(
            naming.child(name, "budget"),
            policy.v1.PodDisruptionBudgetInitArgs(
                metadata=_metadata(args),
                spec=policy.v1.PodDisruptionBudgetSpecArgs(
                    max_unavailable="100%",
                    unhealthy_pod_eviction_policy="AlwaysAllow",
                    selector=_selector(args),
                ),
            ),
            self._child,
        )


def _pod(args: HeadroomArgs) -> core.v1.PodSpecArgs:
    # Says its version and ends well, as long as the container can run anything at all.
    alive = core.v1.ProbeArgs(
        exec_=core.v1.ExecActionArgs(command=["/pause", "-v"]), period_seconds=30
    )
    gpu = {labels.GPU_RESOURCE: "1"}
    return core.v1.PodSpecArgs(
        automount_service_account_token=False,
        enable_service_links=False,
        priority_class_name=PRIORITY_CLASS,
        # Nothing to finish: whoever needs the room gets it now.
        termination_grace_period_seconds=0,
        security_context=core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=_USER,
            run_as_group=_USER,
            seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        node_selector={labels.POOL: args.pool},
        tolerations=[
            core.v1.TolerationArgs(
                key=labels.GPU_TAINT.key,
                operator="Equal",
                value=labels.GPU_TAINT.value,
                effect="NoSchedule",
            )
        ],
        containers=[
            core.v1.ContainerArgs(
                name="pause",
                image=PAUSE,
                resources=core.v1.ResourceRequirementsArgs(
                    requests={"cpu": "10m", "memory": "16Mi", **gpu},
                    limits={"memory": "16Mi", **gpu},
                ),
                liveness_probe=alive,
                readiness_probe=alive,
                security_context=core.v1.SecurityContextArgs(
                    allow_privilege_escalation=False,
                    read_only_root_filesystem=True,
                    run_as_non_root=True,
                    capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
                ),
            )
        ],
    )


def _selector(args: HeadroomArgs) -> meta.v1.LabelSelectorArgs:
    return meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: _name(args)})


def _labels(args: HeadroomArgs) -> dict[str, str]:
    return {NAME_LABEL: _name(args), **PART_OF}


def _name(args: HeadroomArgs) -> str:
    return f"headroom-{args.pool}"


def _metadata(args: HeadroomArgs) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(name=_name(args), namespace=args.namespace, labels=_labels(args))
