"""From the plan and the files in git to resources in Pulumi Cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi

from embedded.layout import PROJECT_ROOT
from operations.deployments import plan as plans
from operations.deployments import resources
from operations.deployments.deploy_file import DeploymentSettings
from operations.deployments.deploy_file import load as load_deploy_file
from operations.deployments.plan import Plan
from operations.deployments.resources import StackAutomation, StackAutomationArgs

_FIELDS = tuple(Plan.model_fields)


def read_config() -> Plan:
    """Return the plan from this project's own configuration."""
    config = pulumi.Config()  # noqa: TID251 - a project of its own, beside the platform's
    values: dict[str, Any] = {"organization": config.get("organization")}
    for name in _FIELDS:
        if name != "organization" and (value := config.get_object(name)) is not None:
            values[name] = value
    return plans.parse(values)


def register(plan: Plan, root: Path = PROJECT_ROOT) -> None:
    """Register all that is wanted of Pulumi Cloud."""
    settings = {name: _settings(root, name) for name in plan.stacks}
    for name, wanted in plan.stacks.items():
        StackAutomation(
            name,
            StackAutomationArgs(
                organization=plan.organization,
                stack=name,
                settings=settings[name],
                drift=wanted.drift,
                expires=plans.timestamp(wanted.expires) if wanted.expires else None,
            ),
        )
        if plan.policies is not None:
            alike = [review.stack for review in plan.reviews if review.like == name]
            levels = json.loads((root / "policies" / "enforcement" / f"{name}.json").read_text())
            resources.policy_group(plan.organization, [name, *alike], levels, plan.policies)
    for review in plan.reviews:
        resources.review_stack(plan.organization, review, settings[review.like])
    for name, hook in plan.webhooks.items():
        resources.webhook(plan.organization, name, hook)


def _settings(root: Path, stack: str) -> DeploymentSettings:
    return load_deploy_file(root / "stacks" / f"Pulumi.{stack}.deploy.yaml")
