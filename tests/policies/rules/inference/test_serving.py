"""The rules about model servers: whether they fit, start, stop and are placed as they should."""

from __future__ import annotations

from typing import Any

import pytest

from catalog import shapes
from frame.facts import UNKNOWN, Node
from frame.verdict import Kind, Verdict
from rules.inference import (
    capacity,
    facts,
    idle,
    lifecycle,
    memory,
    parallel,
    placement,
    requests,
    serving,
)
from rules.kubernetes.workloads import Container, Role
from tests.support.cases import Cases, check_all
from tests.support.edits import DELETE
from tests.support.policy import Given, but, judge, judge_stack, to_index

SPEC = "spec.template.spec"
FIRST = f"{SPEC}.containers[0]"
LIMIT = f"{FIRST}.resources.limits.memory"
GPUS = f'{FIRST}.resources.limits["nvidia.com/gpu"]'
META = {"name": "llm", "namespace": "serving"}
SELECTOR = {"matchLabels": {"app": "llm"}}


def annotation(name: str) -> str:
    return f'metadata.annotations["{facts.PREFIX}{name}"]'


SERVER: dict[str, Any] = {
    "metadata": META,
    "spec": {
        "replicas": 2,
        "template": {
            "metadata": {"labels": {"app": "llm"}},
            "spec": {
                "terminationGracePeriodSeconds": 80,
                "nodeSelector": {"accelerator": "nvidia"},
                "tolerations": [
                    {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
                ],
                "containers": [
                    {
                        "name": "vllm",
                        "image": "vllm/vllm-openai:v0.18.0",
                        "args": [
                            "--model=Qwen/Qwen2.5-7B-Instruct",
                            "--max-model-len=8192",
                            "--max-num-seqs",
                            "8",
                        ],
                        "resources": {
                            "limits": {"memory": "28Gi", "nvidia.com/gpu": "1"},
                            "requests": {"memory": "24Gi", "cpu": "4", "nvidia.com/gpu": "1"},
                        },
                        "startupProbe": {"periodSeconds": 10, "failureThreshold": 48},
                        "lifecycle": {"preStop": {"sleep": {"seconds": 15}}},
                        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],
                    }
                ],
                "volumes": [
                    {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}},
                    {"name": "cache", "emptyDir": {"sizeLimit": "40Gi"}},
                ],
            },
        },
    },
}
LLM = Given(token="kubernetes:apps/v1:Deployment", name="llm", props=SERVER)
POOL = Given(
    token="aws:eks/nodeGroup:NodeGroup",
    name="gpus",
    props={
        "capacityType": "SPOT",
        "instanceTypes": ["g6.2xlarge", "g5.2xlarge"],
        "scalingConfig": {"minSize": 0, "maxSize": 4},
        "labels": {"accelerator": "nvidia"},
        "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
        "diskSize": 100,
    },
)
SCALER = Given(
    token="kubernetes:keda.sh/v1alpha1:ScaledObject",
    name="scaler",
    props={
        "metadata": META,
        "spec": {"scaleTargetRef": {"name": "llm"}, "minReplicaCount": 0, "maxReplicaCount": 4},
    },
)
QUOTA = Given(
    token="kubernetes:core/v1:ResourceQuota",
    name="quota",
    props={"metadata": META, "spec": {"hard": {"requests.nvidia.com/gpu": "8"}}},
)
BUDGET = Given(
    token="kubernetes:policy/v1:PodDisruptionBudget",
    name="budget",
    props={
        "metadata": META,
        "spec": {"selector": SELECTOR, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
    },
)
KARPENTER = Given(
    token="kubernetes:karpenter.sh/v1:NodePool",
    name="pool",
    props={
        "metadata": {"name": "gpus"},
        "spec": {
            "limits": {"nvidia.com/gpu": "8"},
            "disruption": {"consolidateAfter": "5m"},
            "template": {
                "spec": {
                    "taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}],
                    "requirements": [
                        {"key": "karpenter.k8s.aws/instance-family", "values": ["g6"]},
                    ],
                }
            },
        },
    },
)
WEB = Given(
    token="kubernetes:apps/v1:Deployment",
    name="web",
    props={
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [{"name": "w"}]}}},
    },
)
JOB = Given(
    token="kubernetes:batch/v1:Job",
    name="job",
    props={
        "spec": {
            "ttlSecondsAfterFinished": 600,
            "activeDeadlineSeconds": 3600,
            "template": SERVER["spec"]["template"],
        }
    },
)
GROUP = Given(
    token="kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet",
    name="group",
    props={
        "spec": {
            "leaderWorkerTemplate": {
                "size": 2,
                "workerTemplate": {
                    "spec": {
                        "containers": [
                            {
                                "name": "vllm",
                                "resources": {
                                    "limits": {"nvidia.com/gpu": 8, "vpc.amazonaws.com/efa": 4}
                                },
                            }
                        ]
                    }
                },
            }
        }
    },
)
EFA = "spec.leaderWorkerTemplate.workerTemplate.spec.containers[0].resources.limits"
ARGS = f"{FIRST}.args"
GRACE = f"{SPEC}.terminationGracePeriodSeconds"
PRE_STOP = f"{FIRST}.lifecycle.preStop"
PROBE = f"{FIRST}.startupProbe"
TOLERATIONS = f"{SPEC}.tolerations"

