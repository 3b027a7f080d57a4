"""Which certificates the control plane needs, and what each of them may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from embedded.layout import LOOPBACK

# EKS gives its clusters 172.20.0.0/16 when the VPC lies in 10.0.0.0/8.
SERVICE_CIDR: Final = "172.20.0.0/16"
_API_SERVICE_IP: Final = "172.20.0.1"

CLUSTER_CA: Final = "cluster-ca"
# etcd trusts an authority of its own: a client of the API server, or a
# certificate that the API server signed, must not open the database.
ETCD_CA: Final = "etcd-ca"
# Whoever holds a certificate of this one may name any user in a header, so it
# must not be the authority that signs ordinary clients.
FRONT_PROXY_CA: Final = "front-proxy-ca"

AUTHORITIES: Final = (CLUSTER_CA, ETCD_CA, FRONT_PROXY_CA)

# Signs and verifies service account tokens.
SERVICE_ACCOUNT: Final = "service-account"

_LOCAL: Final = (LOOPBACK, "localhost")


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One key pair: who it is, who signs it, which names it answers to."""

    name: str
    authority: str = CLUSTER_CA
    common_name: str
    organization: str | None = None
    # Names and addresses it serves; none for a mere client.
    hosts: tuple[str, ...] = ()
    client: bool = False


CERTIFICATES: Final = (
    Certificate(
        name="kube-apiserver",
        common_name="kube-apiserver",
        hosts=(
            *_LOCAL,
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            _API_SERVICE_IP,
        ),
    ),
    Certificate(
        name="kube-controller-manager-serving",
        common_name="kube-controller-manager",
        hosts=_LOCAL,
    ),
    Certificate(name="kube-scheduler-serving", common_name="kube-scheduler", hosts=_LOCAL),
    Certificate(name="kwok-serving", common_name="kwok", hosts=_LOCAL),
    Certificate(
        name="admin",
        common_name="ballast-admin",
        organization="system:masters",
        client=True,
    ),
    Certificate(
        name="kube-controller-manager",
        common_name="system:kube-controller-manager",
        client=True,
    ),
    Certificate(name="kube-scheduler", common_name="system:kube-scheduler", client=True),
    Certificate(name="kwok", common_name="kwok", client=True),
    Certificate(
        name="front-proxy-client",
        authority=FRONT_PROXY_CA,
        common_name="front-proxy-client",
        client=True,
    ),
    Certificate(name="etcd", authority=ETCD_CA, common_name="etcd", hosts=_LOCAL, client=True),
    Certificate(
        name="etcd-peer", authority=ETCD_CA, common_name="etcd-peer", hosts=_LOCAL, client=True
    ),
    Certificate(name="etcd-client", authority=ETCD_CA, common_name="kube-apiserver", client=True),
)
