"""What the GPU nodes tell: NVIDIA's DCGM exporter, and the state of the nodes.

Each GPU's series names the pod that has it, and no pod where it is free: the service monitor
drops the exporter's own pod, which would stand there otherwise.
"""

from __future__ import annotations

from typing import Final

from catalog.signals.record import Combine, Signal, Unit
from catalog.signals.workloads import STATE_METRICS

DCGM: Final = "dcgm-exporter"
KARPENTER: Final = "karpenter"
PRICES: Final = "ballast"
# Made by a recording rule from the prices in the catalogue.
PRICE_METRIC: Final = "ballast:node_dollars:hour"

_DCGM: Final = "https://docs.nvidia.com/datacenter/dcgm/latest/dcgm-api/dcgm-api-field-ids.html"
_STATE: Final = "https://github.com/kubernetes/kube-state-metrics/blob/v2.17.0/docs/metrics/cluster/node-metrics.md"
_KARPENTER: Final = "https://karpenter.sh/docs/reference/metrics/"
_TERMINATION: Final = (
    "https://github.com/aws/aws-node-termination-handler/blob/v1.25.1/config/helm/"
    "aws-node-termination-handler/README.md"
)
_PODS: Final = 'namespace="$namespace",pod=~"$pods"'
# kube-state-metrics shows a node's labels only where its chart's metricLabelsAllowlist names them.
NODE_LABELS: Final = (
    "ballast/pool",
    "ballast/capacity-type",
    "node.kubernetes.io/instance-type",
)
_CAPACITY: Final = "label_ballast_capacity_type"
_TYPE: Final = "label_node_kubernetes_io_instance_type"
# Busy for less than this of the time is idle; DCGM counts in percent.
IDLE_BELOW_PERCENT: Final = 5
IDLE_WINDOW: Final = "30m"

GPU_USE: Final = Signal(
    name="gpu-use",
    meaning="share of time in which the stage's GPUs did anything at all: a guard, near 1 long "
    "before a GPU is full",
    source=_DCGM,
    exposed_by=DCGM,
    promql=f"avg(DCGM_FI_DEV_GPU_UTIL{{{_PODS}}}) / 100",
    unit=Unit.RATIO,
    combine=Combine.AVERAGE,
    bound=1,
)
FLEET_USE: Final = Signal(
    name="fleet-gpu-use",
    meaning="share of time in which the GPUs of all nodes did anything at all",
    source=_DCGM,
    exposed_by=DCGM,
    promql="avg(DCGM_FI_DEV_GPU_UTIL) / 100",
    unit=Unit.RATIO,
    combine=Combine.STATE,
    bound=1,
)
FLEET_MEMORY: Final = Signal(
    name="fleet-gpu-memory",
    meaning="share of the GPUs' memory that is taken",
    source=_DCGM,
    exposed_by=DCGM,
    promql="sum(DCGM_FI_DEV_FB_USED) / (sum(DCGM_FI_DEV_FB_USED) + sum(DCGM_FI_DEV_FB_FREE))",
    unit=Unit.RATIO,
    combine=Combine.STATE,
    bound=1,
)
GPUS_IDLE: Final = Signal(
    name="gpus-idle",
    meaning="GPUs that are paid for and did nothing for half an hour, with a pod or without",
    source=_DCGM,
    exposed_by=DCGM,
    # A GPU that is younger than the window has not idled for so long.
    promql="count((max_over_time(DCGM_FI_DEV_GPU_UTIL["
    f"{IDLE_WINDOW}]) < {IDLE_BELOW_PERCENT}) and (DCGM_FI_DEV_GPU_UTIL offset {IDLE_WINDOW}))"
    " or vector(0)",
    unit=Unit.NUMBER,
    combine=Combine.STATE,
    warning=0,
)
IDLE_SHARE: Final = Signal(
    name="gpu-idle-share",
    meaning="share of the GPUs that do nothing now",
    source=_DCGM,
    exposed_by=DCGM,
    promql=f"(count(DCGM_FI_DEV_GPU_UTIL < {IDLE_BELOW_PERCENT}) or vector(0))"
    " / count(DCGM_FI_DEV_GPU_UTIL)",
    unit=Unit.RATIO,
    combine=Combine.STATE,
    bound=1,
)
GPU_NODES: Final = Signal(
    name="gpu-nodes",
    meaning="nodes with GPUs, by the way they are bought",
    source=_STATE,
    exposed_by=STATE_METRICS,
    promql=f"count by ({_CAPACITY}) (kube_node_labels * on (node) group_left () "
    '(kube_node_status_allocatable{resource="nvidia_com_gpu"} > 0) > 0)',
    unit=Unit.NUMBER,
    combine=Combine.STATE,
    by=(_CAPACITY,),
)
COST: Final = Signal(
    name="node-cost",
    meaning="what the nodes cost an hour, by the way they are bought; spot at its usual highest",
    source=_STATE,
    exposed_by=PRICES,
    promql=f"sum by ({_CAPACITY}) (kube_node_labels * on ({_CAPACITY}, {_TYPE}) group_left () "
    f"{PRICE_METRIC})",
    unit=Unit.DOLLARS_PER_HOUR,
    combine=Combine.STATE,
    by=(_CAPACITY,),
)
SPOT_NOTICES: Final = Signal(
    name="spot-notices",
    meaning="nodes that AWS has said to take back within the last hour; "
    "needs the handler's taintNode setting",
    source=_TERMINATION,
    exposed_by=STATE_METRICS,
    promql='count(max_over_time(kube_node_spec_taint{key="aws-node-termination-handler/spot-itn"}'
    "[1h])) or vector(0)",
    unit=Unit.NUMBER,
    combine=Combine.STATE,
    warning=2,
)
KARPENTER_NOTICES: Final = Signal(
    name="karpenter-spot-notices",
    meaning="spot nodes that AWS has said to take back within the last hour, as Karpenter was told",
    source=_KARPENTER,
    exposed_by=KARPENTER,
    since="1.0",
    promql="sum(increase(karpenter_interruption_received_messages_total"
    '{message_type="spot_interrupted"}[1h])) or vector(0)',
    unit=Unit.NUMBER,
    combine=Combine.STATE,
    warning=2,
)

SIGNALS: Final = (
    GPU_USE,
    FLEET_USE,
    FLEET_MEMORY,
    GPUS_IDLE,
    IDLE_SHARE,
    GPU_NODES,
    COST,
    SPOT_NOTICES,
    KARPENTER_NOTICES,
)
