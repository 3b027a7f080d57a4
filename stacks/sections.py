"""The sections of a stack's settings. Defaults live here and nowhere else."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field

from catalog import accelerators
from catalog.accelerators import GpuRequest
from stacks.domain import (
    AtLeastOne,
    CertificateArn,
    ClusterName,
    Cores,
    Count,
    DiskGib,
    DnsLabel,
    MemoryGib,
    NarrowNetwork,
    Network,
    Percent,
    Rate,
    ReservationId,
    RoleArn,
    Seconds,
)
from stacks.scaling_sections import BaseSettings, Scaling, StageScaling
from stacks.section import RetentionDays, Section


class NodeCounts(Section):
    """How many nodes a group has."""

    min_nodes: Count = Field(description="fewest nodes")
    desired_nodes: Count = Field(description="nodes while no autoscaler decides")
    max_nodes: AtLeastOne = Field(description="most nodes")


class SystemNodesSettings(NodeCounts):
    """The on-demand nodes that everything but GPU models runs on."""

    instance_types: tuple[str, ...] = Field(min_length=1, description="EC2 instance types")
    disk_gib: DiskGib = Field(default=100, description="volume for images, GiB")


class AccessSettings(Section):
    """One IAM role and what it may do in the cluster."""

    role_arn: RoleArn = Field(description="IAM role that people or pipelines take on")
    rights: Literal["cluster-admin", "admin", "edit", "view", "admin-view"] = Field(
        description="what it may do, as EKS's access policies name it"
    )
    namespaces: tuple[DnsLabel, ...] = Field(
        default=(), description="where it may; none: in the whole cluster"
    )


class ClusterSettings(Section):
    """The EKS control plane and its system nodes."""

    name: ClusterName = Field(description="name in AWS; changing it replaces the cluster")
    kubernetes_version: Literal["1.34", "1.35"] = Field(
        description='Kubernetes minor version in quotes, such as "1.35"'
    )
    service_cidr: Network = Field(
        default=IPv4Network("172.20.0.0/16"),
        description="addresses of Kubernetes services, apart from the VPC's",
    )
    public_access_cidrs: tuple[NarrowNetwork, ...] = Field(
        default=(), description="networks that reach the API from outside; none: private only"
    )
    admin_role_arn: RoleArn = Field(description="IAM role that deploys and administers")
    log_retention_days: RetentionDays = Field(default=90, description="how long logs are kept")
    deletion_protection: bool = Field(default=False, description="whether EKS refuses a delete")
    zonal_shift: bool = Field(
        default=True, description="whether AWS may move traffic out of a zone that fails"
    )
    oidc_provider: bool = Field(
        default=False, description="whether IAM trusts the cluster's own identity provider"
    )
    access: tuple[AccessSettings, ...] = Field(
        default=(), description="IAM roles that get in besides the administrator's"
    )
    system_nodes: SystemNodesSettings = Field(description="the on-demand node group")
    cpu_nodes: SystemNodesSettings | None = Field(
        default=None,
        description="nodes for the pipeline's pods without GPUs; none: system nodes carry them",
    )

    @property
    def nodes_for_pods(self) -> SystemNodesSettings:
        """The nodes that pods of the pipeline without GPUs run on."""
        return self.cpu_nodes or self.system_nodes


class GpuRequestSettings(Section):
    """What pods rely on of a GPU machine."""

    gpu_memory_gib: AtLeastOne = Field(description="least memory of one GPU, GiB")
    gpus: AtLeastOne = Field(description="GPUs of one machine")
    largest_gpu_memory_gib: AtLeastOne | None = Field(
        default=None, description="largest GPU that may stand in; none: the smallest class only"
    )
    vcpus: Count = Field(default=0, description="least cores of a machine")
    memory_gib: Count = Field(default=0, description="least memory of a machine, GiB")


class GpuPoolSettings(NodeCounts):
    """One pool of GPU nodes that are alike to pods."""

    name: DnsLabel = Field(description="name of the pool; models refer to it")
    capacity: Literal["spot", "on-demand", "capacity-block"] = Field(
        default="spot", description="how it is bought"
    )
    request: GpuRequestSettings | None = Field(
        default=None, description="what pods rely on; every type that has it may serve"
    )
    instance_types: tuple[str, ...] = Field(
        default=(),
        description="GPU instance types by name, for spot four of two families or more",
    )
    disk_gib: DiskGib = Field(default=200, description="volume for images and models, GiB")
    disk_iops: Annotated[int, Field(ge=3000, le=16_000)] = Field(
        default=4000, description="reads and writes a second of that volume"
    )
    disk_throughput_mib: Annotated[int, Field(ge=125, le=1000)] = Field(
        default=1000, description="MiB a second of that volume"
    )
    fast_pull: bool = Field(
        default=True, description="whether layers of an image are fetched side by side (SOCI)"
    )
    local_drives: bool = Field(
        default=False, description="whether images and models lie on the machine's NVMe drives"
    )
    headroom_gpus: Count = Field(
        default=0, description="GPUs that are kept warm for the next replica"
    )
    reservation_id: ReservationId | None = Field(
        default=None, description="EC2 capacity reservation or block to take machines out of"
    )
    zones: tuple[str, ...] = Field(
        default=(), description="zones of the network that it is in; none: all of them"
    )
    fabric: bool = Field(
        default=False, description="whether machines stand close together and talk over EFA"
    )

    @property
    def types(self) -> tuple[str, ...]:
        """The instance types: those named, or those that the request leads to."""
        if self.request is None:
            return self.instance_types
        return accelerators.matching(GpuRequest(**self.request.model_dump()))


class CapacitySettings(Section):
    """The GPU node pools."""

    pools: tuple[GpuPoolSettings, ...] = Field(default=(), description="GPU node pools")
    autoscaler: Literal["none", "cluster-autoscaler"] = Field(
        default="none", description="what brings and takes nodes"
    )
    give_up_minutes: AtLeastOne = Field(
        default=8, description="how long a pool may bring no machine before another is asked"
    )
    idle_minutes: AtLeastOne = Field(
        default=10, description="how long a node is empty until it goes"
    )


class Resources(Section):
    """What one pod asks for and what it may take."""

    cpu_request: Cores = Field(description="cores that are kept for it")
    cpu_limit: Cores | None = Field(default=None, description="cores it may take; none: no limit")
    memory_request_gib: MemoryGib = Field(description="memory that is kept for it, GiB")
    memory_limit_gib: MemoryGib = Field(description="memory it may take, GiB")


class ClientLimitSettings(Section):
    """How much one client, told by its address, may ask of one gateway pod."""

    requests_per_second: Rate = Field(description="requests a second that are let through")
    burst: Rate = Field(description="requests at once after a while of silence")


class LoadBalancerSettings(Section):
    """A network load balancer before the gateway, with TLS."""

    scheme: Literal["internal", "internet-facing"] = Field(
        default="internal", description="who reaches it: the network, or the internet"
    )
    certificate_arn: CertificateArn = Field(description="ACM certificate of its name")


class GatewaySettings(Section):
    """The Inference Gateway."""

    resources: Resources = Field(description="what one gateway pod needs")
    scaling: StageScaling = Field(description="replicas of the gateway")
    deadline_seconds: Seconds = Field(default=120, description="longest a request may take")
    connection_seconds: Seconds = Field(
        default=60, description="age at which a client's connection is closed, between requests"
    )
    load_balancer: LoadBalancerSettings | None = Field(
        default=None,
        description="the way in from outside, which the AWS Load Balancer Controller makes; none: "
        "it answers inside the cluster alone",
    )
    client_limit: ClientLimitSettings | None = Field(
        default=None, description="what one client may ask of one gateway pod; none: no limit"
    )


class LanguageModelSettings(Section):
    """How much a language model may hold at once."""

    context_tokens: Annotated[int, Field(ge=256, le=1_048_576)] = Field(
        description="longest prompt and answer together, tokens"
    )
    sequences: AtLeastOne = Field(description="requests that are worked on at once")


class CanarySettings(Section):
    """The model whose other version this one is."""

    of: DnsLabel = Field(description="name of the model whose requests it gets a share of")
    percent: Annotated[int, Field(ge=1, le=99)] = Field(description="its share, percent")


class ModelSettings(Section):
    """One model and how it is served."""

    name: DnsLabel = Field(description="name of the service; clients ask for it")
    model: str = Field(description="model in catalog/models.py")
    pool: DnsLabel | None = Field(
        default=None, description="GPU pool it runs on; none: system nodes"
    )
    gpus: Count = Field(default=0, description="GPUs of one replica")
    language: LanguageModelSettings | None = Field(
        default=None, description="context and concurrency of a language model"
    )
    resources: Resources = Field(description="what one replica needs")
    scaling: Scaling = Field(description="replicas of the model")
    base: BaseSettings | None = Field(
        default=None, description="replicas that are not on spot; none: all may be"
    )
    canary: CanarySettings | None = Field(
        default=None, description="set on a version that gets a share of another's requests"
    )


class StepSettings(Section):
    """One step of the inference graph: a model, or another node of the graph."""

    name: DnsLabel = Field(description="name of the step in the combined answer")
    model: DnsLabel | None = Field(default=None, description="model service to ask")
    node: DnsLabel | None = Field(default=None, description="node of the graph to go on with")
    required: bool = Field(default=True, description="whether the answer fails when this step does")
    weight: Percent | None = Field(default=None, description="share of requests in a splitter, %")
    condition: str | None = Field(
        default=None, description="GJSON path that must exist in the request"
    )
    feed: Literal["request", "response"] = Field(
        default="request", description="what the step is given in a sequence"
    )


class GraphNodeSettings(Section):
    """One node of the inference graph."""

    kind: Literal["sequence", "ensemble", "switch", "splitter"] = Field(
        description="how its steps are run"
    )
    steps: tuple[StepSettings, ...] = Field(min_length=1, description="its steps, in order")


class AggregatorSettings(Section):
    """The Result Aggregator."""

    graph: dict[DnsLabel, GraphNodeSettings] = Field(
        description="nodes of the inference graph; a request starts at `root`"
    )
    resources: Resources = Field(description="what one aggregator pod needs")
    scaling: StageScaling = Field(description="replicas of the aggregator")
    deadline_seconds: Seconds = Field(default=120, description="longest one step may take")


class ServingSettings(Section):
    """The request pipeline."""

    namespace: DnsLabel = Field(default="inference", description="Kubernetes namespace")
    gateway: GatewaySettings = Field(description="the Inference Gateway")
    models: tuple[ModelSettings, ...] = Field(min_length=1, description="the models that serve")
    aggregator: AggregatorSettings = Field(description="the Result Aggregator")
