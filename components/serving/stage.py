"""What every stage of the pipeline is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import apps, autoscaling, core, meta, networking, policy

from components import naming
from components.serving import access, pod
from components.serving.access import Edge
from components.serving.workload import CpuScaling, FixedScaling, Workload


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A workload, where it goes, and who talks to it."""

    namespace: str
    workload: Workload
    ingress: tuple[Edge, ...]
    egress: tuple[Edge, ...]


class Stage(pulumi.ComponentResource):
    """One stage: a deployment behind a service, scaled and evicted on its own terms.

    Creates: service account, deployment, service, disruption budget, network
    policy, and an autoscaler where the scaling asks for one.
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
        if isinstance(plan.workload.scaling, CpuScaling):
            self._build_autoscaler(name, plan, plan.workload.scaling, deployment)

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
        workload = plan.workload
        scaled = isinstance(workload.scaling, CpuScaling)
        # The autoscaler owns the number of replicas once the deployment exists.
        theirs = ["spec.replicas"] if scaled else None
        wait = f"{workload.startup_seconds + _NODE_SECONDS}s"
        return apps.v1.Deployment(
            naming.child(name, "deployment"),
            apps.v1.DeploymentInitArgs(
                metadata=_metadata(plan),
                spec=apps.v1.DeploymentSpecArgs(
                    replicas=_replicas(workload),
                    selector=_selector(plan),
                    strategy=_strategy(workload),
                    progress_deadline_seconds=workload.startup_seconds + _NODE_SECONDS,
                    template=pod.template(workload),
                ),
            ),
            ResourceOptions.merge(
                self._child,
                ResourceOptions(
                    depends_on=needs,
                    ignore_changes=theirs,
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
                metadata=_metadata(plan),
                spec=autoscaling.v2.HorizontalPodAutoscalerSpecArgs(
                    scale_target_ref=autoscaling.v2.CrossVersionObjectReferenceArgs(
                        api_version="apps/v1", kind="Deployment", name=plan.workload.name
                    ),
                    min_replicas=scaling.min_replicas,
                    max_replicas=scaling.max_replicas,
                    metrics=[_cpu(scaling.target_percent)],
                    behavior=_behavior(),
                ),
            ),
            ResourceOptions.merge(self._child, ResourceOptions(depends_on=[deployment])),
        )


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


def _replicas(workload: Workload) -> int:
    match workload.scaling:
        case CpuScaling(min_replicas=replicas) | FixedScaling(replicas=replicas):
            return replicas


def _strategy(workload: Workload) -> apps.v1.DeploymentStrategyArgs:
    """Add before taking away, but with GPUs: there is seldom one to spare."""
    surge, unavailable = (0, 1) if workload.resources.gpus else (1, 0)
    return apps.v1.DeploymentStrategyArgs(
        type="RollingUpdate",
        rolling_update=apps.v1.RollingUpdateDeploymentArgs(
            max_surge=surge, max_unavailable=unavailable
        ),
    )


def _cpu(target_percent: int) -> autoscaling.v2.MetricSpecArgs:
    return autoscaling.v2.MetricSpecArgs(
        type="Resource",
        resource=autoscaling.v2.ResourceMetricSourceArgs(
            name="cpu",
            target=autoscaling.v2.MetricTargetArgs(
                type="Utilization", average_utilization=target_percent
            ),
        ),
    )


def _behavior() -> autoscaling.v2.HorizontalPodAutoscalerBehaviorArgs:
    """Up at once, down slowly: a replica takes longer to load than a lull lasts."""
    return autoscaling.v2.HorizontalPodAutoscalerBehaviorArgs(
        scale_up=autoscaling.v2.HPAScalingRulesArgs(
            stabilization_window_seconds=0,
            policies=[_step("Percent", 100, 15)],
        ),
        scale_down=autoscaling.v2.HPAScalingRulesArgs(
            stabilization_window_seconds=300,
            policies=[_step("Pods", 1, 60)],
        ),
    )


def _step(kind: str, value: int, period_seconds: int) -> autoscaling.v2.HPAScalingPolicyArgs:
    return autoscaling.v2.HPAScalingPolicyArgs(
        type=kind, value=value, period_seconds=period_seconds
    )
