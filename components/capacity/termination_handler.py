"""Empties a node before AWS takes its machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi import Input, ResourceOptions

from catalog.controllers import NODE_TERMINATION_HANDLER
from components import naming
from components.capacity.controller import Controller
from components.capacity.controller_pod import ControllerArgs, Rule
from components.capacity.interruption import InterruptionQueue
from components.capacity.labels import HANDLED_TAG
from components.cluster.permissions import Allow
from components.cluster.pod_identity import PodIdentity, PodIdentityArgs

TOKEN = naming.token("capacity", "TerminationHandler")
NAME: Final = "node-termination-handler"
# Between AWS's notice and the end of a spot machine.
NOTICE_SECONDS: Final = 120
_WORKERS: Final = 10
_PORT: Final = 8080
_HEALTH_PATH: Final = "/healthz"


@dataclass(frozen=True, kw_only=True)
class TerminationHandlerArgs:
    """Where it hears of machines, and where it runs."""

    association_cluster_name: Input[str]
    queue: InterruptionQueue
    region: str
    namespace: str
    # What has to stand first: the namespace.
    needs: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class TerminationHandler(pulumi.ComponentResource):
    """Cordons and drains a node within the two minutes between notice and end.

    It reads the queue and not each machine's metadata: pods cannot reach that, and one
    reader sees what comes for all. Creates: role with Pod Identity association, controller.
    """

    def __init__(
        self, name: str, args: TerminationHandlerArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        identity = self._build_identity(name, args)
        self._build_controller(name, args, identity)
        self.register_outputs({})

    def _build_identity(self, name: str, args: TerminationHandlerArgs) -> PodIdentity:
        return PodIdentity(
            naming.child(name, "identity"),
            PodIdentityArgs(
                cluster_name=args.association_cluster_name,
                namespace=args.namespace,
                service_account=NAME,
                allow=[
                    Allow(
                        actions=["sqs:ReceiveMessage", "sqs:DeleteMessage"],
                        resources=[args.queue.arn],
                    ),
                    Allow(
                        actions=[
                            "autoscaling:DescribeAutoScalingInstances",
                            "ec2:DescribeInstances",
                        ]
                    ),
                ],
                tags=args.tags,
            ),
            self._child,
        )

    def _build_controller(
        self, name: str, args: TerminationHandlerArgs, identity: PodIdentity
    ) -> Controller:
        return Controller(
            naming.child(name, "controller"),
            ControllerArgs(
                name=NAME,
                namespace=args.namespace,
                image=NODE_TERMINATION_HANDLER,
                args=_flags(),
                env={"AWS_REGION": args.region, "QUEUE_URL": args.queue.url},
                health_path=_HEALTH_PATH,
                port=_PORT,
                cpu="50m",
                memory="128Mi",
                cluster_rules=_RULES,
                needs=[identity, *args.needs],
            ),
            self._child,
        )


def _flags() -> list[str]:
    settings = {
        "enable-sqs-termination-draining": "true",
        "workers": _WORKERS,
        # Machines of others in the account get their notices too.
        "check-tag-before-draining": "true",
        "managed-tag": HANDLED_TAG,
        "node-termination-grace-period": NOTICE_SECONDS,
        # The pod's own: it was made to fit the notice.
        "pod-termination-grace-period": -1,
        "delete-local-data": "true",
        "ignore-daemon-sets": "true",
        # What is at risk may still live for hours: no new pods, and EKS starts a stand-in.
        "enable-rebalance-monitoring": "true",
        "enable-rebalance-draining": "false",
        # The queue says it all; the machine's own metadata is out of a pod's reach.
        "enable-spot-interruption-draining": "false",
        "enable-scheduled-event-draining": "false",
        "enable-probes-server": "true",
        "probes-server-port": _PORT,
        "probes-server-endpoint": _HEALTH_PATH,
        "json-logging": "true",
    }
    return [f"--{flag}={value}" for flag, value in settings.items()]


_RULES: Final = (
    Rule(groups=[""], resources=["nodes"], verbs=["get", "list", "patch", "update"]),
    Rule(groups=[""], resources=["pods"], verbs=["get", "list"]),
    Rule(groups=[""], resources=["pods/eviction"], verbs=["create"]),
    Rule(groups=["apps"], resources=["daemonsets"], verbs=["get"]),
    Rule(groups=[""], resources=["events"], verbs=["create", "patch"]),
)
