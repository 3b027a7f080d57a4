"""Alerts, dashboards and scrape targets as Kubernetes objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import apiextensions, core, meta, networking

from catalog.signals.workloads import CADVISOR
from components import naming
from components.observability import monitors, rules
from components.observability.alerts import alerts
from components.observability.dashboards.boards import boards
from components.observability.dashboards.frame import Board
from components.observability.monitors import DCGM_EXPORTER, KEDA_OPERATOR, Exporter
from components.observability.watched import MetricsEndpoint, Watched, WatchedStage
from components.serving.pod import NAME_LABEL, PART_OF

TOKEN = naming.token("observability", "Observability")
_API: Final = "monitoring.coreos.com/v1"
_POD_SECURITY: Final[Mapping[str, str]] = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}
# What the sidecar of Grafana's chart looks for.
_DASHBOARD: Final = {"grafana_dashboard": "1"}


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """What is watched, and from where."""

    watched: Watched
    # Namespace of the alerts and dashboards, and of the Prometheus that scrapes.
    namespace: str = "monitoring"
    # What has to stand in the pipeline's namespace before anything is put there.
    needs: tuple[pulumi.Resource, ...] = ()


class Observability(pulumi.ComponentResource):
    """Alerts, dashboards and scrape targets, all from the catalogue that scalers are made from.

    Creates: namespace, prometheus rules, pod and service monitors, config maps with
    dashboards, network policies that let Prometheus in.
    """

    namespace: str
    # Names of the alerts, and unique ids of the dashboards.
    alerts: list[str]
    dashboards: list[str]

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._args = args
        space = self._build_namespace(name)
        self._child = ResourceOptions(parent=self, depends_on=[space, *args.needs])
        made = alerts(args.watched)
        self._build_rule(name, "alerts", rules.alert_spec(made, args.watched))
        if args.watched.prices:
            self._build_rule(name, "prices", rules.price_spec(args.watched.prices))
        drawn = boards(args.watched)
        for dashboard in drawn:
            self._build_dashboard(name, dashboard)
        for stage in args.watched.stages:
            if stage.metrics:
                self._build_pod_monitor(name, stage, stage.metrics)
                self._build_scrape_policy(name, stage, stage.metrics)
        for exporter in self._exporters():
            self._build_service_monitor(name, exporter)
        self.namespace = args.namespace
        self.alerts = sorted({alert.name for alert in made})
        self.dashboards = [dashboard.uid for dashboard in drawn]
        self.register_outputs(
            {"namespace": self.namespace, "alerts": self.alerts, "dashboards": self.dashboards}
        )

    def _exporters(self) -> list[Exporter]:
        # What follows the CPU has a plain HorizontalPodAutoscaler, without KEDA.
        scaled = any(
            trigger.signal.exposed_by != CADVISOR
            for stage in self._args.watched.stages
            for trigger in stage.triggers
        )
        return [
            *([DCGM_EXPORTER] if self._args.watched.gpu_nodes else []),
            *([KEDA_OPERATOR] if scaled else []),
        ]

    def _build_namespace(self, name: str) -> core.v1.Namespace:
        return core.v1.Namespace(
            naming.child(name, "namespace"),
            core.v1.NamespaceInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    name=self._args.namespace, labels={**_POD_SECURITY, **PART_OF}
                )
            ),
            ResourceOptions(parent=self),
        )

    def _build_rule(
        self, name: str, key: str, spec: dict[str, Any]
    ) -> apiextensions.CustomResource:
        return self._custom(
            naming.child(name, "rules", key), "PrometheusRule", f"ballast-{key}", spec
        )

    def _build_pod_monitor(
        self, name: str, stage: WatchedStage, endpoint: MetricsEndpoint
    ) -> apiextensions.CustomResource:
        spec = monitors.pod_monitor(stage, endpoint, self._args.watched.namespace)
        return self._custom(
            naming.child(name, "monitor", stage.name), "PodMonitor", f"ballast-{stage.name}", spec
        )

    def _build_service_monitor(self, name: str, exporter: Exporter) -> apiextensions.CustomResource:
        return self._custom(
            naming.child(name, "monitor", exporter.name),
            "ServiceMonitor",
            f"ballast-{exporter.name}",
            monitors.service_monitor(exporter),
        )

    def _custom(
        self, logical: str, kind: str, name: str, spec: dict[str, Any]
    ) -> apiextensions.CustomResource:
        return apiextensions.CustomResource(
            logical,
            api_version=_API,
            kind=kind,
            metadata=meta.v1.ObjectMetaArgs(
                name=name,
                namespace=self._args.namespace,
                labels={**PART_OF, **self._args.watched.selected_by},
            ),
            spec=spec,
            opts=self._child,
        )

    def _build_dashboard(self, name: str, dashboard: Board) -> core.v1.ConfigMap:
        return core.v1.ConfigMap(
            naming.child(name, "dashboard", dashboard.uid),
            core.v1.ConfigMapInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    name=dashboard.uid,
                    namespace=self._args.namespace,
                    labels={**PART_OF, **_DASHBOARD},
                    annotations={"grafana_folder": "Ballast"},
                ),
                data={f"{dashboard.uid}.json": dashboard.text},
            ),
            self._child,
        )

    def _build_scrape_policy(
        self, name: str, stage: WatchedStage, endpoint: MetricsEndpoint
    ) -> networking.v1.NetworkPolicy:
        """Let Prometheus in: the pipeline's namespace is closed to everybody."""
        prometheus = networking.v1.NetworkPolicyPeerArgs(
            namespace_selector=meta.v1.LabelSelectorArgs(
                match_labels={"kubernetes.io/metadata.name": self._args.namespace}
            ),
            pod_selector=meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: "prometheus"}),
        )
        port = networking.v1.NetworkPolicyPortArgs(protocol="TCP", port=endpoint.port)
        return networking.v1.NetworkPolicy(
            naming.child(name, "scrape", stage.name),
            networking.v1.NetworkPolicyInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    name=f"{stage.name}-scrape",
                    namespace=self._args.watched.namespace,
                    labels=PART_OF,
                ),
                spec=networking.v1.NetworkPolicySpecArgs(
                    pod_selector=meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: stage.name}),
                    policy_types=["Ingress"],
                    ingress=[
                        networking.v1.NetworkPolicyIngressRuleArgs(from_=[prometheus], ports=[port])
                    ],
                ),
            ),
            self._child,
        )