FAMILY = [
    Cases(
        rule=memory.HOST,
        good=LLM,
        bad=[
            ({LIMIT: "16Gi"}, LIMIT),
            ({LIMIT: "20Gi"}, LIMIT),
            ({annotation("host-peak-gib"): "30"}, LIMIT),
            ({annotation("weights-gib"): "26"}, LIMIT),
            ({f"{ARGS}[0]": "--model=meta-llama/Llama-3.1-70B-Instruct"}, LIMIT),
            ({f"{SPEC}.volumes[0].emptyDir.sizeLimit": "10Gi"}, LIMIT),
        ],
        fine=[
            {LIMIT: "24Gi"},
            {annotation("host-peak-gib"): "28"},
            {f"{ARGS}[0]": "--model=Qwen/Qwen2.5-7B-Instruct-AWQ", LIMIT: "14Gi"},
            {LIMIT: DELETE},
        ],
        silent=[
            {f"{ARGS}[0]": "--model=acme/secret-model"},
            {f"{FIRST}.image": "nginx:1.27"},
        ],
        needs=[LIMIT],
    ),
    Cases(
        rule=memory.GPU,
        good=LLM,
        beside=[POOL],
        bad=[
            ({f"{ARGS}[1]": "--max-model-len=32768"}, FIRST),
            ({f"{ARGS}[3]": "64"}, FIRST),
            ({f"{ARGS}[0]": "--model=meta-llama/Llama-3.1-70B-Instruct"}, FIRST),
            ({annotation("gpu-memory-gib"): "16"}, FIRST),
            ({annotation("kv-gib"): "9"}, FIRST),
            ({f"{ARGS}[1]": "--gpu-memory-utilization=0.7"}, FIRST),
        ],
        fine=[
            {GPUS: "4", f"{ARGS}[3]": "100"},
            {f"{ARGS}[3]": "12", f"{ARGS}[4]": "--kv-cache-dtype=fp8"},
            {f"{ARGS}[0]": "--model=Qwen/Qwen2.5-14B-Instruct-AWQ", f"{ARGS}[3]": "1"},
        ],
        silent=[
            {f"{SPEC}.nodeSelector": {"accelerator": "other"}},
            {GPUS: DELETE, f'{FIRST}.resources.requests["nvidia.com/gpu"]': DELETE},
        ],
        needs=[f"{ARGS}[1]"],
    ),
    Cases(
        rule=memory.SHM,
        good=LLM,
        bad=[
            ({GPUS: "2", f"{SPEC}.volumes[0].emptyDir": {}}, f"{SPEC}.volumes"),
            ({GPUS: "2", f"{FIRST}.volumeMounts": DELETE}, f"{SPEC}.volumes"),
            ({GPUS: "2", f"{SPEC}.volumes[0].emptyDir.sizeLimit": "64Mi"}, f"{SPEC}.volumes"),
            ({f"{SPEC}.volumes[0].emptyDir.sizeLimit": "28Gi"}, LIMIT),
        ],
        fine=[{GPUS: "2"}],
        silent=[{f"{FIRST}.volumeMounts": DELETE}],
    ),
    Cases(
        rule=requests.REQUESTS,
        good=LLM,
        bad=[
            ({GPUS: "2"}, GPUS),
            ({GPUS: DELETE}, GPUS),
        ],
        fine=[
            {f'{FIRST}.resources.requests["nvidia.com/gpu"]': DELETE},
            {GPUS: DELETE, f'{FIRST}.resources.requests["nvidia.com/gpu"]': DELETE},
        ],
        needs=[GPUS, f"{FIRST}.resources.limits", f"{FIRST}.resources"],
    ),
    Cases(
        rule=lifecycle.PROBES,
        good=LLM,
        bad=[
            ({f"{PROBE}.failureThreshold": 30}, PROBE),
            ({f"{PROBE}.periodSeconds": 1}, PROBE),
            ({PROBE: DELETE, f"{FIRST}.livenessProbe": {"httpGet": {}}}, f"{FIRST}.livenessProbe"),
            ({annotation("load-seconds"): "590"}, PROBE),
            ({"spec.progressDeadlineSeconds": 300}, "spec.progressDeadlineSeconds"),
        ],
        fine=[
            {PROBE: DELETE},
            {PROBE: DELETE, f"{FIRST}.livenessProbe": {"initialDelaySeconds": 600}},
            {annotation("load-seconds"): "60", f"{PROBE}.failureThreshold": 6},
        ],
        silent=[{f"{ARGS}[0]": "--model=acme/secret-model"}],
        needs=[PROBE, f"{PROBE}.failureThreshold", "spec.progressDeadlineSeconds"],
    ),
    Cases(
        rule=lifecycle.SHUTDOWN,
        good=LLM,
        beside=[POOL],
        bad=[
            ({GRACE: DELETE}, GRACE),
            ({GRACE: 40}, GRACE),
            ({GRACE: 130}, GRACE),
            ({PRE_STOP: DELETE}, PRE_STOP),
            ({annotation("generation-seconds"): "70"}, GRACE),
            ({f"{ARGS}[4]": "--shutdown-timeout=70"}, GRACE),
        ],
        fine=[
            {GRACE: 45},
            {GRACE: 120},
            {PRE_STOP: {"exec": {"command": ["sh", "-c", "sleep 15"]}}},
            {annotation("generation-seconds"): "5", GRACE: 20},
        ],
        silent=[{f"{FIRST}.image": "nginx:1.27"}],
        needs=[GRACE, PRE_STOP],
    ),
    Cases(
        rule=lifecycle.BUDGETS,
        good=BUDGET,
        beside=[LLM, POOL],
        bad=[
            (
                {"spec.unhealthyPodEvictionPolicy": value},
                "spec.unhealthyPodEvictionPolicy",
            )
            for value in (DELETE, "IfHealthyBudget")
        ],
        silent=[{"spec.selector": {"matchLabels": {"app": "web"}}}],
        needs=["spec.unhealthyPodEvictionPolicy"],
    ),
    Cases(
        rule=capacity.GROWTH,
        good=SCALER,
        beside=[LLM, POOL, QUOTA],
        bad=[({"spec.maxReplicaCount": 5}, "spec.maxReplicaCount")],
        fine=[{"spec.maxReplicaCount": 1}],
        needs=["spec.maxReplicaCount"],
    ),
    Cases(
        rule=capacity.LIMITS,
        good=KARPENTER,
        bad=[({"spec.limits": value}, "spec.limits") for value in (DELETE, {}, {"cpu": "100"})],
        silent=[{"spec.template.spec.requirements[0].values": ["m7i"]}],
        needs=["spec.limits", 'spec.limits["nvidia.com/gpu"]'],
    ),
    Cases(
        rule=capacity.CAPACITY_TYPE,
        good=Given(
            token=LLM.token,
            name="llm",
            props=but(SERVER, {annotation("criticality"): "flexible"}),
        ),
        beside=[POOL],
        bad=[({annotation("criticality"): "critical"}, f"{SPEC}.nodeSelector")],
        silent=[{annotation("criticality"): "standard"}],
    ),
    Cases(
        rule=placement.RESERVED,
        good=POOL,
        beside=[LLM, WEB],
        bad=[({"taints": DELETE}, "taints")],
        silent=[{"instanceTypes": ["m7i.large"]}],
        needs=["taints", "taints[0]"],
    ),
    Cases(
        rule=placement.RESERVED,
        good=LLM,
        beside=[POOL],
        bad=[
            ({TOLERATIONS: DELETE}, TOLERATIONS),
            ({f"{TOLERATIONS}[0].effect": "NoExecute"}, TOLERATIONS),
            ({f"{SPEC}.nodeSelector.accelerator": "amd"}, f"{SPEC}.nodeSelector"),
            ({f"{SPEC}.nodeSelector.zone": "x"}, f"{SPEC}.nodeSelector"),
        ],
        fine=[
            {f'{SPEC}.nodeSelector["topology.kubernetes.io/zone"]': "us-east-1a"},
            {f'{SPEC}.nodeSelector["nvidia.com/gpu.product"]': "NVIDIA-L4"},
            {f"{TOLERATIONS}[0]": {"operator": "Exists"}},
            {f"{TOLERATIONS}[0]": {"key": "nvidia.com/gpu", "value": "true"}},
        ],
    ),
    Cases(
        rule=placement.RESERVED,
        good=WEB,
        beside=[POOL],
        bad=[({TOLERATIONS: [{"operator": "Exists"}]}, TOLERATIONS)],
        fine=[{TOLERATIONS: [{"key": "other", "operator": "Exists"}]}],
    ),
    Cases(
        rule=placement.FITS,
        good=LLM,
        beside=[POOL],
        bad=[
            (
                {f"{FIRST}.resources.requests.memory": "32Gi"},
                f"{SPEC}.containers[0].resources.requests",
            ),
            ({f"{FIRST}.resources.requests.cpu": "8"}, f"{SPEC}.containers[0].resources.requests"),
            ({f"{SPEC}.volumes[1].emptyDir.sizeLimit": "90Gi"}, f"{SPEC}.volumes"),
        ],
        fine=[{f"{FIRST}.resources.requests.memory": "28Gi"}],
        silent=[{f"{SPEC}.nodeSelector.accelerator": "amd"}],
    ),
    Cases(
        rule=parallel.SPLIT,
        good=LLM,
        beside=[POOL],
        bad=[
            ({f"{ARGS}[4]": "--tensor-parallel-size=2"}, ARGS),
            (
                {GPUS: "2", f"{ARGS}[4]": "--tensor-parallel-size=2"},
                f"{FIRST}.resources.limits",
            ),
        ],
        fine=[{f"{ARGS}[4]": "--tensor-parallel-size=1"}],
        silent=[{f"{FIRST}.image": "nginx:1.27"}],
        needs=[f"{ARGS}[0]"],
    ),
    Cases(
        rule=parallel.NODES,
        good=GROUP,
        bad=[
            ({f'{EFA}["vpc.amazonaws.com/efa"]': DELETE}, EFA.removesuffix("[0].resources.limits"))
        ],
        silent=[{"spec.leaderWorkerTemplate.size": 1}],
        needs=["spec.leaderWorkerTemplate.size"],
    ),
    Cases(
        rule=idle.ZERO,
        good=SCALER,
        beside=[
            Given(
                token=LLM.token,
                name="llm",
                props=but(SERVER, {annotation("scale-to-zero"): "allowed"}),
            )
        ],
        bad=[({"spec.minReplicaCount": 1}, "spec.minReplicaCount")],
        needs=["spec.minReplicaCount"],
    ),
    Cases(
        rule=idle.POOLS,
        good=Given(
            token=POOL.token, name="gpus", props={**POOL.props, "tags": {"Environment": "dev"}}
        ),
        bad=[({"scalingConfig.minSize": 1}, "scalingConfig.minSize")],
        silent=[{"tags.Environment": "prod", "scalingConfig.minSize": 1}],
        needs=["scalingConfig.minSize"],
    ),
    Cases(
        rule=idle.CONSOLIDATES,
        good=KARPENTER,
        bad=[({"spec.disruption.consolidateAfter": "Never"}, "spec.disruption.consolidateAfter")],
        fine=[{"spec.disruption": DELETE}],
        needs=["spec.disruption", "spec.disruption.consolidationPolicy"],
    ),
    Cases(
        rule=idle.JOBS,
        good=JOB,
        bad=[
            ({"spec.ttlSecondsAfterFinished": DELETE}, "spec.ttlSecondsAfterFinished"),
            ({"spec.activeDeadlineSeconds": DELETE}, "spec.activeDeadlineSeconds"),
        ],
        fine=[{"spec.ttlSecondsAfterFinished": 0}],
        silent=[
            {
                GPUS: DELETE,
                f'{FIRST}.resources.requests["nvidia.com/gpu"]': DELETE,
                f"{SPEC}.nodeSelector": {},
            }
        ],
        needs=["spec.ttlSecondsAfterFinished"],
    ),
]
# These ask for stated facts only, or decide by what they know; other tests show both.
WITHOUT_UNKNOWN = {
    "shared-memory-is-sized",
    "capacity-type-fits-criticality",
    "gpu-pods-fit-their-nodes",
}
RULES = [
    rule
    for module in (memory, requests, lifecycle, capacity, placement, parallel, idle)
    for rule in module.RULES
    if rule.id not in WITHOUT_UNKNOWN
]
TestServing = check_all(FAMILY, RULES)


