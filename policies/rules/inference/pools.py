"""Pools of GPU nodes, and which pods can run on them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from catalog.instances import INSTANCES, InstanceType
from frame import tri
from frame.facts import Node
from frame.quantity import parse
from frame.resource import Index, Resource
from rules.aws.cluster import NODE_GROUP
from rules.kubernetes import gpu
from rules.kubernetes.workloads import Pod

NODE_POOL: Final = "NodePool"
TOKENS: Final = (NODE_GROUP, f"kubernetes:karpenter.sh/*:{NODE_POOL}")
Capacity = Literal["spot", "on-demand", "mixed", "unknown"]
_TYPE: Final = "node.kubernetes.io/instance-type"
# Set on a node when it runs, by the kubelet, by EKS, or by NVIDIA's feature discovery.
_AT_RUNTIME: Final = ("topology.*", "kubernetes.io/*", "nvidia.com/gpu.*", "failure-domain.*")
_KARPENTER_KEYS: Final = ("karpenter.k8s.aws/*", "karpenter.sh/*", "node.kubernetes.io/*")
# What of a pod decides which nodes it can run on.
_ASKED: Final = (("nodeSelector",), ("affinity", "nodeAffinity"), ("tolerations",))
_EFFECTS: Final = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute"}


@dataclass(frozen=True, slots=True)
class Taint:
    """What keeps pods away that do not tolerate it."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool: a managed node group or a Karpenter NodePool."""

    resource: Resource
    types: Sequence[str]
    # Whether more types are possible than are listed.
    open_types: bool
    labels: Node
    taints: Sequence[Taint]
    capacity: Capacity
    # None: not known yet. Infinity: no limit.
    most_nodes: float | None
    most_gpus: float | None
    least_nodes: int

    @property
    def machines(self) -> list[InstanceType]:
        """Return the catalogue's facts of the pool's types, where it has them."""
        return [INSTANCES[name] for name in self.types if name in INSTANCES]

    @property
    def gpus_per_node(self) -> int:
        """Return the GPUs that every node of the pool has at the least."""
        return min((machine.gpu_count for machine in self.machines), default=0)

    @property
    def name(self) -> str:
        """Return what people call the pool."""
        own = self.resource.at("nodeGroupName")
        if self.resource.is_kubernetes:
            own = self.resource.object_name
        return own.text(self.resource.name)


def gpu_pools(index: Index) -> list[Pool]:
    """Return the pools of a stack whose nodes have GPUs."""
    return index.once("gpu_pools", lambda: [pool for pool in all_pools(index) if _has_gpus(pool)])


def _has_gpus(pool: Pool) -> bool:
    return any(map(gpu.is_gpu_instance, pool.types))


def all_pools(index: Index) -> list[Pool]:
    """Return the pools of a stack."""
    groups = [_node_group(resource) for resource in index.of_token(NODE_GROUP)]
    karpenter = [
        _node_pool(resource) for resource in index.of_kind(NODE_POOL) if resource.is_kubernetes
    ]
    return [*groups, *karpenter]


def runs_on(pod: Pod, pool: Pool) -> bool | None:
    """Tell whether the pod may run on the pool's nodes; None when that is not known yet."""
    return tri.all_of((*_labels_fit(pod, pool), tolerates(pod, pool.taints)))


def pools_of(index: Index, pod: Pod) -> list[Pool]:
    """Return the GPU pools that the pod can run on."""
    # Most pods of a stack ask for the same nodes, and several rules ask about each.
    asked = [pod.spec.at(*keys).value for keys in _ASKED]
    return index.once(
        f"pools_of {asked!r}",
        lambda: [pool for pool in gpu_pools(index) if runs_on(pod, pool) is not False],
    )


def tolerates(pod: Pod, taints: Sequence[Taint]) -> bool | None:
    """Tell whether the pod tolerates all of the taints."""
    given = list(pod.spec.at("tolerations").each())
    return tri.all_of(tri.any_of(_covers(item, taint) for item in given) for taint in taints)


def _covers(toleration: Node, taint: Taint) -> bool | None:
    if toleration.unknown:
        return None
    key, effect = toleration.at("key"), toleration.at("effect")
    if key.unknown or effect.unknown:
        return None
    exists = toleration.at("operator").value == "Exists"
    if not effect.missing and effect.text() not in ("", taint.effect):
        return False
    if key.missing or not key.text():
        return exists
    value = toleration.at("value")
    return key.value == taint.key and (exists or value.text() == taint.value)


