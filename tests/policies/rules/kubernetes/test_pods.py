"""The rules about pods and their containers."""

from __future__ import annotations

from typing import Any

import pytest

from frame.facts import UNKNOWN
from frame.verdict import Kind
from rules.kubernetes import images, isolation, privileges, probes, resources, secrets
from tests.support.cases import Cases, check_all
from tests.support.edits import DELETE
from tests.support.policy import Given, but, judge, paths

SPEC = "spec.template.spec"
FIRST = f"{SPEC}.containers[0]"
GOOD: dict[str, Any] = {
    "metadata": {"name": "llm", "namespace": "serving"},
    "spec": {
        "replicas": 2,
        "template": {
            "metadata": {"labels": {"app": "llm"}},
            "spec": {
                "securityContext": {
                    "runAsNonRoot": True,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "vllm",
                        "image": "registry:5000/vllm/vllm-openai:v0.18.0",
                        "ports": [{"containerPort": 8000}],
                        "env": [{"name": "MAX_TOKENS", "value": "512"}],
                        "args": ["--max-model-len=4096"],
                        "resources": {
                            "limits": {"memory": "16Gi", "nvidia.com/gpu": "1"},
                            "requests": {"memory": "12Gi", "cpu": "4", "nvidia.com/gpu": "1"},
                        },
                        "readinessProbe": {"httpGet": {"path": "/health"}, "failureThreshold": 2},
                        "livenessProbe": {"httpGet": {"path": "/health"}, "failureThreshold": 6},
                        "securityContext": {
                            "privileged": False,
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
                    }
                ],
                "volumes": [
                    {"name": "cache", "emptyDir": {"sizeLimit": "60Gi"}},
                    {"name": "zone", "hostPath": {"path": "/opt/models"}},
                ],
            },
        },
    },
}
DEPLOYMENT = Given(token="kubernetes:apps/v1:Deployment", props=GOOD)
CONTEXT = f"{FIRST}.securityContext"
POD_CONTEXT = f"{SPEC}.securityContext"
ENV = f"{FIRST}.env[0]"


def cases(rule: Any, **more: Any) -> Cases:
    return Cases(rule=rule, good=DEPLOYMENT, **more)


