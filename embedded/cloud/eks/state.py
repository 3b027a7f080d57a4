"""What the embedded EKS knows of one account and region."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random

from embedded.cloud.eks.errors import InvalidParameter, ResourceNotFound

Parameters = dict[str, Any]
Answer = dict[str, Any]


@dataclass
class Cluster:
    """One cluster: its description as the API gives it, and what hangs on it."""

    description: dict[str, Any]
    nodegroups: dict[str, Nodegroup] = field(default_factory=dict)
    addons: dict[str, dict[str, Any]] = field(default_factory=dict)
    access_entries: dict[str, AccessEntry] = field(default_factory=dict)
    pod_identities: dict[str, dict[str, Any]] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    # Accepted by CreateCluster and, in AWS too, told by no description.
    bootstrap_self_managed_addons: bool = True

    @property
    def name(self) -> str:
        """Return the cluster's name."""
        return self.description["name"]


@dataclass
class Nodegroup:
    """One node group: its description and its EC2 instances, oldest first."""

    description: dict[str, Any]
    instances: list[str] = field(default_factory=list)


@dataclass
class AccessEntry:
    """One access entry and the policies associated with it, by policy ARN."""

    description: dict[str, Any]
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Update:
    """One update, of the cluster or of a node group or add-on in it."""

    description: dict[str, Any]
    nodegroup: str | None = None
    addon: str | None = None


class EksBackend(BaseBackend):
    """The clusters of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.clusters: dict[str, Cluster] = {}
        # By client request token: a client that saw no answer asks again.
        self.answers: dict[tuple[str, str], tuple[Parameters, Answer]] = {}

    def cluster(self, name: str) -> Cluster:
        """Return the cluster or raise ResourceNotFound."""
        if name not in self.clusters:
            message = f"No cluster found for name: {name}."
            raise ResourceNotFound(message, clusterName=name)
        return self.clusters[name]

    def nodegroup(self, cluster: str, name: str) -> Nodegroup:
        """Return the node group or raise ResourceNotFound."""
        groups = self.cluster(cluster).nodegroups
        if name not in groups:
            message = f"No node group found for name: {name}."
            raise ResourceNotFound(message, clusterName=cluster, nodegroupName=name)
        return groups[name]

    def arn(self, resource: str) -> str:
        """Return the ARN of an EKS resource of this account and region."""
        return f"arn:{self.partition}:eks:{self.region_name}:{self.account_id}:{resource}"

    @property
    def ec2(self) -> Any:
        """moto's EC2 of the same account and region."""
        return ec2_backends[self.account_id][self.region_name]

    def require_role(self, arn: str, service: str | None = None) -> None:
        """Raise InvalidParameter unless the role exists and, if named, trusts the service."""
        roles = iam_backends[self.account_id][self.partition].roles.values()
        role = next((role for role in roles if role.arn == arn), None)
        trusted = role and (service is None or service in str(role.assume_role_policy_document))
        if not trusted:
            reason = "does not exist or the trusted entity is not correct"
            message = f"Role with arn: {arn}, could not be assumed because it {reason}"
            raise InvalidParameter(message)


eks_backends = BackendDict(EksBackend, "eks")


def now() -> datetime.datetime:
    """Return the time of the request, which replay repeats."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def new_uuid() -> str:
    """Return a UUID from moto's own source of chance."""
    return str(mock_random.uuid4())


def new_id(prefix: str, length: int = 17) -> str:
    """Return an id such as `a-1b2c...`."""
    return f"{prefix}{mock_random.get_random_hex(length)}"


def record_update(
    cluster: Cluster, kind: str, params: dict[str, str], **owner: str
) -> dict[str, Any]:
    """Note a finished update, which DescribeUpdate tells again; return its first answer."""
    identity = new_uuid()
    listed = [{"type": name, "value": value} for name, value in params.items()]
    description = {
        "id": identity,
        "status": "Successful",
        "type": kind,
        "params": listed,
        "createdAt": now(),
        "errors": [],
    }
    cluster.updates[identity] = Update(description, **owner)
    return {"update": {**description, "status": "InProgress"}}


def page(names: list[Any], parameters: Parameters, key: str) -> Answer:
    """Return one page of a list; the token is the place where the next one starts."""
    token = parameters.get("nextToken") or "0"
    if not token.isdigit():
        message = f"nextToken: {token!r} was not given out by a previous request"
        raise InvalidParameter(message)
    start = int(token)
    end = start + parameters.get("maxResults", 100)
    return {key: names[start:end], "nextToken": str(end) if end < len(names) else None}


Handler = Callable[[EksBackend, Parameters], Answer]
OPERATIONS: dict[str, Handler] = {}


def operation(handler: Handler) -> Handler:
    """Register a handler: `create_cluster` answers CreateCluster."""
    name = "".join(part.capitalize() for part in handler.__name__.split("_"))
    OPERATIONS[name] = handler
    return handler
