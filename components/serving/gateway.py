"""The Inference Gateway: where every request enters."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import core, meta

from catalog.engines import ENVOY
from components import naming
from components.serving import entry, envoy, pod
from components.serving.access import Edge
from components.serving.entry import LoadBalancer
from components.serving.envoy import METRICS_PORT, STEPS_PORT, ClientLimit, Gateway
from components.serving.envoy_routes import Backend
from components.serving.pod import PART_OF
from components.serving.scaler import Watch
from components.serving.stage import Plan, Stage, service_url
from components.serving.workload import ConfigFiles, Resources, Scaling, Shutdown, Workload

TOKEN = naming.token("serving", "InferenceGateway")
NAME: Final = "inference-gateway"
_CONFIG_PATH: Final = "/etc/envoy"
_CONFIG_FILE: Final = "envoy.json"
# Until endpoints and load balancers have forgotten the pod.
_FORGET_SECONDS: Final = 5


@dataclass(frozen=True, kw_only=True)
class InferenceGatewayArgs:
    """What makes the gateway."""

    namespace: str
    # What has to stand before anything of the stage: the namespace, and what closes it.
    needs: tuple[pulumi.Resource, ...]
    # Where scalers find signals.
    watch: Watch
    # Where requests go.
    backends: tuple[Backend, ...]
    # Networks that clients come from.
    client_networks: tuple[str, ...]
    # Stages that come back to the gateway, for a step that may take so long.
    client_stages: tuple[str, ...]
    step_seconds: int
    resources: Resources
    scaling: Scaling
    # Age at which a client's connection is closed, between two requests.
    connection_seconds: int
    # None: it answers inside the cluster alone.
    load_balancer: LoadBalancer | None = None
    # None: clients may ask as much as they like.
    client_limit: ClientLimit | None = None


class InferenceGateway(Stage):
    """Envoy, with a configuration made from the models.

    Creates: config map, what every stage is made of, and a load balancer's service when asked.
    """

    def __init__(
        self, name: str, args: InferenceGatewayArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, args.needs, opts)
        text = configuration(args)
        config_map = f"{NAME}-{_short_hash(text)}"
        workload = gateway_workload(args, config_map, _short_hash(text))
        config = self._build_config(name, args, config_map, text)
        self._build_stage(name, _plan(args, workload), config)
        if args.load_balancer is not None:
            self._build_entry(name, args, workload, args.load_balancer)
        self.url = service_url(workload, args.namespace)
        self.deployment_name = workload.name
        self.register_outputs({"url": self.url, "deployment_name": self.deployment_name})

    def _build_entry(
        self,
        name: str,
        args: InferenceGatewayArgs,
        workload: Workload,
        balancer: LoadBalancer,
    ) -> core.v1.Service:
        return core.v1.Service(
            naming.child(name, "entry"),
            core.v1.ServiceInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    name=f"{NAME}-entry",
                    namespace=args.namespace,
                    labels=pod.object_labels(workload),
                    annotations=entry.controller_annotations(balancer),
                ),
                spec=entry.spec(pod.selector(workload), args.client_networks),
            ),
            self._child,
        )

    def _build_config(
        self, name: str, args: InferenceGatewayArgs, config_map: str, text: str
    ) -> core.v1.ConfigMap:
        return core.v1.ConfigMap(
            naming.child(name, "config"),
            core.v1.ConfigMapInitArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    # A name of its own for each content: pods of the old one keep it
                    # until the last of them is gone.
                    name=config_map,
                    namespace=args.namespace,
                    labels=PART_OF,
                ),
                immutable=True,
                data={_CONFIG_FILE: text},
            ),
            self._child,
        )


def configuration(args: InferenceGatewayArgs) -> str:
    """Return Envoy's configuration file."""
    return json.dumps(envoy.bootstrap(_gateway(args)), indent=1)


def _gateway(args: InferenceGatewayArgs) -> Gateway:
    return Gateway(
        backends=args.backends,
        port=ENVOY.port,
        ready_path=ENVOY.ready_path,
        step_seconds=args.step_seconds,
        connection_seconds=args.connection_seconds,
        client_limit=args.client_limit,
        memory_limit_gib=args.resources.memory_limit_gib,
    )


def gateway_workload(args: InferenceGatewayArgs, config_map: str, config_hash: str) -> Workload:
    """Return what the gateway runs."""
    return Workload(
        name=NAME,
        stage="gateway",
        image=ENVOY.image,
        command=("envoy",),
        args=(
            *("--config-path", f"{_CONFIG_PATH}/{_CONFIG_FILE}"),
            *("--log-level", "warning"),
            # It would want to write to shared memory, and pods are replaced, not restarted.
            "--disable-hot-restart",
        ),
        port=ENVOY.port,
        more_ports={"steps": STEPS_PORT},
        metrics_port=METRICS_PORT,
        ready_path=ENVOY.ready_path,
        startup_seconds=60,
        # Envoy stops at once on SIGTERM: connections have to grow old before that, and the last
        # request on each has to end.
        shutdown=Shutdown(
            pre_stop_seconds=_FORGET_SECONDS
            + args.connection_seconds
            + _gateway(args).longest_seconds,
            drain_seconds=ENVOY.drain_seconds,
        ),
        resources=args.resources,
        scaling=args.scaling,
        config=ConfigFiles(config_map=config_map, path=_CONFIG_PATH),
        config_hash=config_hash,
    )


def _plan(args: InferenceGatewayArgs, workload: Workload) -> Plan:
    backends = sorted((backend.name, backend.port) for backend in args.backends)
    return Plan(
        namespace=args.namespace,
        watch=args.watch,
        workload=workload,
        ingress=(
            Edge(port=ENVOY.port, networks=args.client_networks),
            Edge(port=STEPS_PORT, stages=args.client_stages),
        ),
        egress=tuple(Edge(port=port, stages=(name,)) for name, port in backends),
    )


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