def verdict(rule: Any, *resources: Given, **settings: Any) -> Verdict:
    return judge_stack(rule, resources, **settings)


def with_facts(**changes: Any) -> Given:
    return Given(
        token=LLM.token,
        name="llm",
        props=but(
            SERVER, {annotation(name.replace("_", "-")): value for name, value in changes.items()}
        ),
    )


def test_both_the_pools_and_the_quota_bound_a_scaler() -> None:
    scaler = Given(
        token=SCALER.token, name="s", props=but(SCALER.props, {"spec.maxReplicaCount": 9})
    )
    found = verdict(capacity.GROWTH, LLM, POOL, QUOTA, scaler).violations
    assert sorted(item.found.partition(",")[0] for item in found) == [
        "up to 9 GPUs",
        "up to 9 pods of 1 GPU",
    ]


def test_a_node_of_four_gpus_holds_one_pod_of_three() -> None:
    pool = Given(
        token=POOL.token, name="p", props=but(POOL.props, {"instanceTypes": ["g6.12xlarge"]})
    )
    server = Given(token=LLM.token, name="llm", props=but(SERVER, {GPUS: "3", "spec.replicas": 5}))
    (found,) = verdict(capacity.GROWTH, server, pool).violations
    assert found.found.endswith("have room for 4")


