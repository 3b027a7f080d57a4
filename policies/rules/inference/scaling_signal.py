"""What GPU workloads are scaled on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.resource import Index, Resource
from frame.rule import Category, Framework, Level, Relative, Rule, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.kubernetes import gpu, scalers
from rules.kubernetes.scalers import Scaler, Signal, Trigger

_HOST_SIGNALS: Final = frozenset({Signal.CPU, Signal.MEMORY})
_FIX: Final = (
    "triggers: [{type: prometheus, metadata: {query: sum(vllm:num_requests_waiting), "
    'threshold: "5", serverAddress: "http://prometheus.monitoring:9090"}}]'
)


def _check(index: Index, _settings: Settings) -> Iterator[Outcome]:
    joined = False
    for scaler in scalers.scalers(index):
        workloads, sure = scalers.targets(index, scaler)
        for workload in workloads:
            joined = True
            yield from _check_pair(scaler, workload, sure=sure)
        if not workloads and not sure:
            joined = True
            yield from _check_unjoined(index, scaler)
    if not joined:
        yield NotApplicable("no scaler has its workload in this stack")


def _check_pair(scaler: Scaler, workload: Resource, *, sure: bool) -> Iterator[Outcome]:
    use, unknown = gpu.uses(workload)
    triggers = scaler.triggers()
    on_host = _on_host_alone(triggers)
    if on_host is False or (use is None and not unknown):
        return
    urn = scaler.resource.urn
    if on_host is None:
        for trigger in triggers:
            if trigger.signal is Signal.UNKNOWN:
                yield Undetermined(path=trigger.node.path, because="a metric's kind", urn=urn)
    elif use is None:
        for node in unknown:
            yield Undetermined(
                path=node.path, because="whether the pods use a GPU", urn=workload.urn
            )
    elif not sure:
        name = scaler.target.at("name")
        yield Undetermined(path=name.path, because="which workload is scaled", urn=urn)
    else:
        yield _violation(scaler, workload, use, triggers)


def _check_unjoined(index: Index, scaler: Scaler) -> Iterator[Outcome]:
    """A target that is not known yet matters only if it may be a GPU workload."""
    nearby = index.in_namespace(scaler.resource.namespace, scaler.target_kind)
    maybe_gpu = any(gpu.uses_gpu(workload) is not False for workload, _ in nearby)
    if maybe_gpu and _on_host_alone(scaler.triggers()) is not False:
        name = scaler.target.at("name")
        yield Undetermined(
            path=name.path, because="which workload is scaled", urn=scaler.resource.urn
        )


def _on_host_alone(triggers: Sequence[Trigger]) -> bool | None:
    """Tell whether CPU or memory is all that decides; a schedule does not follow load."""
    signals = {trigger.signal for trigger in triggers}
    if Signal.LOAD in signals:
        return False
    if Signal.UNKNOWN in signals:
        return None
    return bool(signals & _HOST_SIGNALS)


def _violation(
    scaler: Scaler, workload: Resource, use: gpu.Use, triggers: Sequence[Trigger]
) -> Violation:
    signals = " and ".join(trigger.shown for trigger in triggers)
    return Violation(
        path=scaler.triggers_path.path,
        found=(
            f"{scaler.resource.kind} {scaler.resource.object_name.shown()} scales {workload.kind} "
            f"{workload.object_name.shown()}, which asks for {use.shown}, on {signals} alone"
        ),
        urn=scaler.resource.urn,
    )


NOT_ON_CPU_ALONE: Final = StackRule(
    id="gpu-workloads-not-scaled-on-cpu-alone",
    title="GPU workloads are scaled on a signal of their load, not on CPU or memory alone",
    why=(
        "A model server keeps one or two CPU cores busy whether 1 or 500 requests wait, and its "
        "memory holds the weights at any load. A 70 % CPU target therefore never fires while "
        "the queue grows to timeouts, or fires on a busy-polling core and holds idle GPUs at "
        "0.53 USD (g4dn.xlarge) to 142 USD (p6-b300.48xlarge) an hour. Waiting requests, KV-cache "
        "use or GPU duty cycle follow load."
    ),
    fix=_FIX,
    severity=Severity.HIGH,
    category=Category.SCALING,
    level=Level.MANDATORY,
    tokens=scalers.TOKENS,
    covers=("L3",),
    check=_check,
    frameworks=(
        Framework(
            name="AWS Well-Architected",
            version="2024-06-27",
            control="PERF05-BP02 Use monitoring solutions to understand where performance matters",
        ),
    ),
    relatives=(Relative(tool="EKS Best Practices", check="Scale based on model performance"),),
)

RULES: Final[Sequence[Rule]] = (NOT_ON_CPU_ALONE,)
