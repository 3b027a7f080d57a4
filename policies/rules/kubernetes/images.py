"""Which image a container runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from frame import quantity
from frame.rule import Category, Relative, ResourceRule, Rule, Setting, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes.checks import per_container
from rules.kubernetes.workloads import WORKLOADS, Container, Pod

_DIGEST: Final = re.compile(r"@sha\d+:[0-9a-f]+$", re.IGNORECASE)
_VISIBLE: Final = "NVIDIA_VISIBLE_DEVICES"
_CPU_IMAGE: Final = re.compile(r"(^|[-_./:])cpu($|[-_.])", re.I)


def _pinned(container: Container, _pod: Pod, settings: Settings) -> Iterator[Outcome]:
    image = container.at("image")
    if image.unknown:
        yield Undetermined(path=image.path)
        return
    defect = _defect(image.text(), digest=settings["digest"])
    if image.known and defect:
        yield Violation(path=image.path, found=f"{image.text()} of {container.label} {defect}")


def _defect(image: str, *, digest: bool) -> str:
    if _DIGEST.search(image):
        return ""
    if digest:
        return "has no digest"
    # A colon before the last slash belongs to the registry's port.
    _, colon, tag = image.rpartition("/")[2].partition(":")
    if not colon or not tag:
        return "has no tag, which means latest"
    return "is whatever was pushed last" if tag == "latest" else ""


def _gpu_image(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    wants = _wants_nvidia(container)
    if wants is None:
        yield Undetermined(path=container.at("resources").path)
        return
    for variable in container.at("env").each():
        value = variable.at("value")
        if variable.at("name").value != _VISIBLE or not value.known:
            continue
        if not wants and value.text() not in ("void", "none", ""):
            found = f"{container.label} sets {_VISIBLE}={value.text()} and asks for no GPU"
            yield Violation(path=value.path, found=found, fix="# remove the variable")
        elif wants and value.text() in ("void", "none", ""):
            found = f"{container.label} asks for a GPU and hides it by {_VISIBLE}={value.text()}"
            yield Violation(path=value.path, found=found, fix="# remove the variable")
    image = container.at("image")
    if wants and image.known and _CPU_IMAGE.search(image.text().partition("@")[0]):
        found = f"{image.text()} is built for CPUs, and {container.label} asks for a GPU"
        yield Violation(path=image.path, found=found)


def _wants_nvidia(container: Container) -> bool | None:
    unknown = False
    for field in ("limits", "requests"):
        amounts = container.at("resources", field)
        unknown = unknown or amounts.unknown
        for name, amount in amounts.entries():
            some = amount.unknown or (quantity.of(amount) or 0) > 0
            if name.startswith("nvidia.com/") and some:
                return True
    return None if unknown else False


PINNED: Final = ResourceRule(
    id="images-are-pinned",
    title="Every image is pinned to a version",
    why=(
        "With latest, or with no tag, a pod that is rescheduled after a spot reclaim may run "
        "another version than its neighbour, and a rollback brings back nothing. Metrics change "
        "names between engine versions too, so scaling stops without an error."
    ),
    fix="image: vllm/vllm-openai:v0.11.0",
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("K04",),
    check=per_container(_pinned),
    settings={
        "digest": Setting(
            type="boolean", default=False, description="Whether only a digest counts as pinned."
        )
    },
    frameworks=(frameworks.nsa("Pod security: image provenance"),),
    relatives=(
        Relative(tool="kube-linter", check="latest-tag"),
        Relative(tool="kube-score", check="container-image-tag"),
        Relative(tool="Polaris", check="tagNotSpecified"),
        Relative(tool="Kyverno", check="disallow-latest-tag"),
        Relative(tool="Checkov", check="CKV_K8S_14"),
        Relative(tool="Checkov", check="CKV_K8S_43", settings={"digest": True}),
        Relative(tool="Trivy", check="KSV-0013"),
        Relative(tool="Kubescape", check="C-0075"),
    ),
)

GPU_IMAGE: Final = ResourceRule(
    id="gpu-visibility-follows-requests",
    title="A container sees the GPUs that it asks for, and no others",
    why=(
        f"With {_VISIBLE}=all and no request a container uses every GPU of its node behind the "
        "scheduler's back, and the pod that paid for it runs out of memory. A CPU image on a GPU "
        "node costs 0.53 USD an hour and more for a GPU that stays idle."
    ),
    fix='resources: {limits: {nvidia.com/gpu: "1"}}',
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("K19",),
    check=per_container(_gpu_image),
    relatives=(Relative(tool="Kyverno", check="check-nvidia-gpus"),),
)

RULES: Final[Sequence[Rule]] = (PINNED, GPU_IMAGE)