def test_a_pool_whose_size_is_not_known_yet_leaves_growth_undetermined() -> None:
    pool = Given(
        token=POOL.token, name="p", props=but(POOL.props, {"scalingConfig.maxSize": UNKNOWN})
    )
    found = verdict(capacity.GROWTH, LLM, pool)
    assert [(item.urn, item.path) for item in found.undetermined] == [
        (pool.urn, "scalingConfig.maxSize")
    ]


def test_work_that_may_be_interrupted_does_not_pay_for_on_demand() -> None:
    pool = Given(token=POOL.token, name="p", props=but(POOL.props, {"capacityType": "ON_DEMAND"}))
    assert verdict(capacity.CAPACITY_TYPE, with_facts(criticality="flexible"), pool).violations
    assert (
        verdict(capacity.CAPACITY_TYPE, with_facts(criticality="critical"), pool).kind is Kind.PASS
    )


def test_critical_work_with_an_on_demand_base_beside_spot_passes() -> None:
    base = Given(
        token=POOL.token, name="base", props=but(POOL.props, {"capacityType": "ON_DEMAND"})
    )
    critical = with_facts(criticality="critical")
    assert verdict(capacity.CAPACITY_TYPE, critical, POOL, base).kind is Kind.PASS
    assert verdict(capacity.CAPACITY_TYPE, critical, POOL).kind is Kind.VIOLATION


