"""The way in from outside the cluster: a network load balancer that ends TLS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pulumi_kubernetes import core

_ANNOTATION: Final = "service.beta.kubernetes.io/aws-load-balancer-"
# TLS 1.3 and 1.2, and of 1.2 only what keeps yesterday's traffic secret.
_TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
HTTPS: Final = 443


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """A network load balancer, made by the AWS Load Balancer Controller."""

    scheme: Literal["internal", "internet-facing"]
    # In ACM, of the stack's region.
    certificate_arn: str


def controller_annotations(balancer: LoadBalancer) -> Mapping[str, str]:
    """Return what the controller reads."""
    chosen = {
        "type": "external",
        # Straight to the pods: the client's address stays, and no port of the nodes is opened.
        "nlb-target-type": "ip",
        "scheme": balancer.scheme,
        "ssl-cert": balancer.certificate_arn,
        "ssl-ports": str(HTTPS),
        "ssl-negotiation-policy": _TLS_POLICY,
        # Clients are told apart by their addresses.
        "target-group-attributes": "preserve_client_ip.enabled=true,"
        "deregistration_delay.timeout_seconds=30",
        "attributes": "load_balancing.cross_zone.enabled=true,deletion_protection.enabled=true",
    }
    return {f"{_ANNOTATION}{key}": value for key, value in chosen.items()}


def spec(selector: Mapping[str, str], networks: Sequence[str]) -> core.v1.ServiceSpecArgs:
    """Return the service that the load balancer stands for; only TLS leads to it."""
    return core.v1.ServiceSpecArgs(
        type="LoadBalancer",
        load_balancer_class="service.k8s.aws/nlb",
        allocate_load_balancer_node_ports=False,
        external_traffic_policy="Local",
        load_balancer_source_ranges=list(networks),
        selector=dict(selector),
        ports=[
            core.v1.ServicePortArgs(name="https", port=HTTPS, target_port="http", protocol="TCP")
        ],
    )
