"""The specs of PodMonitor and ServiceMonitor objects: what Prometheus scrapes, and as what.

The labels that the catalogue's queries ask for are made here: `workload` is the pods' name
label, and the pods of a stage are found by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from components.observability.watched import MetricsEndpoint, WatchedStage
from components.serving.pod import NAME_LABEL

# Scalers look every 15 s; older values would be what they see.
INTERVAL: Final = "15s"
_TIMEOUT: Final = "10s"


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """A part of the platform whose metrics carry the labels of what they are about."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    # Name of the service's port.
    port: str
    # Labels of the exporter's own target that would stand where a series has none.
    dropped: tuple[str, ...] = ()


# As their charts label and name them. A free GPU's series has no pod: left alone, it would
# get the exporter's own, and look taken.
DCGM_EXPORTER: Final = Exporter(
    name="dcgm-exporter",
    # Not with the others: it reads devices and the kubelet's socket, which `restricted` forbids.
    namespace="node-agents",
    labels={"app.kubernetes.io/name": "dcgm-exporter"},
    port="metrics",
    dropped=("namespace", "pod", "container", "service", "endpoint"),
)
KEDA_OPERATOR: Final = Exporter(
    name="keda-operator",
    namespace="keda",
    labels={"app.kubernetes.io/name": "keda-operator"},
    port="metrics",
)


def pod_monitor(stage: WatchedStage, endpoint: MetricsEndpoint, namespace: str) -> dict[str, Any]:
    """Return the spec of a PodMonitor for one stage.

    The port is found by the container port `http`, which every stage has, and then set: so it
    does not depend on the metrics port being declared as well.
    """
    name = NAME_LABEL.replace(".", "_").replace("/", "_")
    return {
        "namespaceSelector": {"matchNames": [namespace]},
        "selector": {"matchLabels": {NAME_LABEL: stage.name}},
        "podMetricsEndpoints": [
            {
                "port": "http",
                "path": endpoint.path,
                "interval": INTERVAL,
                "scrapeTimeout": _TIMEOUT,
                "relabelings": [
                    {
                        "sourceLabels": ["__meta_kubernetes_pod_ip"],
                        "targetLabel": "__address__",
                        "replacement": f"$1:{endpoint.port}",
                        "action": "replace",
                    },
                    {
                        "sourceLabels": [f"__meta_kubernetes_pod_label_{name}"],
                        "targetLabel": "workload",
                        "action": "replace",
                    },
                ],
            }
        ],
    }


def service_monitor(exporter: Exporter) -> dict[str, Any]:
    """Return the spec of a ServiceMonitor for a part of the platform."""
    node = {
        "sourceLabels": ["__meta_kubernetes_pod_node_name"],
        "targetLabel": "node",
        "action": "replace",
    }
    dropped = {"action": "labeldrop", "regex": "|".join(exporter.dropped)}
    return {
        "namespaceSelector": {"matchNames": [exporter.namespace]},
        "selector": {"matchLabels": dict(exporter.labels)},
        "endpoints": [
            {
                "port": exporter.port,
                "interval": INTERVAL,
                "scrapeTimeout": _TIMEOUT,
                # Their `namespace` is that of what they tell about, not their own.
                "honorLabels": True,
                "relabelings": [node, *([dropped] if exporter.dropped else [])],
            }
        ],
    }
