"""The five processes of the control plane: their command lines and readiness."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from embedded.cluster.certificates import (
    CLUSTER_CA,
    ETCD_CA,
    FRONT_PROXY_CA,
    SERVICE_ACCOUNT,
    SERVICE_CIDR,
)
from embedded.cluster.endpoint import Endpoint
from embedded.cluster.pki import Pki
from embedded.layout import LOOPBACK, Layout
from embedded.processes import ProcessSpec

ETCD: Final = "etcd"
API_SERVER: Final = "kube-apiserver"
CONTROLLER_MANAGER: Final = "kube-controller-manager"
SCHEDULER: Final = "kube-scheduler"
KWOK: Final = "kwok"

# In the order of their start.
PARTS: Final = (ETCD, API_SERVER, CONTROLLER_MANAGER, SCHEDULER, KWOK)
_ETCD_PEER: Final = "etcd-peer"
# Every address that a part listens on, by the part.
PORTS: Final[Mapping[str, tuple[str, ...]]] = {
    ETCD: (ETCD, _ETCD_PEER),
    **{name: (name,) for name in PARTS[1:]},
}

KWOK_FILES: Final = Path(__file__).parent / "kwok"
_NODES_OF_KWOK: Final = "kwok.x-k8s.io/node=fake"
_POD_CIDR: Final = "100.64.0.0/16"

_HEALTH: Final[Mapping[str, tuple[str, ...]]] = {
    ETCD: ("/health",),
    API_SERVER: (
        "/readyz",
        # Made in the background after it says that it is ready.
        "/api/v1/namespaces/default",
        "/api/v1/namespaces/kube-node-lease",
    ),
}
# Pods are refused in a namespace until the controller manager has made this.
_DEFAULT_ACCOUNT: Final = "/api/v1/namespaces/default/serviceaccounts/default"

# Carries what a running part was started with: see `Parts.spec`.
FINGERPRINT: Final = "BALLAST_FINGERPRINT"

# Collect earlier than Go would: the parts idle nearly always, and memory is
# what a laptop lacks.
_FRUGAL: Final = {"GOGC": "50"}


@dataclass(frozen=True)
class Parts:
    """Builds the process specifications of one environment's control plane."""

    layout: Layout
    tools: Mapping[str, Path]
    pki: Pki

    @property
    def api_url(self) -> str:
        """Return the address of the API server."""
        return f"https://{LOOPBACK}:{self.layout.port(API_SERVER)}"

    @property
    def etcd_data(self) -> Path:
        """Return the folder of everything the cluster knows."""
        return self.layout.cluster / "etcd"

    def kubeconfig(self, name: str) -> Path:
        """Return the path of the kubeconfig of a part of the control plane."""
        return self.layout.cluster / "kubeconfigs" / f"{name}.yaml"

    def endpoint(self, name: str) -> Endpoint:
        """Return the HTTPS port on which the part `name` answers about its health."""
        authority, identity = (ETCD_CA, "etcd-client") if name == ETCD else (CLUSTER_CA, "admin")
        port = self.layout.port(name)
        return Endpoint(port=port, pki=self.pki, authority=authority, identity=identity)

    def ready(self, name: str) -> bool:
        """Ask whether the part `name` is ready for work, not merely alive."""
        checks = [(name, path) for path in _HEALTH.get(name, ("/healthz",))]
        if name == CONTROLLER_MANAGER:
            checks.append((API_SERVER, _DEFAULT_ACCOUNT))
        return all(self.endpoint(asked).healthy(path) for asked, path in checks)

    def spec(self, name: str) -> ProcessSpec:
        """Return how to start `name`; its environment carries a fingerprint.

        The fingerprint covers the command line and each file named in it, and
        so tells whether a running part still has the addresses, certificates
        and settings that it would be started with now.
        """
        builders: Mapping[str, Callable[[], list[str]]] = {
            ETCD: self._etcd,
            API_SERVER: self._api_server,
            CONTROLLER_MANAGER: self._controller_manager,
            SCHEDULER: self._scheduler,
            KWOK: self._kwok,
        }
        argv = [str(self.tools[name]), *builders[name]()]
        return ProcessSpec(
            name=name,
            argv=argv,
            ready=lambda: self.ready(name),
            env={**_FRUGAL, FINGERPRINT: _fingerprint(argv)},
            ready_within=60.0,
        )

    def _etcd(self) -> list[str]:
        client = f"https://{LOOPBACK}:{self.layout.port(ETCD)}"
        peer = f"https://{LOOPBACK}:{self.layout.port(_ETCD_PEER)}"
        return [
            "--name=ballast",
            f"--data-dir={self.etcd_data}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=ballast={peer}",
            f"--trusted-ca-file={self.pki.certificate(ETCD_CA)}",
            f"--cert-file={self.pki.certificate('etcd')}",
            f"--key-file={self.pki.key('etcd')}",
            "--client-cert-auth=true",
            f"--peer-trusted-ca-file={self.pki.certificate(ETCD_CA)}",
            f"--peer-cert-file={self.pki.certificate('etcd-peer')}",
            f"--peer-key-file={self.pki.key('etcd-peer')}",
            "--peer-client-cert-auth=true",
            # Alone, it need not wait long for a leader: itself.
            "--heartbeat-interval=50",
            "--election-timeout=250",
            "--enable-grpc-gateway=false",
            "--log-level=warn",
        ]

    def _api_server(self) -> list[str]:
        return [
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.layout.port(API_SERVER)}",
            # No pod really runs, so nobody needs the endpoints of the service
            # `kubernetes`; finding an address for them fails on a machine offline.
            f"--advertise-address={LOOPBACK}",
            "--endpoint-reconciler-type=none",
            f"--etcd-servers=https://{LOOPBACK}:{self.layout.port(ETCD)}",
            f"--etcd-cafile={self.pki.certificate(ETCD_CA)}",
            f"--etcd-certfile={self.pki.certificate('etcd-client')}",
            f"--etcd-keyfile={self.pki.key('etcd-client')}",
            f"--tls-cert-file={self.pki.certificate('kube-apiserver')}",
            f"--tls-private-key-file={self.pki.key('kube-apiserver')}",
            f"--client-ca-file={self.pki.certificate(CLUSTER_CA)}",
            f"--kubelet-certificate-authority={self.pki.certificate(CLUSTER_CA)}",
            "--anonymous-auth=false",
            "--authorization-mode=Node,RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.pki.public_key(SERVICE_ACCOUNT)}",
            f"--service-account-signing-key-file={self.pki.key(SERVICE_ACCOUNT)}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            *self._aggregation(),
            # As on EKS: device plugins and node agents ask for it; who may is
            # decided by Pod Security admission.
            "--allow-privileged=true",
            "--profiling=false",
        ]

    def _aggregation(self) -> list[str]:
        return [
            f"--requestheader-client-ca-file={self.pki.certificate(FRONT_PROXY_CA)}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={self.pki.certificate('front-proxy-client')}",
            f"--proxy-client-key-file={self.pki.key('front-proxy-client')}",
        ]

    def _controller_manager(self) -> list[str]:
        return [
            *self._client_of_the_api_server(CONTROLLER_MANAGER),
            f"--root-ca-file={self.pki.certificate(CLUSTER_CA)}",
            f"--service-account-private-key-file={self.pki.key(SERVICE_ACCOUNT)}",
            "--use-service-account-credentials=true",
            f"--cluster-signing-cert-file={self.pki.certificate(CLUSTER_CA)}",
            f"--cluster-signing-key-file={self.pki.key(CLUSTER_CA)}",
            # One user on one machine: the default of 20 only makes people wait.
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ]

    def _scheduler(self) -> list[str]:
        return self._client_of_the_api_server(SCHEDULER)

    def _client_of_the_api_server(self, name: str) -> list[str]:
        kubeconfig = self.kubeconfig(name)
        return [
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.layout.port(name)}",
            f"--tls-cert-file={self.pki.certificate(f'{name}-serving')}",
            f"--tls-private-key-file={self.pki.key(f'{name}-serving')}",
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            # There is no second one to elect.
            "--leader-elect=false",
            "--profiling=false",
        ]

    def _kwok(self) -> list[str]:
        return [
            f"--kubeconfig={self.kubeconfig(KWOK)}",
            f"--config={KWOK_FILES / 'kwok.yaml'}",
            "--v=WARN",
            "--manage-all-nodes=false",
            f"--manage-nodes-with-annotation-selector={_NODES_OF_KWOK}",
            "--node-lease-duration-seconds=40",
            f"--cidr={_POD_CIDR}",
            f"--server-address={LOOPBACK}:{self.layout.port(KWOK)}",
            f"--tls-cert-file={self.pki.certificate('kwok-serving')}",
            f"--tls-private-key-file={self.pki.key('kwok-serving')}",
        ]


def _fingerprint(argv: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for argument in argv:
        digest.update(argument.encode() + b"\0")
        _, _, value = argument.partition("=")
        if value and Path(value).is_file():
            digest.update(Path(value).read_bytes() + b"\0")
    return digest.hexdigest()