def test_one_pod_on_spot_behind_a_budget_is_told() -> None:
    single = Given(token=LLM.token, name="llm", props=but(SERVER, {"spec.replicas": 1}))
    (found,) = verdict(lifecycle.BUDGETS, single, POOL, BUDGET).violations
    assert "no budget can save it" in found.found


def test_agents_of_the_node_count_when_a_pod_is_fitted() -> None:
    agent = Given(
        token="kubernetes:apps/v1:DaemonSet",
        name="agent",
        props={
            "spec": {
                "template": {
                    "spec": {
                        "tolerations": [{"operator": "Exists"}],
                        "containers": [{"name": "a", "resources": {"requests": {"memory": "8Gi"}}}],
                    }
                }
            }
        },
    )
    assert verdict(placement.FITS, LLM, POOL).kind is Kind.PASS
    assert verdict(placement.FITS, LLM, POOL, agent).kind is Kind.VIOLATION


def test_a_launch_template_says_how_large_the_disk_is() -> None:
    template = Given(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        name="template",
        props={"blockDeviceMappings": [{"ebs": {"volumeSize": 30}}]},
    )
    pool = Given(
        token=POOL.token,
        name="p",
        props=but(POOL.props, {"launchTemplate": {"id": UNKNOWN}, "diskSize": DELETE}),
        through={"launchTemplate": ["template"]},
    )
    (found,) = verdict(placement.FITS, LLM, pool, template).violations
    assert "do not fit on the 30 GiB of pool p" in found.found


