"""What every stage of the pipeline is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import apiextensions, apps, autoscaling, core, meta, networking, policy

from components import naming
from components.serving import access, pod, scaler
from components.serving.access import Edge
from components.serving.scaler import Watch
from components.serving.workload import (
    Base,
    CpuScaling,
    FixedScaling,
    SignalScaling,
    Workload,
    fewest_replicas,
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A workload, where it goes, and who talks to it."""

    namespace: str
    workload: Workload
    ingress: tuple[Edge, ...]
    egress: tuple[Edge, ...]
    # Where scalers find the stage's signals.
    watch: Watch


class Stage(pulumi.ComponentResource):
    """One stage: a deployment behind a service, scaled and evicted on its own terms.

    Creates: service account, deployment, service, disruption budget, network
    policy, a deployment for the base where there is one, and what the scaling asks for.
    """

    # Where the pipeline reaches the stage.
    url: str
    deployment_name: str

    def __init__(
        self,
        token: str,
        name: str,
        needs: Sequence[pulumi.Resource],
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(token, name, None, opts)
        self._child = ResourceOptions(parent=self, depends_on=list(needs))

    def _build_stage(self, name: str, plan: Plan, *needs: pulumi.Resource) -> None:
        account = self._build_account(name, plan)
        admitted = self._build_network_policy(name, plan)
        deployment = self._build_deployment(name, plan, [account, admitted, *needs])
        self._build_service(name, plan)
        self._build_budget(name, plan)
        if plan.workload.base is not None:
            self._build_base(name, plan, plan.workload.base, [account, admitted, *needs])
        match plan.workload.scaling:
            case CpuScaling() as scaling:
                self._build_autoscaler(name, plan, scaling, deployment)
            case SignalScaling() as scaling:
                self._build_scaled_object(name, plan, scaling, deployment)
            case FixedScaling():
                pass

    def _build_account(self, name: str, plan: Plan) -> core.v1.ServiceAccount:
        return core.v1.ServiceAccount(
            naming.child(name, "account"),
            core.v1.ServiceAccountInitArgs(
                metadata=_metadata(plan), automount_service_account_token=False
            ),
            self._child,
        )

    def _build_network_policy(self, name: str, plan: Plan) -> networking.v1.NetworkPolicy:
        return networking.v1.NetworkPolicy(
            naming.child(name, "network-policy"),
            networking.v1.NetworkPolicyInitArgs(
                metadata=_metadata(plan),
                spec=networking.v1.NetworkPolicySpecArgs(
                    pod_selector=_selector(plan),
                    policy_types=["Ingress", "Egress"],
                    ingress=access.ingress(plan.ingress),
                    egress=access.egress(plan.egress),
                ),
            ),
            self._child,
        )

    def _build_deployment(
        self, name: str, plan: Plan, needs: list[pulumi.Resource]
    ) -> apps.v1.Deployment:
        part = pod.BURST if plan.workload.base else None
        return self._deploy(naming.child(name, "deployment"), plan, plan.workload, part, needs)

    def _deploy(
        self,
        name: str,
        plan: Plan,
        workload: Workload,
        part: str | None,
        needs: list[pulumi.Resource],
    ) -> apps.v1.Deployment:
        # The autoscaler owns the number of replicas once the deployment exists.
        fixed = isinstance(workload.scaling, FixedScaling)
        wait = f"{workload.startup_seconds + _NODE_SECONDS}s"
        return apps.v1.Deployment(
            name,
            apps.v1.DeploymentInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    name=scaler.base_name(workload) if part == pod.BASE else workload.name,
                    namespace=plan.namespace,
                    labels=pod.object_labels(workload, part),
                ),
                spec=apps.v1.DeploymentSpecArgs(
                    replicas=fewest_replicas(workload.scaling),
                    selector=meta.v1.LabelSelectorArgs(match_labels=pod.selector(workload, part)),
                    strategy=_strategy(workload),
                    progress_deadline_seconds=workload.startup_seconds + _NODE_SECONDS,
                    template=pod.template(workload, part),
                ),
            ),
            ResourceOptions.merge(
                self._child,
                ResourceOptions(
                    depends_on=needs,
                    ignore_changes=None if fixed else ["spec.replicas"],
                    custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait),
                ),
            ),
        )

    def _build_service(self, name: str, plan: Plan) -> core.v1.Service:
        workload = plan.workload
        return core.v1.Service(
            naming.child(name, "service"),
            core.v1.ServiceInitArgs(
                metadata=_metadata(plan),
                spec=core.v1.ServiceSpecArgs(
                    type="ClusterIP",
                    cluster_ip="None" if workload.headless else None,
                    selector=pod.selector(workload),
                    ports=[
                        core.v1.ServicePortArgs(
                            name=port, port=number, target_port=port, protocol="TCP"
                        )
                        for port, number in {"http": workload.port, **workload.more_ports}.items()
                    ],
                ),
            ),
            self._child,
        )

    def _build_budget(self, name: str, plan: Plan) -> policy.v1.PodDisruptionBudget:
        return policy.v1.PodDisruptionBudget(
            naming.child(name, "budget"),
            policy.v1.PodDisruptionBudgetInitArgs(
                metadata=_metadata(plan),
                spec=policy.v1.PodDisruptionBudgetSpecArgs(
                    # One at a time, and always one: a budget that allows none blocks every drain.
                    max_unavailable=1,
                    unhealthy_pod_eviction_policy="AlwaysAllow",
                    selector=_selector(plan),
                ),
            ),
            self._child,
        )

    def _build_autoscaler(
        self, name: str, plan: Plan, scaling: CpuScaling, deployment: apps.v1.Deployment
    ) -> autoscaling.v2.HorizontalPodAutoscaler:
        return autoscaling.v2.HorizontalPodAutoscaler(
            naming.child(name, "autoscaler"),
            autoscaling.v2.HorizontalPodAutoscalerInitArgs(
                metadata=_metadata(plan), spec=scaler.cpu_spec(plan.workload, scaling)
            ),
            self._after(deployment),
        )

    def _build_scaled_object(
        self, name: str, plan: Plan, scaling: SignalScaling, deployment: apps.v1.Deployment
    ) -> apiextensions.CustomResource:
        return apiextensions.CustomResource(
            naming.child(name, "scaled-object"),
            **scaler.SCALED_OBJECT,
            metadata=_metadata(plan),
            spec=scaler.scaled_object_spec(plan.workload, scaling, plan.watch),
            opts=self._after(deployment),
        )

    def _build_base(
        self, name: str, plan: Plan, base: Base, needs: list[pulumi.Resource]
    ) -> apps.v1.Deployment:
        return self._deploy(
            naming.child(name, "base"),
            plan,
            replace(plan.workload, scaling=FixedScaling(replicas=base.replicas)),
            pod.BASE,
            needs,
        )

    def _after(self, deployment: apps.v1.Deployment) -> ResourceOptions:
        return ResourceOptions.merge(self._child, ResourceOptions(depends_on=[deployment]))


# What a node may take to appear before the pod can even start.
_NODE_SECONDS = 300


def service_url(workload: Workload, namespace: str) -> str:
    """Return where the stage answers inside the cluster."""
    return f"http://{workload.name}.{namespace}.svc.cluster.local:{workload.port}"


def _metadata(plan: Plan) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(
        name=plan.workload.name,
        namespace=plan.namespace,
        labels=pod.object_labels(plan.workload),
    )


def _selector(plan: Plan) -> meta.v1.LabelSelectorArgs:
    return meta.v1.LabelSelectorArgs(match_labels=pod.selector(plan.workload))


def _strategy(workload: Workload) -> apps.v1.DeploymentStrategyArgs:
    """Add before taking away, but with GPUs: there is seldom one to spare."""
    surge, unavailable = (0, 1) if workload.resources.gpus else (1, 0)
    return apps.v1.DeploymentStrategyArgs(
        type="RollingUpdate",
        rolling_update=apps.v1.RollingUpdateDeploymentArgs(
            max_surge=surge, max_unavailable=unavailable
        ),
    )
