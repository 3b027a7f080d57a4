"""Alerts by Prometheus itself: each fires in its trouble, and all are quiet without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalog.metrics import SIGNALS
from components.observability.alert import Alert
from components.observability.alerts import OVERLOAD, alerts
from components.observability.rules import alert_spec, price_spec
from components.observability.watched import Watched
from tests.components.observability.conftest import Judge, Sample
from tests.components.observability.samples import BERT, WATCHED
from tests.components.observability.world import PODS, Series, constant, per_second
from tests.support.engine import ROOT

ALERTS = alerts(WATCHED)
RULES = alert_spec(ALERTS, WATCHED)
FIRING = 'group by (alertname, stage, severity) (ALERTS{alertstate="firing"})'
RUNBOOKS = ROOT / "docs" / "runbooks"
HEADINGS = ("## Meaning", "## Impact", "## Look at", "## Do", "## Prevent")

STEPS = 400
AT = "90m"


def cluster(name: str = "bert") -> dict[str, str]:
    return {"namespace": "inference", "envoy_cluster_name": name}


def of(**labels: str) -> dict[str, str]:
    return {"namespace": "inference", **labels}


def calm() -> dict[str, Series]:
    """A healthy model under steady load, by what a trouble may put in its place."""
    scaler = of(horizontalpodautoscaler="keda-hpa-bert")
    blind = {**scaler, "condition": "ScalingActive", "status": "false"}
    container = of(pod=PODS[0], container="model")
    rate = "envoy_cluster_upstream_rq_time"
    engine = of(workload="bert", pod=PODS[0])
    series = {
        "completed": Series("envoy_cluster_upstream_rq_completed", cluster(), per_second(10)),
        "failed": Series(
            "envoy_cluster_upstream_rq_xx",
            {**cluster(), "envoy_response_code_class": "5"},
            per_second(0.01),
        ),
        "quick": Series(f"{rate}_bucket", {**cluster(), "le": "2500.0"}, per_second(9.99)),
        "all": Series(f"{rate}_count", cluster(), per_second(10)),
        "healthy": Series("envoy_cluster_membership_healthy", cluster(), constant(2)),
        "active": Series("envoy_cluster_upstream_rq_active", cluster(), constant(10)),
        "pending": Series("envoy_cluster_upstream_rq_pending_active", cluster(), constant(0)),
        "no-host": Series("envoy_cluster_upstream_cx_none_healthy", cluster(), constant(0)),
        "cache": Series("vllm:kv_cache_usage_perc", engine, constant(0.6)),
        "running": Series("vllm:num_requests_running", engine, constant(10)),
        "waiting": Series("vllm:num_requests_waiting", engine, constant(2)),
        "preempted": Series("vllm:num_preemptions_total", engine, constant(0)),
        "memory": Series("container_memory_working_set_bytes", container, constant(5e9)),
        "limit": Series(
            "kube_pod_container_resource_limits",
            {**container, "resource": "memory"},
            constant(8e9),
        ),
        "request": Series(
            "kube_pod_container_resource_requests", {**container, "resource": "cpu"}, constant(2)
        ),
        "restarts": Series("kube_pod_container_status_restarts_total", container, constant(7)),
        "phase": Series("kube_pod_status_phase", of(pod=PODS[0], phase="Pending"), constant(0)),
        "ready": Series(
            "kube_deployment_status_replicas_available", of(deployment="bert"), constant(2)
        ),
        "wanted": Series("kube_deployment_spec_replicas", of(deployment="bert"), constant(2)),
        "asks": Series("kube_horizontalpodautoscaler_status_desired_replicas", scaler, constant(2)),
        "most": Series("kube_horizontalpodautoscaler_spec_max_replicas", scaler, constant(8)),
        "blind": Series("kube_horizontalpodautoscaler_status_condition", blind, constant(0)),
        "errors": Series("keda_scaler_detail_errors_total", of(scaledObject="bert"), constant(3)),
        "gpu": Series("DCGM_FI_DEV_GPU_UTIL", of(pod=PODS[0], gpu="0"), constant(70)),
    }
    return series | others()


def others() -> dict[str, Series]:
    """What keeps the stages quiet that no trouble is made for."""
    gateway = of(pod="inference-gateway-5c9-g1", container="gateway")
    encoder = cluster("encoder")
    aggregator = cluster("result-aggregator")
    return {
        "gateway-cpu": Series("container_cpu_usage_seconds_total", gateway, per_second(0.1)),
        "gateway-request": Series(
            "kube_pod_container_resource_requests", {**gateway, "resource": "cpu"}, constant(1)
        ),
        "encoder-healthy": Series("envoy_cluster_membership_healthy", encoder, constant(0)),
        "encoder-active": Series("envoy_cluster_upstream_rq_active", encoder, constant(0)),
        "encoder-pending": Series("envoy_cluster_upstream_rq_pending_active", encoder, constant(0)),
        "encoder-no-host": Series("envoy_cluster_upstream_cx_none_healthy", encoder, constant(0)),
        "encoder-ready": Series(
            "kube_deployment_status_replicas_available", of(deployment="encoder"), constant(0)
        ),
        "aggregator-healthy": Series("envoy_cluster_membership_healthy", aggregator, constant(2)),
    }


@dataclass(frozen=True)
class Trouble:
    """What is put in the place of calm series, and the alerts that it makes."""

    fires: tuple[tuple[str, str], ...]
    # Key of a calm series -> its values; None: it is not there at all.
    values: Mapping[str, str | None]
    extra: tuple[Series, ...] = ()
    stage: str | None = "bert"


def over(signal: str, factor: float = 1.0) -> float:
    limit = SIGNALS[signal].warning
    assert limit is not None
    return limit * factor


NOTICE = {"node": "n", "key": "aws-node-termination-handler/spot-itn"}
TROUBLES: dict[str, Trouble] = {
    "answers-slow": Trouble(
        (("LatencyBudgetBurnsFast", "critical"), ("LatencyBudgetBurnsSlowly", "warning")),
        {"quick": per_second(8)},
    ),
    "a-few-answers-fail": Trouble(
        (("AnswersFail", "warning"),), {"failed": per_second(10 * over("gateway-errors", 1.2))}
    ),
    "most-answers-fail": Trouble(
        (("AnswersFail", "warning"), ("AnswersFail", "critical")), {"failed": per_second(5)}
    ),
    "no-replica": Trouble((("NoReplicaAnswers", "critical"),), {"healthy": constant(0)}),
    "asked-for-and-not-there": Trouble(
        (("NoReplicaAnswers", "critical"), ("RequestsQueueUp", "warning")),
        {"encoder-no-host": per_second(1)},
        stage="encoder",
    ),
    "cache-full": Trouble((("KvCacheNearlyFull", "warning"),), {"cache": constant(0.92)}),
    "cache-fuller": Trouble(
        (("KvCacheNearlyFull", "warning"), ("KvCacheNearlyFull", "critical")),
        {"cache": constant(0.97)},
    ),
    "preempted": Trouble((("RequestsArePreempted", "warning"),), {"preempted": per_second(1.5)}),
    "queue": Trouble(
        (("RequestsQueueUp", "warning"),), {"waiting": constant(2 * OVERLOAD * 8 - 9)}
    ),
    "memory": Trouble((("MemoryNearLimit", "warning"),), {"memory": constant(7e9)}),
    "memory-out": Trouble(
        (("MemoryNearLimit", "warning"), ("MemoryNearLimit", "critical")),
        {"memory": constant(7.8e9)},
    ),
    "restarts": Trouble((("ContainersRestart", "warning"),), {"restarts": "0x200 0+0.05x200"}),
    "pending": Trouble((("PodsPending", "warning"),), {"phase": constant(1)}),
    "blind": Trouble((("ScalerFails", "warning"),), {"blind": constant(1)}),
    "scaler-errors": Trouble((("ScalerFails", "warning"),), {"errors": per_second(0.1)}),
    "at-maximum": Trouble((("ScalerAtMaximum", "warning"),), {"asks": constant(8)}),
    "nothing-scraped": Trouble(
        (("ScalingSignalMissing", "critical"),),
        {"cache": None, "running": None, "waiting": None},
    ),
    "idle-gpu": Trouble((("GpusIdle", "warning"),), {"gpu": constant(1)}, stage=None),
    "spot": Trouble(
        (("SpotInterruptions", "warning"),),
        {},
        tuple(
            Series(
                "kube_node_spec_taint", {**NOTICE, "node": node}, f"_x200 {constant(1, 40)} stale"
            )
            for node in ("n1", "n2", "n3")
        ),
        stage=None,
    ),
}
# What is like a trouble, and none.
HARMLESS: dict[str, Trouble] = {
    "a-blip-of-slow-answers": Trouble((), {"quick": "0+149.85x340 50949+30x8 51189+149.85x52"}),
    "asleep-and-nobody-asks": Trouble((), {}),
    "scaled-to-zero": Trouble((), {"blind": constant(1), "wanted": constant(0)}),
    "just-below-the-limits": Trouble(
        (),
        {
            "cache": constant(0.89),
            "memory": constant(8e9 * 0.84),
            "failed": per_second(10 * over("gateway-errors", 0.9)),
            "preempted": per_second(0.9),
            "asks": constant(7),
        },
    ),
    "pending-for-a-moment": Trouble((), {"phase": f"0x340 {constant(1, 20)} {constant(0, 40)}"}),
    "two-restarts": Trouble((), {"restarts": "0x200 1x100 2x100"}),
    "a-gpu-that-just-came": Trouble(
        (), {}, (Series("DCGM_FI_DEV_GPU_UTIL", {"gpu": "1"}, f"_x300 {constant(0, 100)}"),)
    ),
    "two-spot-nodes": Trouble(
        (),
        {},
        tuple(
            Series("kube_node_spec_taint", {**NOTICE, "node": node}, constant(1))
            for node in ("n1", "n2")
        ),
    ),
}


def series_of(trouble: Trouble) -> list[Series]:
    made = [
        Series(one.name, one.labels, trouble.values.get(key, one.values) or "")
        for key, one in calm().items()
        if trouble.values.get(key, "") is not None
    ]
    return [*made, *trouble.extra]


def firing(trouble: Trouble) -> list[Sample]:
    stage = f', stage="{trouble.stage}"' if trouble.stage else ""
    names = dict.fromkeys(trouble.fires)
    found = {
        f'{{alertname="{name}", severity="{severity}"{stage}}}': 1.0 for name, severity in names
    }
    return list(found.items())


def test_every_alert_has_a_trouble_that_makes_it_fire() -> None:
    tried = {name for trouble in TROUBLES.values() for name, _severity in trouble.fires}
    assert tried == {alert.name for alert in ALERTS}


def test_the_record_is_written_as_a_rule() -> None:
    (rule,) = alert_spec(
        [Alert(name="TestFires", severity="warning", expr="up == 0", minutes=0, summary="down")],
        WATCHED,
    )["groups"][0]["rules"]
    assert rule == {
        "alert": "TestFires",
        "expr": "up == 0",
        "labels": {"severity": "warning", "namespace": "inference"},
        "annotations": {"summary": "down", "runbook_url": "docs/runbooks/test-fires.md"},
    }


@pytest.mark.toolchain
def test_prometheus_accepts_the_rules(judge: Judge) -> None:
    assert judge.check_rules(RULES) == ""
    assert judge.check_rules(price_spec(WATCHED.prices)) == ""


@pytest.mark.toolchain
def test_prometheus_refuses_a_broken_rule(judge: Judge) -> None:
    broken = Alert(name="X", severity="warning", expr="sum(", minutes=1, summary="")
    assert "parse error" in judge.check_rules(alert_spec([broken], WATCHED))


@pytest.mark.toolchain
def test_nothing_fires_while_all_is_well(judge: Judge) -> None:
    said = judge.evaluate([*calm().values()], {FIRING: []}, AT, rules=RULES)
    assert said == ""


@pytest.mark.toolchain
@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_makes_its_alerts_fire_and_no_others(judge: Judge, name: str) -> None:
    trouble = TROUBLES[name]
    said = judge.evaluate(series_of(trouble), {FIRING: firing(trouble)}, AT, rules=RULES)
    assert said == ""


@pytest.mark.toolchain
@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_like_trouble_wakes_nobody(judge: Judge, name: str) -> None:
    said = judge.evaluate(series_of(HARMLESS[name]), {FIRING: []}, AT, rules=RULES)
    assert said == ""


@pytest.mark.toolchain
def test_a_slow_leak_of_the_budget_is_told_without_waking_anybody(judge: Judge) -> None:
    # 1.5 % slow where 1 % may be, for three days, scraped every five minutes.
    steps = 12 * 24 * 3
    slow = {
        "quick": per_second(9.85, steps, every=300),
        "all": per_second(10, steps, every=300),
    }
    series = [Series(one.name, one.labels, slow[key]) for key, one in calm().items() if key in slow]
    burns = [alert for alert in ALERTS if alert.name.startswith("LatencyBudget")]
    expected = [('{alertname="LatencyBudgetBurnsSlowly", severity="warning", stage="bert"}', 1.0)]
    said = judge.evaluate(
        *(series, {FIRING: expected}, "71h"),
        rules=alert_spec(burns, WATCHED),
        every="5m",
        evaluated_every="15m",
    )
    assert said == ""


@pytest.mark.toolchain
def test_prices_become_a_metric_with_the_labels_of_nodes(judge: Judge) -> None:
    labels = '{label_ballast_capacity_type="on-demand",' + (
        'label_node_kubernetes_io_instance_type="g6.2xlarge",__name__="ballast:node_dollars:hour"}'
    )
    spot = labels.replace("on-demand", "spot")
    expected = {"ballast:node_dollars:hour": [(labels, 0.9776), (spot, 0.44)]}
    said = judge.evaluate([], expected, "5m", rules=price_spec(WATCHED.prices))
    assert said == ""


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.stage}")
def test_every_alert_has_a_runbook_with_all_its_parts(alert: Alert) -> None:
    text = (RUNBOOKS / alert.runbook).read_text()
    assert text.startswith(f"# {alert.name}\n")
    places = [text.index(heading) for heading in HEADINGS]
    assert places == sorted(places)
    ends = [*places[1:], len(text)]
    for heading, start, end in zip(HEADINGS, places, ends, strict=True):
        assert len(text[start + len(heading) : end].split()) >= 5, heading


def test_every_runbook_has_its_alert() -> None:
    known = {alert.runbook for alert in ALERTS} | {"README.md"}
    assert {path.name for path in RUNBOOKS.glob("*.md")} == known
    listed = (RUNBOOKS / "README.md").read_text()
    for alert in ALERTS:
        assert f"[{alert.name}]({alert.runbook})" in listed


def test_thresholds_are_those_of_the_catalogue_and_of_the_scaler() -> None:
    by_name: dict[tuple[str, str], Any] = {
        (alert.name, alert.severity): alert.expr for alert in ALERTS if alert.stage == "bert"
    }
    assert by_name["KvCacheNearlyFull", "critical"].endswith(
        f"> {SIGNALS['vllm-kv-cache'].critical:g}"
    )
    load = BERT.triggers[0]
    assert by_name["RequestsQueueUp", "warning"].endswith(f"> {OVERLOAD * load.threshold:g}")


def test_stages_of_a_fixed_size_have_no_alert_about_scaling() -> None:
    names = {alert.name for alert in ALERTS if alert.stage == "result-aggregator"}
    assert not {name for name in names if name.startswith("Scal")}


def test_without_gpu_nodes_nobody_watches_gpus() -> None:
    watched = Watched(namespace="inference", stages=WATCHED.stages, gpu_nodes=False)
    assert all(alert.stage for alert in alerts(watched))


def test_the_handler_of_interruptions_decides_where_notices_are_read() -> None:
    watched = Watched(
        namespace="inference", stages=WATCHED.stages, interruption_handler="karpenter"
    )
    (spot,) = [alert for alert in alerts(watched) if alert.name == "SpotInterruptions"]
    assert "karpenter_interruption" in spot.expr


def test_the_folder_of_runbooks_is_in_the_repository() -> None:
    assert Path(WATCHED.runbooks) == RUNBOOKS.relative_to(ROOT)
