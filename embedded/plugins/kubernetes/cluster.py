"""The cluster that a provider was configured for, if it has one and it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from embedded.plugins.host import Host
from embedded.plugins.kubernetes.api import Api, UnreachableError
from embedded.plugins.kubernetes.awaiting.waiting import Waiter
from embedded.plugins.kubernetes.discovery import Discovery, NotServedError
from embedded.plugins.kubernetes.journal import Journal
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.kubernetes.kubeconfig import KubeconfigError, load
from embedded.plugins.kubernetes.settings import Settings
from embedded.plugins.kubernetes.writer import Writer
from embedded.plugins.provider import ProviderError
from embedded.plugins.values import UNKNOWN


@dataclass(frozen=True)
class Cluster:
    """One API server with everything that works on it."""

    api: Api
    discovery: Discovery
    waiter: Waiter
    writer: Writer
    # As it was when the provider was configured; writes ask again.
    answers: bool
    reason: str

    def namespaced(self, kind: Kind) -> bool:
        """Tell whether objects of the kind live in a namespace; a guess where nobody can say."""
        if kind.built_in or not self.answers:
            return kind.assumed_namespaced
        try:
            return self.discovery.place(kind).namespaced
        except NotServedError:
            return True


def connect(settings: Settings, host: Host, journal: Journal) -> Cluster:
    """Return the cluster of the settings; raise KubeconfigError when they name none."""
    if settings.unknown:
        message = "the provider's settings are not known yet"
        raise KubeconfigError(message)
    if not settings.kubeconfig:
        message = (
            "no kubeconfig: give the provider one; the embedded provider does not use"
            " ~/.kube/config, so that nothing is deployed to a cluster by accident"
        )
        raise KubeconfigError(message)
    connection = load(settings.kubeconfig, context=settings.context, cluster=settings.cluster)
    api = Api(connection)
    discovery = Discovery(api)
    waiter = Waiter(api, discovery, host)
    answers, reason = _reach(api)
    writer = Writer(api, discovery, waiter, journal, settings)
    return Cluster(api, discovery, waiter, writer, answers, reason)


def _reach(api: Api) -> tuple[bool, str]:
    try:
        api.reach()
    except UnreachableError as error:
        return False, str(error)
    except ProviderError as error:
        return False, f"the cluster at {api.connection.server} does not let us in: {error}"
    return True, ""


def cluster_of(args: dict[str, Any]) -> Any:
    """Return what tells the cluster of some settings from another; UNKNOWN if they are unknown."""
    texts = {key: args.get(key) or "" for key in ("kubeconfig", "context", "cluster")}
    if any(text is UNKNOWN for text in texts.values()):
        return UNKNOWN
    try:
        found = load(texts["kubeconfig"], context=texts["context"], cluster=texts["cluster"])
    except KubeconfigError:
        return tuple(texts.values())
    return (found.server, found.authority)
