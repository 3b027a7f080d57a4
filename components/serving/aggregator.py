"""The Result Aggregator: one request, several models, one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi import ResourceOptions

from catalog.engines import KSERVE_ROUTER
from components import naming
from components.serving.access import Edge
from components.serving.inference_graph import GraphNode, answer_seconds, graph_json
from components.serving.scaler import Watch
from components.serving.stage import Plan, Stage, service_url
from components.serving.workload import Resources, Scaling, Shutdown, Workload

TOKEN = naming.token("serving", "ResultAggregator")
NAME: Final = "result-aggregator"


@dataclass(frozen=True, kw_only=True)
class ResultAggregatorArgs:
    """What makes the aggregator."""

    namespace: str
    # What has to stand before anything of the stage: the namespace, and what closes it.
    needs: tuple[pulumi.Resource, ...]
    # Where scalers find signals.
    watch: Watch
    # Requests start at the node "root".
    graph: Mapping[str, GraphNode]
    # The stage that asks it, and that it asks the models through; and that one's door for it.
    gateway: str
    steps_port: int
    resources: Resources
    scaling: Scaling
    # Longest one step may take.
    deadline_seconds: int


class ResultAggregator(Stage):
    """KServe's router with an inference graph.

    Creates: what every stage is made of.
    """

    def __init__(
        self, name: str, args: ResultAggregatorArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, args.needs, opts)
        workload = aggregator_workload(args)
        self._build_stage(name, _plan(args, workload))
        self.url = service_url(workload, args.namespace)
        self.deployment_name = workload.name
        self.register_outputs({"url": self.url, "deployment_name": self.deployment_name})


def aggregator_workload(args: ResultAggregatorArgs) -> Workload:
    """Return what the aggregator runs."""
    return Workload(
        name=NAME,
        stage="aggregator",
        image=KSERVE_ROUTER.image,
        args=("--graph-json", graph_json(args.graph, step_seconds=args.deadline_seconds)),
        # So that one request has one id in every log, and traces hang together.
        env={"PROPAGATE_HEADERS": "(?i)x-request-id,(?i)traceparent,(?i)tracestate"},
        port=KSERVE_ROUTER.port,
        ready_path=KSERVE_ROUTER.ready_path,
        startup_seconds=60,
        # It says "not ready" on SIGTERM, waits, and then lets requests end: no sleep before.
        shutdown=Shutdown(
            pre_stop_seconds=0,
            drain_seconds=KSERVE_ROUTER.drain_seconds
            + answer_seconds(args.graph, step_seconds=args.deadline_seconds),
        ),
        resources=args.resources,
        scaling=args.scaling,
        headless=True,
    )


def _plan(args: ResultAggregatorArgs, workload: Workload) -> Plan:
    return Plan(
        namespace=args.namespace,
        watch=args.watch,
        workload=workload,
        ingress=(Edge(port=workload.port, stages=(args.gateway,)),),
        egress=(Edge(port=args.steps_port, stages=(args.gateway,)),),
    )