def _labels_fit(pod: Pod, pool: Pool) -> Iterator[bool | None]:
    selector = pod.spec.at("nodeSelector")
    if selector.unknown:
        yield None
    for key, value in selector.entries():
        yield None if value.unknown else _has(pool, key, "In", [value.text()])
    required = pod.spec.at(
        "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    terms = list(required.at("nodeSelectorTerms").each())
    if required.unknown:
        yield None
    if terms:
        yield tri.any_of(_term_fits(term, pool) for term in terms)


def _term_fits(term: Node, pool: Pool) -> bool | None:
    return tri.all_of(
        None
        if expression.unknown
        else _has(
            pool,
            expression.at("key").text(),
            expression.at("operator").text(),
            expression.at("values").texts(),
        )
        for expression in term.at("matchExpressions").each()
    )


def _has(pool: Pool, key: str, operator: str, values: Sequence[str]) -> bool | None:
    if key == _TYPE:
        found = any(name in values for name in pool.types)
        return (found or (None if pool.open_types else False)) if operator == "In" else None
    own = pool.labels.at(key)
    if own.missing:
        given_later = any(fnmatchcase(key, pattern) for pattern in _AT_RUNTIME)
        karpenter = pool.resource.is_kubernetes and any(
            fnmatchcase(key, pattern) for pattern in _KARPENTER_KEYS
        )
        if given_later or karpenter:
            return None
        return operator in ("NotIn", "DoesNotExist")
    if own.unknown:
        return None
    matches = operator == "Exists" or own.text() in values
    return not matches if operator in ("NotIn", "DoesNotExist") else matches


def _node_group(resource: Resource) -> Pool:
    types = resource.at("instanceTypes")
    scaling = resource.at("scalingConfig")
    labels = {key: node.value for key, node in resource.at("labels").entries()}
    labels["eks.amazonaws.com/capacityType"] = resource.at("capacityType").text("ON_DEMAND")
    most = _count(scaling.at("maxSize"))
    names = types.texts()
    pool = Pool(
        resource=resource,
        types=names,
        open_types=types.unknown or any(item.unknown for item in types.each()),
        labels=Node(labels, "labels"),
        taints=[_taint(item) for item in resource.at("taints").each() if not item.unknown],
        capacity=_group_capacity(resource.at("capacityType")),
        most_nodes=most,
        most_gpus=None if most is None else most * _fewest_gpus(names),
        least_nodes=int(scaling.at("minSize").number() or 0),
    )
    return pool


def _node_pool(resource: Resource) -> Pool:
    spec = resource.at("spec", "template", "spec")
    requirements = {
        item.at("key").text(): item.at("values") for item in spec.at("requirements").each()
    }
    types = next((requirements[key] for key in (_TYPE,) if key in requirements), None)
    families = requirements.get("karpenter.k8s.aws/instance-family")
    names = types.texts() if types else _of_families(families)
    limits = resource.at("spec", "limits")
    limit = limits.at("nvidia.com/gpu")
    return Pool(
        resource=resource,
        types=names,
        open_types=not names,
        labels=resource.at("spec", "template", "metadata", "labels"),
        taints=[_taint(item) for item in spec.at("taints").each() if not item.unknown],
        capacity=_karpenter_capacity(requirements.get("karpenter.sh/capacity-type")),
        most_nodes=math.inf,
        most_gpus=None if limit.unknown or limits.unknown else parse(limit.value) or math.inf,
        least_nodes=0,
    )


def _of_families(families: Node | None) -> list[str]:
    wanted = families.texts() if families else []
    return [name for name in INSTANCES if name.partition(".")[0] in wanted]


def _fewest_gpus(names: Sequence[str]) -> int:
    return min((INSTANCES[name].gpu_count for name in names if name in INSTANCES), default=0)


def _group_capacity(node: Node) -> Capacity:
    if node.unknown:
        return "unknown"
    return "spot" if node.value == "SPOT" else "on-demand"


def _karpenter_capacity(values: Node | None) -> Capacity:
    if values is None:
        return "on-demand"
    if values.unknown:
        return "unknown"
    kinds = set(values.texts())
    if "spot" in kinds:
        return "mixed" if "on-demand" in kinds else "spot"
    return "on-demand"


def _taint(node: Node) -> Taint:
    effect = node.at("effect").text()
    return Taint(node.at("key").text(), node.at("value").text(), _EFFECTS.get(effect, effect))


def _count(node: Node) -> float | None:
    return None if node.unknown else node.number() or 0
