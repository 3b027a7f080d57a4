"""The rules about workloads, what scales and protects them, and who may reach them."""

from __future__ import annotations

from typing import Any

import pytest

from frame.facts import UNKNOWN, Node
from frame.selectors import matches_plain, selects
from frame.verdict import Kind
from rules.kubernetes import access, accounts, availability, budgets, exposure, labels
from tests.support.cases import Cases, check_all
from tests.support.edits import DELETE
from tests.support.policy import Given, but, judge, judge_stack

SPEC = "spec.template.spec"
LABELS = "spec.template.metadata.labels"
META = {"name": "llm", "namespace": "serving"}
NAMES = {"app.kubernetes.io/name": "llm", "app.kubernetes.io/part-of": "ballast"}
SELECTOR = {"matchLabels": {"app.kubernetes.io/name": "llm"}}
WORKLOAD: dict[str, Any] = {
    "metadata": {**META, "labels": NAMES},
    "spec": {
        "replicas": 2,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {
            "metadata": {"labels": NAMES},
            "spec": {
                "priorityClassName": "serving",
                "serviceAccountName": "llm",
                "automountServiceAccountToken": False,
                "containers": [{"name": "server"}],
                "topologySpreadConstraints": [
                    {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": SELECTOR}
                ],
            },
        },
    },
}
DEPLOYMENT = Given(token="kubernetes:apps/v1:Deployment", name="workload", props=WORKLOAD)
HPA = Given(
    token="kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    name="hpa",
    props={
        "metadata": META,
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "llm"},
            "minReplicas": 2,
            "maxReplicas": 6,
        },
    },
)
SCALED = Given(
    token="kubernetes:keda.sh/v1alpha1:ScaledObject",
    name="scaled",
    props={
        "metadata": META,
        "spec": {"scaleTargetRef": {"name": "llm"}, "minReplicaCount": 2, "maxReplicaCount": 6},
    },
)
BUDGET = Given(
    token="kubernetes:policy/v1:PodDisruptionBudget",
    name="budget",
    props={"metadata": META, "spec": {"maxUnavailable": 1, "selector": SELECTOR}},
)
POLICY = Given(
    token="kubernetes:networking.k8s.io/v1:NetworkPolicy",
    name="policy",
    props={"metadata": META, "spec": {"podSelector": SELECTOR}},
)
SERVICE = Given(
    token="kubernetes:core/v1:Service",
    name="service",
    props={"metadata": META, "spec": {"type": "ClusterIP"}},
)
ROLE = Given(
    token="kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    name="role",
    props={"rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]},
)
BINDING = Given(
    token="kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    name="binding",
    props={"roleRef": {"name": "view"}, "subjects": [{"kind": "ServiceAccount", "name": "x"}]},
)
ACCOUNT = Given(
    token="kubernetes:core/v1:ServiceAccount",
    name="account",
    props={"metadata": META, "automountServiceAccountToken": False},
)
SPREAD = f"{SPEC}.topologySpreadConstraints"
TOKEN = f"{SPEC}.automountServiceAccountToken"
ANTI = f"{SPEC}.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution"
INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-scheme"

FAMILY = [
    Cases(
        rule=availability.ENOUGH,
        good=DEPLOYMENT,
        bad=[
            ({"spec.replicas": 1}, "spec.replicas"),
            ({"spec.replicas": DELETE}, "spec.replicas"),
        ],
        fine=[{"spec.replicas": 0}, {"spec.replicas": 9}],
        needs=["spec.replicas"],
    ),
    Cases(
        rule=availability.ENOUGH,
        good=HPA,
        beside=[Given(token=DEPLOYMENT.token, name="w", props=but(WORKLOAD, {"spec.replicas": 1}))],
        bad=[
            ({"spec.minReplicas": 1}, "spec.minReplicas"),
            ({"spec.minReplicas": DELETE}, "spec.minReplicas"),
        ],
        needs=["spec.minReplicas"],
    ),
    Cases(
        rule=availability.ENOUGH,
        good=SCALED,
        bad=[({"spec.minReplicaCount": 1}, "spec.minReplicaCount")],
        fine=[{"spec.minReplicaCount": 0}, {"spec.minReplicaCount": DELETE}],
    ),
    Cases(
        rule=availability.SPREAD,
        good=DEPLOYMENT,
        bad=[
            ({SPREAD: DELETE}, SPREAD),
            ({f"{SPREAD}[0].labelSelector": {"matchLabels": {"app": "other"}}}, SPREAD),
            (
                {
                    SPREAD: DELETE,
                    ANTI: [{"labelSelector": SELECTOR, "namespaces": ["elsewhere"]}],
                },
                SPREAD,
            ),
        ],
        fine=[
            {SPREAD: DELETE, ANTI: [{"labelSelector": SELECTOR}]},
            {SPREAD: DELETE, ANTI: [{"labelSelector": SELECTOR, "namespaces": ["serving"]}]},
            {SPREAD: [UNKNOWN, {"labelSelector": SELECTOR}]},
        ],
        silent=[{"spec.replicas": 1, SPREAD: DELETE}, {"spec.replicas": DELETE, SPREAD: DELETE}],
        needs=["spec.replicas", SPREAD, f"{SPREAD}[0].labelSelector", LABELS],
    ),
    Cases(
        rule=availability.SPREAD,
        good=DEPLOYMENT,
        beside=[HPA],
        bad=[({"spec.replicas": DELETE, SPREAD: DELETE}, SPREAD)],
    ),
    Cases(
        rule=availability.ROLLS,
        good=DEPLOYMENT,
        bad=[
            ({"spec.strategy": {"type": "Recreate"}}, "spec.strategy.type"),
            ({"spec.updateStrategy": {"type": "OnDelete"}}, "spec.updateStrategy.type"),
            *(
                (
                    {"spec.strategy.rollingUpdate.maxUnavailable": value},
                    "spec.strategy.rollingUpdate.maxUnavailable",
                )
                for value in ("100%", 2, 5)
            ),
        ],
        fine=[
            {"spec.strategy": DELETE},
            {"spec.strategy.rollingUpdate.maxUnavailable": "50%"},
            {"spec.strategy.rollingUpdate.maxUnavailable": "99%"},
        ],
        needs=["spec.strategy.type", "spec.strategy.rollingUpdate.maxUnavailable", "spec"],
    ),
    Cases(
        rule=availability.PRIORITY,
        good=DEPLOYMENT,
        bad=[
            ({f"{SPEC}.priorityClassName": value}, f"{SPEC}.priorityClassName")
            for value in (DELETE, "")
        ],
        needs=[f"{SPEC}.priorityClassName"],
    ),
    Cases(
        rule=budgets.PRESENT,
        good=DEPLOYMENT,
        beside=[BUDGET],
        bad=[
            ({LABELS: {"app": "other"}}, "spec.selector"),
            ({"metadata.namespace": "elsewhere"}, "spec.selector"),
        ],
        silent=[{"spec.replicas": 1}],
        needs=[LABELS],
    ),
    Cases(
        rule=budgets.EVICTABLE,
        good=BUDGET,
        beside=[DEPLOYMENT],
        bad=[({"spec.maxUnavailable": value}, "spec.maxUnavailable") for value in (0, "0", "0%")]
        + [
            ({"spec.maxUnavailable": DELETE, "spec.minAvailable": value}, "spec.minAvailable")
            for value in (2, "100%", "51%", 3)
        ],
        fine=[
            {"spec.maxUnavailable": DELETE, "spec.minAvailable": 1},
            {"spec.maxUnavailable": DELETE, "spec.minAvailable": "50%"},
            {"spec.maxUnavailable": "1%"},
            {
                "spec.maxUnavailable": DELETE,
                "spec.minAvailable": 2,
                "spec.selector": {"matchLabels": {"app": "other"}},
            },
        ],
        needs=["spec.maxUnavailable", "spec.minAvailable"],
    ),
    Cases(
        rule=budgets.SCALERS,
        good=HPA,
        beside=[DEPLOYMENT],
        bad=[
            ({"spec.maxReplicas": 1}, "spec.maxReplicas"),
            ({"spec.maxReplicas": DELETE}, "spec.maxReplicas"),
            ({"spec.scaleTargetRef.name": "gone"}, "spec.scaleTargetRef"),
            ({"spec.scaleTargetRef.kind": "StatefulSet"}, "spec.scaleTargetRef"),
            ({"metadata.namespace": "elsewhere"}, "spec.scaleTargetRef"),
        ],
        fine=[{"spec.minReplicas": 6}, {"spec.minReplicas": DELETE}],
        needs=["spec.maxReplicas", "spec.minReplicas", "spec.scaleTargetRef.name"],
    ),
    Cases(
        rule=exposure.ISOLATED,
        good=DEPLOYMENT,
        beside=[POLICY],
        bad=[
            ({LABELS: {"app": "other"}}, "metadata.namespace"),
            ({"metadata.namespace": "elsewhere"}, "metadata.namespace"),
        ],
        silent=[{f"{SPEC}.hostNetwork": True}],
        needs=[LABELS, "metadata.namespace"],
    ),
    Cases(
        rule=exposure.STATED,
        good=POLICY,
        bad=[({"spec.podSelector": DELETE}, "spec.podSelector")],
        fine=[{"spec.podSelector": {}}],
        needs=["spec.podSelector", "spec"],
    ),
    Cases(
        rule=exposure.EXPOSED,
        good=SERVICE,
        bad=[
            ({"spec.type": "NodePort"}, "spec.type"),
            ({"spec.type": "LoadBalancer"}, "spec.type"),
            ({"spec.externalIPs": ["1.2.3.4"]}, "spec.externalIPs[0]"),
            (
                {"spec.type": "LoadBalancer", "spec.loadBalancerSourceRanges": ["0.0.0.0/0"]},
                "spec.type",
            ),
        ],
        fine=[
            {"spec.type": DELETE},
            {"spec.type": "LoadBalancer", "metadata.annotations": {INTERNAL: "internal"}},
            {"spec.type": "LoadBalancer", "spec.loadBalancerSourceRanges": ["10.0.0.0/8"]},
        ],
        silent=[{"spec.type": "LoadBalancer", "metadata.name": "inference-gateway"}],
        needs=["spec.type", "spec"],
    ),
    Cases(
        rule=access.WILDCARDS,
        good=ROLE,
        bad=[
            ({f"rules[0].{field}": ["x", "*"]}, f"rules[0].{field}[1]")
            for field in ("verbs", "resources", "apiGroups")
        ],
        fine=[{"rules": DELETE}, {"rules[0].resources": ["pods/*"]}],
        needs=["rules", "rules[0]", "rules[0].verbs", "rules[0].verbs[0]"],
    ),
    Cases(
        rule=access.ESCALATION,
        good=ROLE,
        bad=[
            ({"rules[0].verbs": ["impersonate"]}, "rules[0].verbs"),
            ({"rules[0]": {"resources": ["pods/exec"], "verbs": ["create"]}}, "rules[0].resources"),
            ({"rules[0]": {"resources": ["secrets"], "verbs": ["list"]}}, "rules[0].resources"),
        ],
        fine=[
            {"rules[0]": {"resources": ["secrets"], "verbs": ["get"], "resourceNames": ["tls"]}},
            {"rules[0]": {"resources": ["pods/exec"], "verbs": ["get"]}},
        ],
        needs=["rules", "rules[0]"],
    ),
    Cases(
        rule=access.ADMIN,
        good=BINDING,
        bad=[
            ({"roleRef.name": "cluster-admin"}, "roleRef.name"),
            ({"subjects[0].name": "system:authenticated"}, "subjects[0].name"),
        ],
        fine=[{"roleRef.name": "admin"}],
        needs=["roleRef.name", "roleRef"],
    ),
    Cases(
        rule=accounts.TOKENS,
        good=DEPLOYMENT,
        bad=[({TOKEN: True}, TOKEN), ({TOKEN: DELETE}, TOKEN)],
        needs=[TOKEN, SPEC],
    ),
    Cases(
        rule=accounts.TOKENS,
        good=DEPLOYMENT,
        beside=[ACCOUNT],
        bad=[({TOKEN: True}, TOKEN)],
        fine=[{TOKEN: DELETE}],
    ),
    Cases(
        rule=accounts.ACCOUNTS,
        good=DEPLOYMENT,
        bad=[
            (
                {TOKEN: DELETE, f"{SPEC}.serviceAccountName": "default"},
                f"{SPEC}.serviceAccountName",
            ),
        ],
        fine=[
            {f"{SPEC}.serviceAccountName": "default"},
            {TOKEN: DELETE, f"{SPEC}.serviceAccountName": DELETE, f"{SPEC}.serviceAccount": "llm"},
        ],
        needs=[f"{SPEC}.serviceAccountName"],
    ),
    Cases(
        rule=labels.LABELS,
        good=DEPLOYMENT,
        bad=[
            ({'metadata.labels["app.kubernetes.io/name"]': DELETE}, "metadata.labels"),
            ({f'{LABELS}["app.kubernetes.io/part-of"]': ""}, LABELS),
        ],
        needs=["metadata.labels", LABELS],
    ),
]
RULES = [
    *availability.RULES,
    *budgets.RULES,
    *exposure.RULES,
    *access.RULES,
    *accounts.RULES,
    *labels.RULES,
]
TestWorkloads = check_all(FAMILY, RULES)


def test_a_budget_is_held_against_the_scalers_minimum_and_not_the_workloads_number() -> None:
    budget = Given(
        token=BUDGET.token,
        name="budget",
        props={"metadata": META, "spec": {"minAvailable": 2, "selector": SELECTOR}},
    )
    large = Given(token=DEPLOYMENT.token, name="w", props=but(WORKLOAD, {"spec.replicas": 9}))
    assert judge_stack(budgets.EVICTABLE, [budget, large]).kind is Kind.PASS
    (found,) = judge_stack(budgets.EVICTABLE, [budget, large, HPA]).violations
    assert "HorizontalPodAutoscaler llm keeps 2 pods" in found.found


def test_a_budget_of_one_blocks_the_only_pod_of_a_service_that_scales_to_zero() -> None:
    budget = Given(
        token=BUDGET.token,
        name="budget",
        props={"metadata": META, "spec": {"minAvailable": 1, "selector": SELECTOR}},
    )
    idle = Given(token=SCALED.token, name="s", props=but(SCALED.props, {"spec.minReplicaCount": 0}))
    assert judge_stack(budgets.EVICTABLE, [budget, DEPLOYMENT, idle]).kind is Kind.VIOLATION


def test_a_workload_is_joined_by_its_selector_where_its_pods_have_no_labels() -> None:
    props = {"metadata": META, "spec": {"replicas": 1, "selector": SELECTOR}}
    bare = Given(token=DEPLOYMENT.token, name="bare", props=props)
    budget = Given(
        token=BUDGET.token,
        name="budget",
        props={"metadata": META, "spec": {"minAvailable": 1, "selector": SELECTOR}},
    )
    assert judge_stack(budgets.EVICTABLE, [bare, budget]).kind is Kind.VIOLATION


def test_a_scaler_beside_a_helm_release_may_scale_what_that_brings() -> None:
    release = Given(token="kubernetes:helm.sh/v3:Release", name="chart", props={})
    assert judge_stack(budgets.SCALERS, [HPA]).kind is Kind.VIOLATION
    assert judge_stack(budgets.SCALERS, [HPA, release]).kind is Kind.UNDETERMINED


def test_the_accepted_priority_classes_can_be_named() -> None:
    verdict = judge(availability.PRIORITY, DEPLOYMENT, accepted=["system-cluster-critical"])
    assert verdict.kind is Kind.VIOLATION


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"app": "llm"}}, True),
        ({"matchLabels": {"app": "llm", "tier": "x"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "llm"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["llm"]}]}, False),
        ({"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["llm"]}]}, True),
        ({"matchExpressions": [{"key": "x", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}, True),
        ({"matchLabels": {"app": UNKNOWN}}, None),
        ({"matchLabels": {"app": UNKNOWN, "tier": "x"}}, False),
        ({"matchLabels": UNKNOWN}, None),
        (UNKNOWN, None),
    ],
)
def test_selectors_pick_as_kubernetes_does(selector: Any, expected: bool | None) -> None:
    assert selects(Node(selector), Node({"app": "llm"})) is expected


def test_a_services_selector_needs_every_label_and_an_empty_one_picks_nothing() -> None:
    labels = Node({"app": "llm", "tier": "gpu"})
    assert matches_plain(Node({"app": "llm"}), labels) is True
    assert matches_plain(Node({"app": "llm", "zone": "a"}), labels) is False
    assert matches_plain(Node({}), labels) is False
    assert matches_plain(Node(UNKNOWN), labels) is None
