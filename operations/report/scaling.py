"""Replicas against load, stage by stage, as the autoscaler would answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from operations.report.resources import Resource, items, section

_HPA: Final = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
_KEDA: Final = "kubernetes:keda.sh/v1alpha1:ScaledObject"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One stage's answer to load."""

    stage: str
    # What load is counted in, such as `CPU in use, in pods' requests`.
    load: str
    # Load that one replica is to have; absent: replicas follow nothing.
    threshold: float | None
    least: int
    most: int

    def replicas(self, load: float) -> int:
        """Return the replicas at a load that lasts."""
        if self.threshold is None:
            return self.least
        # A hair below, so that 0.65 / 0.65 is one replica in floating point, too.
        wanted = math.ceil(load / self.threshold - 1e-9)
        return max(self.least, min(self.most, wanted))

    @property
    def full(self) -> float:
        """The load from which on more replicas would be needed than are allowed."""
        return self.most * (self.threshold or 0)

    @property
    def words(self) -> str:
        """The same in one line, for who cannot see the picture."""
        if self.threshold is None:
            return f"{self.stage}: {self.least} replicas at any load"
        least = f"{self.least} replicas up to {self.least * self.threshold:g}, then one"
        return (
            f"{self.stage}: {least if self.least else 'none without load, one'} for each "
            f"{self.threshold:g}, {self.most} from {self.full:g} on ({self.load})"
        )


def read(resources: Mapping[str, Resource]) -> list[Curve]:
    """Return a curve for each scaler, and a flat one for each stage without."""
    curves: list[Curve] = []
    scaled: set[str] = set()
    for one in sorted(resources.values(), key=lambda resource: resource.urn):
        if one.type in (_HPA, _KEDA):
            found = _horizontal(one) if one.type == _HPA else _keda(one)
            scaled.add(_target(one))
            curves.extend(found)
    for one in sorted(resources.values(), key=lambda resource: resource.urn):
        name = _name(one)
        if one.type == "kubernetes:apps/v1:Deployment" and name not in scaled:
            replicas = section(one.inputs.get("spec")).get("replicas")
            if isinstance(replicas, int | float) and "ballast:serving:" in one.urn:
                size = int(replicas)
                curves.append(Curve(stage=name, load="", threshold=None, least=size, most=size))
    return curves


def _name(resource: Resource) -> str:
    return str(section(resource.inputs.get("metadata")).get("name", resource.name))


def _target(resource: Resource) -> str:
    spec = section(resource.inputs.get("spec"))
    return str(section(spec.get("scaleTargetRef")).get("name", _name(resource)))


def _horizontal(resource: Resource) -> list[Curve]:
    spec = section(resource.inputs.get("spec"))
    least, most = _size(spec.get("minReplicas"), 1), _size(spec.get("maxReplicas"), None)
    if least is None or most is None:
        return []
    curves: list[Curve] = []
    for metric in map(section, items(spec.get("metrics"))):
        source = section(metric.get("resource"))
        percent = section(source.get("target")).get("averageUtilization")
        if isinstance(percent, int | float):
            load = f"{source.get('name', 'cpu')} in use, in requests of one pod"
            curve = Curve(
                stage=_target(resource), load=load, threshold=percent / 100, least=least, most=most
            )
            curves.append(curve)
    return curves


def _keda(resource: Resource) -> list[Curve]:
    spec = section(resource.inputs.get("spec"))
    # Defaults of KEDA itself.
    least, most = _size(spec.get("minReplicaCount"), 0), _size(spec.get("maxReplicaCount"), 100)
    if least is None or most is None:
        return []
    curves: list[Curve] = []
    for trigger in map(section, items(spec.get("triggers"))):
        threshold = _number(section(trigger.get("metadata")).get("threshold"))
        # A mean (Value) multiplies the replicas that there are: no function of load alone.
        if threshold and trigger.get("metricType", "AverageValue") == "AverageValue":
            load = str(trigger.get("name") or trigger.get("type"))
            curve = Curve(
                stage=_target(resource), load=load, threshold=threshold, least=least, most=most
            )
            curves.append(curve)
    return curves


def _size(value: Any, absent: int | None) -> int | None:
    if value is None:
        return absent
    return int(value) if isinstance(value, int | float) else None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
