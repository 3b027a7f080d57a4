"""How a model server starts and how it goes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Index
from frame.rule import Category, Rule, Setting, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.inference.facts import number
from rules.inference.pools import pools_of
from rules.inference.serving import Serving, servings
from rules.kubernetes.replicas import bounds, selected
from rules.kubernetes.workloads import WORKLOADS

SPOT_NOTICE_SECONDS: Final = 120
_START_SECONDS: Final = {"vllm": 180, "sglang": 180, "triton": 60}
_DRAIN_FLAGS: Final = ("--shutdown-timeout", "--exit-timeout-secs", "--graceful-timeout")


def load_seconds(index: Index, serving: Serving, gib_per_second: float) -> float | None:
    """Return how long it takes from a container's start to its first answer.

    The weights come out of a registry onto a disk, and off the disk again.
    """
    stated = number(index, serving.workload, "load-seconds")
    if stated is not None:
        return stated
    if serving.shape is None:
        return None
    start = _START_SECONDS.get(serving.engine, 30)
    return math.ceil(2 * serving.shape.weights_gib / gib_per_second) + start


def _check_probes(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for serving in servings(index):
        needed = load_seconds(index, serving, settings["gibPerSecond"])
        if needed is None:
            continue
        applies = True
        yield from _patient(serving, needed)
        yield from _deadline(serving, needed)
    if not applies:
        yield NotApplicable("no container whose model is known")


def _patient(serving: Serving, needed: float) -> Iterator[Outcome]:
    startup, liveness = serving.container.at("startupProbe"), serving.container.at("livenessProbe")
    probe = liveness if startup.missing else startup
    if probe.missing:
        return
    patience, unknown = _patience(probe)
    urn = serving.workload.urn
    if unknown:
        yield Undetermined(path=unknown.path, urn=urn)
    elif patience < needed:
        failures = math.ceil(needed / 10)
        yield Violation(
            path=probe.path,
            found=(
                f"gives {serving.container.label} {patience:g} s until its first answer, and its "
                f"model takes {needed:g}"
            ),
            fix=f"startupProbe: {{periodSeconds: 10, failureThreshold: {failures}}}",
            urn=urn,
        )


def _patience(probe: Node) -> tuple[float, Node | None]:
    """Return the seconds until a probe that fails has the container restarted."""
    places = [probe.at(key) for key in ("initialDelaySeconds", "periodSeconds", "failureThreshold")]
    unknown = probe if probe.unknown else next((node for node in places if node.unknown), None)
    delay, period, failures = (node.number() for node in places)
    return (delay or 0) + (period or 10) * (failures or 3), unknown


def _deadline(serving: Serving, needed: float) -> Iterator[Outcome]:
    if serving.workload.kind != "Deployment":
        return
    node = serving.workload.at("spec", "progressDeadlineSeconds")
    stated = node.number()
    if node.unknown:
        yield Undetermined(path=node.path, urn=serving.workload.urn)
    elif (600 if stated is None else stated) < needed:
        yield Violation(
            path=node.path,
            found=f"is {node.text('600, the default')} s, and a new pod takes {needed:g}",
            fix=f"progressDeadlineSeconds: {math.ceil(needed * 1.5)}",
            urn=serving.workload.urn,
        )


def _check_shutdown(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for serving in servings(index):
        if serving.workload.kind in ("Job", "CronJob"):
            continue
        applies = True
        yield from _drains(index, serving, settings)
    if not applies:
        yield NotApplicable("no model server")


def _drains(index: Index, serving: Serving, settings: Settings) -> Iterator[Outcome]:
    urn = serving.workload.urn
    grace = serving.pod.spec.at("terminationGracePeriodSeconds")
    pre_stop, hook = _pre_stop(serving)
    if grace.unknown or (pre_stop is None and hook.unknown):
        yield Undetermined(path=(grace if grace.unknown else hook).path, urn=urn)
        return
    if hook.missing:
        found = f"not set for {serving.container.label}: it stops while requests still come"
        yield Violation(path=hook.path, found=found, urn=urn)
    seconds = grace.number()
    seconds = 30 if seconds is None else seconds
    drain = _generation_seconds(index, serving, settings)
    needed = (pre_stop or 0) + drain
    if seconds < needed:
        yield Violation(
            path=grace.path,
            found=(
                f"is {grace.text('30, the default')} s; preStop takes {pre_stop or 0:g} and the "
                f"longest answer {drain:g}"
            ),
            fix=f"terminationGracePeriodSeconds: {math.ceil(needed + 10)}",
            urn=urn,
        )
    if seconds > SPOT_NOTICE_SECONDS and _on_spot(index, serving):
        yield Violation(
            path=grace.path,
            found=f"is {seconds:g} s; a spot node is gone {SPOT_NOTICE_SECONDS} s after its notice",
            fix=f"terminationGracePeriodSeconds: {SPOT_NOTICE_SECONDS - 10}",
            urn=urn,
        )


def _pre_stop(serving: Serving) -> tuple[float | None, Node]:
    """Return the seconds that preStop takes, where it says, and the hook itself."""
    hook = serving.container.at("lifecycle", "preStop")
    slept = hook.at("sleep", "seconds").number()
    if slept is not None:
        return slept, hook
    words = " ".join(hook.at("exec", "command").texts()).split()
    for position, word in enumerate(words[:-1]):
        if word == "sleep":
            return Node(words[position + 1]).number(), hook
    return (0 if hook.known else None), hook


def _generation_seconds(index: Index, serving: Serving, settings: Settings) -> float:
    stated = number(index, serving.workload, "generation-seconds")
    if stated is not None:
        return stated
    drains = [serving.flag_number(name) for name in _DRAIN_FLAGS]
    return next((value for value in drains if value is not None), settings["generationSeconds"])


def _on_spot(index: Index, serving: Serving) -> bool:
    return any(pool.capacity in ("spot", "mixed") for pool in pools_of(index, serving.pod))


def _check_budgets(index: Index, settings: Settings) -> Iterator[Outcome]:
    applies = False
    for serving in servings(index):
        workload = serving.workload
        slow = (load_seconds(index, serving, settings["gibPerSecond"]) or 0) >= 60
        for budget, sure in index.in_namespace(workload.namespace, "PodDisruptionBudget"):
            if not sure or not selected(budget.at("spec", "selector"), workload):
                continue
            applies = True
            policy = budget.at("spec", "unhealthyPodEvictionPolicy")
            if policy.unknown:
                yield Undetermined(path=policy.path, urn=budget.urn)
            elif slow and policy.value != "AlwaysAllow":
                found = f"is {policy.text('IfHealthyBudget, the default')}, for a slow model server"
                yield Violation(path=policy.path, found=found, urn=budget.urn)
            if bounds(index, workload).least == 1 and _all_spot(index, serving):
                name = workload.object_name.shown()
                found = f"{workload.kind} {name} keeps one pod, on spot: no budget can save it"
                path = bounds(index, workload).least_at.path
                yield Violation(path=path, found=found, urn=workload.urn, fix="replicas: 2")
    if not applies:
        yield NotApplicable("no disruption budget for a model server")


def _all_spot(index: Index, serving: Serving) -> bool:
    pools = pools_of(index, serving.pod)
    return bool(pools) and all(pool.capacity == "spot" for pool in pools)


_RATE: Final = Setting(
    type="number",
    default=0.1,
    description="GiB a second at which weights come in, and then off the disk (gp3: 0.12).",
)

PROBES: Final = StackRule(
    id="probes-wait-for-the-model",
    title="Probes and rollouts give a model the time that it takes to load",
    why=(
        "A probe that gives up before the weights are read restarts the container, which begins "
        "again: it never comes up, and each try costs a GPU for minutes. A rollout's deadline of "
        "600 s reports a failure that is none."
    ),
    fix="startupProbe: {httpGet: {path: /health, port: 8000}, failureThreshold: 60}",
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("L12",),
    check=_check_probes,
    settings={"gibPerSecond": _RATE},
)

SHUTDOWN: Final = StackRule(
    id="shutdown-finishes-answers",
    title="A model server finishes its answers when it goes, and within the spot notice",
    why=(
        "At 50 tokens a second an answer of 2,000 tokens takes 40 s; Kubernetes kills after 30. "
        "Without preStop, requests still come for the seconds that endpoints and proxies need to "
        "forget the pod. On spot everything has to be over in 120 s."
    ),
    fix="lifecycle: {preStop: {sleep: {seconds: 15}}}",
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("L13",),
    check=_check_shutdown,
    settings={
        "generationSeconds": Setting(
            type="number",
            default=30,
            description="The longest answer, where neither an annotation nor a flag says.",
        )
    },
)

BUDGETS: Final = StackRule(
    id="budgets-fit-model-servers",
    title="Disruption budgets of model servers reckon with loading, and with spot",
    why=(
        "A pod that loads for minutes is unhealthy: with the default policy a drain waits for it, "
        "and the node's spot notice runs out. And one pod on spot goes in two minutes whatever its "
        "budget says: the notice asks nobody."
    ),
    fix="spec: {unhealthyPodEvictionPolicy: AlwaysAllow}",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=("kubernetes:policy/*:PodDisruptionBudget",),
    covers=("L19",),
    check=_check_budgets,
    settings={"gibPerSecond": _RATE},
)

RULES: Final[Sequence[Rule]] = (PROBES, SHUTDOWN, BUDGETS)