def test_a_fact_may_come_from_the_component_in_either_spelling() -> None:
    for spelling in ("scaleToZero", "scale_to_zero"):
        parent = Given(token="acme:serving:Model", name="model", props={spelling: "allowed"})
        child = Given(token=LLM.token, name="llm", props=SERVER, parent=parent.urn)
        assert verdict(idle.ZERO, parent, child).kind is Kind.VIOLATION
    assert verdict(idle.ZERO, LLM).kind is Kind.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("amount", "bad"),
    [("0.5", True), ("1.5", True), ("500m", True), ("2", False), (2, False), ("-1", True)],
)
def test_gpus_are_asked_for_in_whole_numbers(amount: Any, bad: bool) -> None:
    edits = {GPUS: amount, f'{FIRST}.resources.requests["nvidia.com/gpu"]': DELETE}
    found = judge(requests.REQUESTS, Given(token=LLM.token, props=but(SERVER, edits)))
    assert bool(found.violations) is bad


@pytest.mark.parametrize(
    ("container", "flags", "positional"),
    [
        ({"args": ["--a=1", "--b", "2", "--c"]}, {"--a": "1", "--b": "2", "--c": ""}, []),
        (
            {"command": ["vllm", "serve", "org/m"], "args": ["--x", "-1"]},
            {"--x": "-1"},
            ["vllm", "serve", "org/m"],
        ),
        (
            {"args": ["vllm serve org/m --max-model-len 4096"]},
            {"--max-model-len": "4096"},
            ["vllm", "serve", "org/m"],
        ),
        ({"args": ["it's odd"]}, {}, ["it's", "odd"]),
    ],
)
def test_flags_are_read_however_they_are_written(
    container: Any, flags: Any, positional: Any
) -> None:
    found = serving.arguments(Container(Node(container), Role.MAIN))
    assert found == (flags, positional, [])


@pytest.mark.parametrize(
    "changes",
    [
        {
            f"{ARGS}[0]": "--seed=1",
            f"{FIRST}.command": ["vllm", "serve", "Qwen/Qwen2.5-7B-Instruct"],
        },
        {
            f"{ARGS}[0]": "--seed=1",
            f"{FIRST}.env": [{"name": "MODEL_ID", "value": "Qwen/Qwen2.5-7B"}],
        },
        {f"{ARGS}[0]": "--seed=1", annotation("model"): "Qwen/Qwen2.5-7B-Instruct"},
    ],
)
def test_the_model_is_found_wherever_it_is_named(changes: Any) -> None:
    given = Given(token=LLM.token, name="llm", props=but(SERVER, changes))
    (found,) = serving.servings(to_index([given]))
    assert found.shape is not None
    assert found.shape.parameters == 7_615_616_512


@pytest.mark.parametrize(
    ("image", "engine", "version"),
    [
        ("vllm/vllm-openai:v0.11.0", "vllm", (0, 11, 0)),
        (
            "ghcr.io/huggingface/text-embeddings-inference:cpu-1.8.2",
            "text-embeddings-inference",
            (1, 8, 2),
        ),
        ("nvcr.io/nvidia/tritonserver:25.10-py3", "triton", (25, 10)),
        ("vllm/vllm-openai", "vllm", None),
        ("nginx:1.27", "", (1, 27)),
    ],
)
def test_engines_are_known_by_their_images(image: str, engine: str, version: Any) -> None:
    container = Container(Node({"image": image}), Role.MAIN)
    assert serving.engine_of(container) == engine
    assert serving.version_of(container) == version


@pytest.mark.parametrize(
    ("repository", "gib"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", 14.96),
        ("acme/finetune-13b", 24.21),
        ("acme/finetune-13b-awq", 6.78),
        ("acme/moe-8x7b", 86.57),
        ("neuralmagic/Llama-3.1-70B-FP8", 65.71),
        ("BAAI/bge-small-33m", 0.06),
    ],
)
def test_a_models_size_is_listed_or_read_from_its_name(repository: str, gib: float) -> None:
    shape = shapes.find(repository)
    assert shape is not None
    assert shape.weights_gib == pytest.approx(gib, abs=0.01)


def test_a_name_without_a_size_says_nothing() -> None:
    assert shapes.find("acme/assistant") is None