HOST = {"network": "hostNetwork", "pid": "hostPID", "ipc": "hostIPC"}
FAMILY = [
    cases(
        resources.IN_BOUNDS,
        bad=[
            ({f"{FIRST}.resources.limits.memory": value}, f"{FIRST}.resources.limits.memory")
            for value in ("500m", "8", 8, "5Ti", "1M")
        ],
        fine=[
            {f"{FIRST}.resources.limits.memory": value} for value in ("4Mi", "4Ti", DELETE, "junk")
        ],
        needs=[f"{FIRST}.resources.limits.memory", f"{FIRST}.resources"],
    ),
    cases(
        resources.RATIO,
        bad=[({f"{FIRST}.resources.requests.memory": "4Gi"}, f"{FIRST}.resources.limits.memory")],
        fine=[
            {f"{FIRST}.resources.requests.memory": value} for value in ("8Gi", "16Gi", DELETE, "0")
        ],
        needs=[f"{FIRST}.resources.limits.memory", f"{FIRST}.resources.requests"],
    ),
    cases(
        resources.REQUESTS,
        bad=[
            ({f"{FIRST}.resources.requests.cpu": DELETE}, f"{FIRST}.resources.requests.cpu"),
            ({f"{FIRST}.resources.requests.cpu": "0"}, f"{FIRST}.resources.requests.cpu"),
        ],
        fine=[
            {f"{FIRST}.resources.requests.memory": DELETE},
            {f"{FIRST}.resources.requests.cpu": DELETE, f"{SPEC}.resources.requests": {"cpu": "4"}},
        ],
        needs=[f"{FIRST}.resources.requests.cpu", f"{FIRST}.resources"],
    ),
    cases(
        resources.EPHEMERAL,
        bad=[
            ({f"{SPEC}.volumes[0].emptyDir": {}}, f"{SPEC}.volumes[0].emptyDir.sizeLimit"),
            (
                {f"{SPEC}.volumes[0].emptyDir": {"medium": "Memory"}},
                f"{SPEC}.volumes[0].emptyDir.sizeLimit",
            ),
        ],
        fine=[{f"{SPEC}.volumes": []}, {f"{SPEC}.volumes[0]": {"configMap": {"name": "x"}}}],
        needs=[f"{SPEC}.volumes", f"{SPEC}.volumes[0]", f"{SPEC}.volumes[0].emptyDir.sizeLimit"],
    ),
    cases(
        images.PINNED,
        bad=[
            ({f"{FIRST}.image": value}, f"{FIRST}.image")
            for value in ("vllm:latest", "vllm", "registry:5000/vllm", "vllm:", "a.b/c/d:latest")
        ],
        fine=[
            {f"{FIRST}.image": value}
            for value in ("vllm:v1", "vllm@sha256:" + "0f" * 32, "vllm:latest@sha256:" + "0f" * 32)
        ],
        needs=[f"{FIRST}.image", FIRST],
    ),
    cases(
        images.GPU_IMAGE,
        bad=[
            ({ENV: {"name": "NVIDIA_VISIBLE_DEVICES", "value": "none"}}, f"{ENV}.value"),
            ({f"{FIRST}.image": "tei:cpu-1.8"}, f"{FIRST}.image"),
        ],
        fine=[
            {ENV: {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}},
            {f"{FIRST}.image": "ghcr.io/cpuid/tool:1"},
            {f"{FIRST}.image": "tei:cpu-1.8", f"{FIRST}.resources": {}},
        ],
        needs=[f"{FIRST}.resources", FIRST],
    ),
    cases(
        probes.READINESS,
        bad=[
            ({f"{FIRST}.readinessProbe": DELETE}, f"{FIRST}.readinessProbe"),
            ({f"{FIRST}.readinessProbe": {"periodSeconds": 5}}, f"{FIRST}.readinessProbe"),
        ],
        fine=[
            {f"{FIRST}.readinessProbe": {"grpc": {"port": 1}}},
            {f"{SPEC}.initContainers": [{"name": "init"}]},
            {f"{FIRST}.readinessProbe.httpGet.path": UNKNOWN},
        ],
        silent=[{f"{SPEC}.containers": []}],
        needs=[f"{FIRST}.readinessProbe", FIRST, f"{SPEC}.containers"],
    ),
    cases(
        probes.LIVENESS,
        bad=[({f"{FIRST}.livenessProbe": DELETE}, f"{FIRST}.livenessProbe")],
        fine=[{f"{FIRST}.livenessProbe": {"exec": {"command": ["true"]}}}],
        needs=[f"{FIRST}.livenessProbe"],
    ),
    cases(
        probes.DIFFERENT,
        bad=[
            ({f"{FIRST}.livenessProbe.failureThreshold": 2}, f"{FIRST}.livenessProbe"),
            ({f"{FIRST}.livenessProbe.periodSeconds": 1}, f"{FIRST}.livenessProbe"),
        ],
        fine=[
            {
                f"{FIRST}.livenessProbe": {"httpGet": {"path": "/alive"}, "failureThreshold": 1},
            },
            {f"{FIRST}.livenessProbe": DELETE},
        ],
        needs=[f"{FIRST}.livenessProbe.failureThreshold"],
    ),
    cases(
        privileges.NOT_PRIVILEGED,
        bad=[
            ({f"{CONTEXT}.privileged": True}, f"{CONTEXT}.privileged"),
            ({f"{CONTEXT}.privileged": "true"}, f"{CONTEXT}.privileged"),
            (
                {
                    f"{SPEC}.ephemeralContainers": [
                        {"name": "d", "securityContext": {"privileged": True}}
                    ]
                },
                f"{SPEC}.ephemeralContainers[0].securityContext.privileged",
            ),
            (
                {
                    f"{SPEC}.initContainers": [
                        {"name": "i", "securityContext": {"privileged": True}}
                    ]
                },
                f"{SPEC}.initContainers[0].securityContext.privileged",
            ),
        ],
        fine=[{f"{CONTEXT}.privileged": DELETE}, {CONTEXT: DELETE}],
        needs=[f"{CONTEXT}.privileged", CONTEXT],
    ),
    cases(
        privileges.NON_ROOT,
        bad=[
            ({POD_CONTEXT: {}}, f"{CONTEXT}.runAsNonRoot"),
            ({f"{CONTEXT}.runAsNonRoot": False}, f"{CONTEXT}.runAsNonRoot"),
            ({f"{CONTEXT}.runAsUser": 0}, f"{CONTEXT}.runAsUser"),
            ({f"{POD_CONTEXT}.runAsUser": 0}, f"{POD_CONTEXT}.runAsUser"),
            ({f"{CONTEXT}.runAsGroup": 0}, f"{CONTEXT}.runAsGroup"),
        ],
        fine=[
            {f"{CONTEXT}.runAsUser": 1000, POD_CONTEXT: {}},
            {POD_CONTEXT: {"runAsUser": 1000}},
            {f"{POD_CONTEXT}.runAsNonRoot": False, f"{CONTEXT}.runAsNonRoot": True},
        ],
        needs=[POD_CONTEXT, CONTEXT, f"{CONTEXT}.runAsNonRoot"],
    ),
    cases(
        privileges.NO_ESCALATION,
        bad=[
            (
                {f"{CONTEXT}.allowPrivilegeEscalation": value},
                f"{CONTEXT}.allowPrivilegeEscalation",
            )
            for value in (True, DELETE, None)
        ],
        needs=[f"{CONTEXT}.allowPrivilegeEscalation"],
    ),
    cases(
        privileges.CAPABILITIES,
        bad=[
            ({f"{CONTEXT}.capabilities.drop": ["NET_RAW"]}, f"{CONTEXT}.capabilities.drop"),
            ({f"{CONTEXT}.capabilities": DELETE}, f"{CONTEXT}.capabilities.drop"),
            ({f"{CONTEXT}.capabilities.add": ["CAP_SYS_ADMIN"]}, f"{CONTEXT}.capabilities.add[0]"),
        ],
        fine=[
            {f"{CONTEXT}.capabilities.add": ["NET_BIND_SERVICE"]},
            {f"{CONTEXT}.capabilities.drop": ["all"]},
            {f"{CONTEXT}.capabilities.drop": [UNKNOWN, "ALL"]},
        ],
        needs=[f"{CONTEXT}.capabilities.drop", f"{CONTEXT}.capabilities.drop[0]"],
    ),
    cases(
        privileges.READ_ONLY,
        bad=[
            ({f"{CONTEXT}.readOnlyRootFilesystem": value}, f"{CONTEXT}.readOnlyRootFilesystem")
            for value in (False, DELETE)
        ],
        needs=[f"{CONTEXT}.readOnlyRootFilesystem"],
    ),
    *(
        cases(
            rule,
            bad=[({f"{SPEC}.{HOST[name]}": True}, f"{SPEC}.{HOST[name]}")],
            fine=[
                {f"{SPEC}.{HOST[name]}": False},
                *({f"{SPEC}.{other}": True} for other in HOST.values() if other != HOST[name]),
            ],
            silent=[{"spec.template": {}}],
            needs=[f"{SPEC}.{HOST[name]}", SPEC, "spec"],
        )
        for name, rule in (
            ("network", isolation.HOST_NETWORK),
            ("pid", isolation.HOST_PID),
            ("ipc", isolation.HOST_IPC),
        )
    ),
    cases(
        isolation.SENSITIVE_PATHS,
        bad=[
            ({f"{SPEC}.volumes[1].hostPath.path": path}, f"{SPEC}.volumes[1].hostPath.path")
            for path in ("/", "/etc", "/etc/kubernetes/", "/var/run/docker.sock", "/proc")
        ],
        fine=[
            {f"{SPEC}.volumes[1].hostPath.path": path} for path in ("/etcetera", "/opt", "/data")
        ],
        needs=[f"{SPEC}.volumes[1].hostPath.path", f"{SPEC}.volumes"],
    ),
    cases(
        isolation.WRITABLE_PATHS,
        bad=[({f"{FIRST}.volumeMounts[0].name": "zone"}, f"{FIRST}.volumeMounts[0]")],
        fine=[{f"{FIRST}.volumeMounts[0]": {"name": "zone", "readOnly": True}}],
        needs=[SPEC],
    ),
    cases(
        isolation.HOST_PORTS,
        bad=[({f"{FIRST}.ports[0].hostPort": 8000}, f"{FIRST}.ports[0].hostPort")],
        fine=[{f"{FIRST}.ports[0].hostPort": 0}, {f"{FIRST}.ports": DELETE}],
        needs=[f"{FIRST}.ports[0].hostPort", f"{FIRST}.ports"],
    ),
    cases(
        isolation.LOW_PORTS,
        bad=[
            ({f"{FIRST}.ports[0].containerPort": value}, f"{FIRST}.ports[0].containerPort")
            for value in (80, "443", 1023)
        ],
        fine=[{f"{FIRST}.ports[0].containerPort": 1024}],
        needs=[f"{FIRST}.ports[0].containerPort"],
    ),
    cases(
        isolation.SECCOMP,
        bad=[
            ({f"{POD_CONTEXT}.seccompProfile": DELETE}, f"{CONTEXT}.seccompProfile.type"),
            (
                {f"{CONTEXT}.seccompProfile": {"type": "Unconfined"}},
                f"{CONTEXT}.seccompProfile.type",
            ),
        ],
        fine=[{f"{CONTEXT}.seccompProfile": {"type": "Localhost"}}],
        needs=[f"{POD_CONTEXT}.seccompProfile.type"],
    ),
    cases(
        secrets.LITERAL,
        bad=[
            ({ENV: {"name": name, "value": value}}, f"{ENV}.value")
            for name, value in (
                ("HF_TOKEN", "abcdef"),
                ("huggingFaceToken", "abcdef"),
                ("DB_PASSWORD", "x y"),
                ("OPENAI_API_KEY", "abc"),
                ("SECRET_BLAH", "squirrels"),
                ("HARMLESS", "hf_" + "a" * 34),
                ("AWS", "AKIA" + "A" * 16),
                ("API_TOKEN", UNKNOWN),
            )
        ]
        + [
            ({f"{FIRST}.args[0]": "--api-key=abcdef"}, f"{FIRST}.args[0]"),
            ({f"{FIRST}.args[0]": "hf_" + "a" * 34}, f"{FIRST}.args[0]"),
        ],
        fine=[
            {ENV: {"name": name, "value": value}}
            for name, value in (
                ("MAX_TOKENS", "512"),
                ("TOKENIZERS_PARALLELISM", "false"),
                ("TOKEN_LIMIT", "many"),
                ("HF_TOKEN_PATH", "/secrets/hf"),
                ("PASSWORD_FILE", "/run/p"),
                ("USE_TOKEN", "true"),
                ("MY_TOKEN", ""),
                ("BLAH", "secretsquirrels"),
                ("MONKEY", "banana"),
            )
        ]
        + [
            {f"{FIRST}.args[0]": "--api-key=$(API_KEY)"},
            {f"{FIRST}.args[0]": "--tokenizer=qwen"},
            {ENV: {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "x"}}}},
        ],
        needs=[f"{FIRST}.env", ENV],
    ),
    cases(
        secrets.MOUNTED,
        bad=[
            (
                {ENV: {"name": "T", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}},
                f"{ENV}.valueFrom.secretKeyRef",
            ),
            ({f"{FIRST}.envFrom": [{"secretRef": {"name": "x"}}]}, f"{FIRST}.envFrom[0].secretRef"),
        ],
        fine=[
            {ENV: {"name": "T", "valueFrom": {"configMapKeyRef": {"name": "x"}}}},
            {f"{FIRST}.envFrom": [{"configMapRef": {"name": "x"}}]},
        ],
        needs=[f"{ENV}.valueFrom", f"{FIRST}.envFrom"],
    ),
]
RULES = [
    *resources.RULES,
    *images.RULES,
    *probes.RULES,
    *privileges.RULES,
    *isolation.RULES,
    *secrets.RULES,
]
TestPods = check_all(FAMILY, RULES)


