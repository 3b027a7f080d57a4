"""When traffic can arrive."""

from __future__ import annotations

from typing import Any

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.awaiting.verdict import READY, Look, Verdict, waiting
from embedded.plugins.kubernetes.objects import Object, at

_NO_PODS = (
    "the service selects no pods: none of them runs yet, or spec.selector fits no pod's labels"
)


def service(live: Object, look: Look) -> Verdict:
    """A Service is ready when it has endpoints and, as a load balancer, an address."""
    kind = at(live, "spec", "type") or "ClusterIP"
    if kind == "ExternalName":
        return READY
    headless = at(live, "spec", "clusterIP") == "None"
    if at(live, "spec", "selector") and not headless and not _endpoints(live, look):
        return waiting(_NO_PODS)
    if kind == "LoadBalancer" and not at(live, "status", "loadBalancer", "ingress"):
        return waiting("no load balancer has given the service an address yet")
    return READY


def _endpoints(live: Object, look: Look) -> bool:
    label = f"kubernetes.io/service-name={objects.name(live)}"
    slices = look("discovery.k8s.io/v1", "EndpointSlice", str(objects.namespace(live)), label)
    return any(item.get("endpoints") for item in slices)


def ingress(live: Object, look: Look) -> Verdict:
    """An Ingress is ready when its services exist and a controller has given it an address."""
    inside = str(objects.namespace(live))
    existing = {objects.name(item) for item in look("v1", "Service", inside, "")}
    missing = sorted(_backends(live) - existing)
    if missing:
        return waiting(f"the ingress names services that do not exist: {', '.join(missing)}")
    if not at(live, "status", "loadBalancer", "ingress"):
        return waiting("no ingress controller has given the ingress an address yet")
    return READY


def _backends(live: Object) -> set[str]:
    backends: list[Any] = [at(live, "spec", "defaultBackend")]
    for rule in at(live, "spec", "rules") or []:
        backends += [path.get("backend") for path in at(rule, "http", "paths") or []]
    names = {at(backend, "service", "name") for backend in backends}
    return {name for name in names if isinstance(name, str)}
