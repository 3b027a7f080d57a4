"""What stands after `up`, in one short table each: stages, nodes, policies, next steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from embedded.layout import Layout
from embedded.plugins.kubernetes.api import Api
from embedded.plugins.kubernetes.kubeconfig import load
from operations.console import results
from operations.pulumi import Outcome, Pulumi

_DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def show(layout: Layout, pulumi: Pulumi, outcome: Outcome) -> None:
    """Print what stands, as the cluster itself tells it."""
    api = Api(load(str(layout.kubeconfig)))
    deployments = [_read_deployment(api, urn, ident) for urn, ident in _deployments(pulumi)]
    nodes = api.get("/api/v1/nodes")["items"]
    results.print()
    results.print(stages_table(deployments))
    results.print()
    results.print(nodes_table(nodes))
    results.print()
    results.print(policies_line(outcome.events))
    results.print('Look further:  eval "$(./ballast env)"')
    results.print("               kubectl get pods --all-namespaces")
    results.print(f"               pulumi stack output --stack {pulumi.environment.name}")


def is_empty(pulumi: Pulumi) -> bool:
    """Tell whether nothing is left in the stack's state but the stack itself."""
    return not pulumi.resources()


def stages_table(deployments: Iterable[Mapping[str, Any]]) -> Table:
    """Return the stages of the pipeline with their replicas."""
    table = Table("stage", "deployment", "ready", box=None, pad_edge=False)
    for one in sorted(deployments, key=lambda item: (item["stage"], item["name"])):
        style = "green" if one["ready"] >= one["wanted"] else "red"
        name = f"{one['namespace']}/{one['name']}"
        table.add_row(one["stage"], name, f"[{style}]{one['ready']}/{one['wanted']}[/{style}]")
    return table


def nodes_table(nodes: Iterable[Mapping[str, Any]]) -> Table:
    """Return the nodes by pool, capacity type and instance type."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    ready: Counter[tuple[str, str, str, str]] = Counter()
    for node in nodes:
        labels = node["metadata"].get("labels", {})
        key = (
            labels.get("eks.amazonaws.com/nodegroup", "-"),
            labels.get("eks.amazonaws.com/capacityType", "-"),
            labels.get("node.kubernetes.io/instance-type", "-"),
            str(node["status"].get("allocatable", {}).get("nvidia.com/gpu", "0")),
        )
        counted[key] += 1
        conditions = node["status"].get("conditions", [])
        ready[key] += any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    table = Table(
        "node pool", "capacity", "instance type", "GPUs each", "ready", box=None, pad_edge=False
    )
    for key in sorted(counted):
        table.add_row(*key, f"{ready[key]}/{counted[key]}")
    return table


def policies_line(events: Iterable[Mapping[str, Any]]) -> str:
    """Return one line on how many policies were run and what they said."""
    rules: set[str] = set()
    # The update comes after its preview and says the same again.
    said: dict[tuple[str, str, str], str] = {}
    for event in events:
        for kind in ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent"):
            verdict = event.get(kind) or {}
            rules.update(verdict.get("passed") or [], verdict.get("failed") or [])
        if finding := event.get("policyEvent"):
            key = (finding["policyName"], finding.get("resourceUrn", ""), finding["message"])
            said[key] = finding["enforcementLevel"]
            rules.add(finding["policyName"])
    levels = Counter(said.values())
    mandatory, advisory = levels["mandatory"], levels["advisory"]
    verdict = f"[red]{mandatory} mandatory[/red]" if mandatory else "[green]no violations[/green]"
    advice = f", {advisory} advisory" if advisory else ""
    return f"policies: {len(rules)} run, {verdict}{advice}"


def _deployments(pulumi: Pulumi) -> list[tuple[str, str]]:
    return [(r["urn"], r["id"]) for r in pulumi.resources() if r["type"] == _DEPLOYMENT]


def _read_deployment(api: Api, urn: str, ident: str) -> dict[str, Any]:
    namespace, _, name = ident.partition("/")
    live = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
    return {
        "stage": _component(urn),
        "namespace": namespace,
        "name": name,
        "wanted": live["spec"]["replicas"],
        "ready": live["status"].get("readyReplicas", 0),
    }


def _component(urn: str) -> str:
    """Return the component that a resource belongs to, read off its URN's chain of types."""
    chain = urn.split("::")[2].split("$")
    own = [token.rsplit(":", 1)[-1] for token in chain if token.startswith("ballast:")]
    return own[-1] if own else "-"