@pytest.mark.parametrize("case", FAMILY, ids=lambda case: case.rule.id)
def test_a_second_container_is_judged_like_the_first(case: Cases) -> None:
    for edit, _ in case.bad:
        moved = {
            path.replace("containers[0]", "containers[1]"): value for path, value in edit.items()
        }
        twin = {f"{SPEC}.containers[1]": GOOD["spec"]["template"]["spec"]["containers"][0]}
        given = Given(token=DEPLOYMENT.token, props=but(GOOD, {**twin, **moved}))
        assert judge(case.rule, given).kind is Kind.VIOLATION


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_is_wrong_behind_an_unknown_container_is_found(rule: Any) -> None:
    (case, *_) = [case for case in FAMILY if case.rule.id == rule.id]
    edits = [edit for edit, _ in case.bad if all("containers[0]" in path for path in edit)]
    for edit in edits:
        props = but(GOOD, edit)
        props["spec"]["template"]["spec"]["containers"].insert(0, UNKNOWN)
        verdict = judge(rule, Given(token=DEPLOYMENT.token, props=props))
        assert verdict.kind is Kind.VIOLATION


def test_a_digest_may_be_asked_for() -> None:
    assert judge(images.PINNED, DEPLOYMENT, digest=True).kind is Kind.VIOLATION


