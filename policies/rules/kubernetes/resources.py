"""How much of its node a container may take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame import quantity
from frame.facts import Node
from frame.rule import Category, Relative, ResourceRule, Rule, Setting, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes.checks import LASTING, per_container, per_pod
from rules.kubernetes.workloads import WORKLOADS, Container, Pod


def _within(container: Container, _pod: Pod, settings: Settings) -> Iterator[Outcome]:
    limit = container.at("resources", "limits", "memory")
    amount = quantity.of(limit)
    low, high = quantity.parse(settings["minimum"]), quantity.parse(settings["maximum"])
    if limit.unknown:
        yield Undetermined(path=limit.path)
    elif amount is None or low is None or high is None:
        return
    elif amount < low:
        found = f"{limit.shown()} for {container.label} is below {settings['minimum']}"
        yield Violation(path=limit.path, found=found, fix='limits: {memory: "512Mi"}')
    elif amount > high:
        found = f"{limit.shown()} for {container.label} is above {settings['maximum']}"
        yield Violation(path=limit.path, found=found, fix='limits: {memory: "64Gi"}')


def _ratio(container: Container, _pod: Pod, settings: Settings) -> Iterator[Outcome]:
    resources = container.at("resources")
    limit, request = resources.at("limits", "memory"), resources.at("requests", "memory")
    for node in (limit, request):
        if node.unknown:
            yield Undetermined(path=node.path)
    most, least = quantity.of(limit), quantity.of(request)
    # Kubernetes takes the limit for the request where none is set.
    if not most or not least:
        return
    if most / least > settings["maxRatio"]:
        found = (
            f"{limit.shown()} for {container.label} is {most / least:.1f} times its request of "
            f"{request.shown()}; at most {settings['maxRatio']:g} times is allowed"
        )
        fix = f'requests: {{memory: "{quantity.gib(most / settings["maxRatio"])}"}}'
        yield Violation(path=limit.path, found=found, fix=fix)


def _requests(container: Container, pod: Pod, settings: Settings) -> Iterator[Outcome]:
    for name in settings["resources"]:
        places = (
            container.at("resources", "requests", name),
            # A limit without a request is taken for the request.
            container.at("resources", "limits", name),
            pod.spec.at("resources", "requests", name),
        )
        if any(quantity.of(place) for place in places):
            continue
        unknown = next((place for place in places if place.unknown), None)
        if unknown:
            yield Undetermined(path=unknown.path)
        else:
            found = f"{places[0].shown()} for {container.label}"
            yield Violation(path=places[0].path, found=found)


def _ephemeral(pod: Pod, settings: Settings) -> Iterator[Outcome]:
    for volume in pod.spec.at("volumes").each():
        if volume.unknown:
            yield Undetermined(path=volume.path)
            continue
        # An empty object is a whole emptyDir.
        scratch = volume.at("emptyDir")
        if not scratch.missing:
            yield from _size_limit(scratch, volume)
    if settings["containerLimits"]:
        for container in pod.containers(*LASTING):
            limit = container.at("resources", "limits", "ephemeral-storage")
            if limit.unknown:
                yield Undetermined(path=limit.path)
            elif not quantity.of(limit):
                yield Violation(path=limit.path, found=f"not set for {container.label}")


def _size_limit(scratch: Node, volume: Node) -> Iterator[Outcome]:
    limit = scratch.at("sizeLimit")
    if limit.unknown:
        yield Undetermined(path=limit.path)
    elif not quantity.of(limit):
        in_memory = scratch.at("medium").value == "Memory"
        where = "the node's memory" if in_memory else "the node's disk"
        found = f"volume {volume.at('name').shown()} may fill {where}"
        yield Violation(path=limit.path, found=found)


IN_BOUNDS: Final = ResourceRule(
    id="memory-limits-are-plausible",
    title="Memory limits are of a size that a container can live with and a node can give",
    why=(
        "A limit of 500m is half a byte, and one of 8 is eight bytes: the container is killed at "
        "its start, over and over. The largest GPU instance (p6-b300.48xlarge) has 4 TiB, so a pod "
        "with a greater limit was meant to have another unit."
    ),
    fix='limits: {memory: "8Gi"}',
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("K02",),
    check=per_container(_within),
    settings={
        "minimum": Setting(type="string", default="4Mi", description="The smallest limit."),
        "maximum": Setting(type="string", default="4Ti", description="The largest limit."),
    },
    relatives=(
        Relative(tool="Gatekeeper", check="K8sContainerLimits"),
        Relative(tool="Kubescape", check="C-0004"),
        Relative(tool="Polaris", check="resourceRange"),
    ),
)

RATIO: Final = ResourceRule(
    id="memory-limits-stay-near-requests",
    title="A container's memory limit is not far above its request",
    why=(
        "The scheduler packs nodes by requests. With limits at four times the requests a node can "
        "be promised four times over; when the pods take what they may, the kernel kills, and "
        "which pod it takes is luck."
    ),
    fix='resources: {requests: {memory: "4Gi"}, limits: {memory: "8Gi"}}',
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("K03",),
    check=per_container(_ratio, *LASTING),
    settings={
        "maxRatio": Setting(
            type="number",
            default=2,
            description="Limit by request, at most; 1 asks for equal ones.",
            more={"minimum": 1},
        )
    },
    relatives=(
        Relative(
            tool="kube-score",
            check="container-memory-requests-equal-limits",
            settings={"maxRatio": 1},
        ),
        Relative(tool="Kyverno", check="memory-requests-equal-limits", settings={"maxRatio": 1}),
        Relative(tool="Gatekeeper", check="K8sContainerRatios"),
    ),
)

REQUESTS: Final = ResourceRule(
    id="containers-request-cpu-and-memory",
    title="Every container says how much CPU and memory it needs",
    why=(
        "A container without requests counts as zero to the scheduler: it lands on nodes that are "
        "full, is the first to be evicted, and an autoscaler that works in percent of the request "
        "cannot work at all."
    ),
    fix='resources: {requests: {cpu: "2", memory: "4Gi"}}',
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("K03",),
    check=per_container(_requests, *LASTING),
    settings={
        "resources": Setting(
            type="array",
            default=["cpu", "memory"],
            description="The resources that have to be requested.",
            more={"items": {"type": "string"}},
        )
    },
    relatives=(
        Relative(
            tool="kube-linter", check="unset-cpu-requirements", settings={"resources": ["cpu"]}
        ),
        Relative(tool="Checkov", check="CKV_K8S_10", settings={"resources": ["cpu"]}),
        Relative(tool="Checkov", check="CKV_K8S_12", settings={"resources": ["memory"]}),
        Relative(tool="Polaris", check="memoryRequestsMissing", settings={"resources": ["memory"]}),
    ),
)

EPHEMERAL: Final = ResourceRule(
    id="ephemeral-storage-is-bounded",
    title="Scratch volumes have a size limit",
    why=(
        "A model cache without a limit grows with every model that is tried: a 70 B model is 131 "
        "GiB. At 90 % of the node's disk the kubelet evicts pods, and images are deleted that take "
        "minutes to pull again. In memory it is the node's memory that runs out."
    ),
    fix="volumes: [{name: cache, emptyDir: {sizeLimit: 60Gi}}]",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("K17",),
    check=per_pod(_ephemeral),
    settings={
        "containerLimits": Setting(
            type="boolean",
            default=False,
            description="Whether containers also have to limit ephemeral-storage.",
        )
    },
    frameworks=(frameworks.nsa("Resource policies"),),
    relatives=(
        Relative(tool="Kyverno", check="require-emptydir-requests-limits"),
        Relative(
            tool="kube-score",
            check="container-ephemeral-storage-request-and-limit",
            settings={"containerLimits": True},
        ),
        Relative(
            tool="Gatekeeper",
            check="K8sContainerEphemeralStorageLimit",
            settings={"containerLimits": True},
        ),
    ),
)

RULES: Final[Sequence[Rule]] = (IN_BOUNDS, RATIO, REQUESTS, EPHEMERAL)