def test_a_cpu_container_that_sees_all_gpus_is_found() -> None:
    props = but(
        GOOD, {f"{FIRST}.resources": {}, ENV: {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}}
    )
    assert paths(judge(images.GPU_IMAGE, Given(token=DEPLOYMENT.token, props=props))) == [
        f"{ENV}.value"
    ]


def test_a_security_context_constraint_that_lets_pods_be_privileged_is_found() -> None:
    token = "kubernetes:security.openshift.io/v1:SecurityContextConstraints"
    given = Given(token=token, props={"allowPrivilegedContainer": True})
    assert paths(judge(privileges.NOT_PRIVILEGED, given)) == ["allowPrivilegedContainer"]


def test_a_secrets_value_is_never_in_the_message() -> None:
    props = but(GOOD, {ENV: {"name": "HF_TOKEN", "value": "s3cr3t-value"}})
    (found,) = judge(secrets.LITERAL, Given(token=DEPLOYMENT.token, props=props)).violations
    assert "s3cr3t-value" not in f"{found.path}{found.found}{found.fix}"


@pytest.mark.parametrize("limits", [True, False])
def test_ephemeral_storage_limits_are_asked_for_on_demand(limits: bool) -> None:
    found = judge(resources.EPHEMERAL, DEPLOYMENT, containerLimits=limits).kind
    assert (found is Kind.VIOLATION) is limits
