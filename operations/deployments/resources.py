"""The resources in Pulumi Cloud, one component for what belongs to one stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_pulumiservice as cloud
from pulumi import ResourceOptions

from operations.deployments import plan as plans
from operations.deployments.deploy_file import DeploymentSettings
from operations.deployments.plan import Drift, Policies, Review, Webhook

PROJECT = "ballast"
TOKEN = "ballast:automation:StackAutomation"  # noqa: S105 - a type token
TOLD = (
    cloud.WebhookFilters.UPDATE_FAILED,
    cloud.WebhookFilters.DEPLOYMENT_FAILED,
    cloud.WebhookFilters.DESTROY_SUCCEEDED,
    cloud.WebhookFilters.DRIFT_DETECTED,
    cloud.WebhookFilters.DRIFT_DETECTION_FAILED,
    cloud.WebhookFilters.DRIFT_REMEDIATION_FAILED,
)


@dataclass(frozen=True, kw_only=True)
class StackAutomationArgs:
    """What Pulumi Cloud is to do for one stack."""

    organization: str
    stack: str
    settings: DeploymentSettings
    # Absent: nobody looks for drift, as in a stack that lives for days.
    drift: Drift | None = None
    # When everything is destroyed, as Pulumi Cloud writes it; absent: never.
    expires: str | None = None
    # The stack is forgotten, too, once it is destroyed.
    forget: bool = False


class StackAutomation(pulumi.ComponentResource):
    """Deployments, drift detection and the end of one stack.

    Creates: deployment settings, drift schedule, TTL schedule.
    """

    def __init__(
        self, name: str, args: StackAutomationArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._name = name
        self._args = args
        settings = self._build_settings()
        # Schedules run with the settings, so the settings have to be there first.
        self._after = ResourceOptions(parent=self, depends_on=[settings])
        if args.drift is not None:
            self._build_drift(args.drift)
        if args.expires is not None:
            self._build_end(args.expires)
        self.register_outputs({})

    def _build_settings(self) -> cloud.DeploymentSettings:
        settings = self._args.settings
        git = settings.source_context.git
        return cloud.DeploymentSettings(
            f"{self._name}-settings",
            cloud.DeploymentSettingsArgs(
                organization=self._args.organization,
                project=PROJECT,
                stack=self._args.stack,
                source_context=cloud.DeploymentSettingsSourceContextArgs(
                    git=cloud.DeploymentSettingsGitSourceArgs(
                        branch=git.branch, repo_dir=git.repo_dir
                    )
                ),
                vcs=_vcs(settings),
                operation_context=_operation(settings),
            ),
            ResourceOptions(parent=self),
        )

    def _build_drift(self, drift: Drift) -> cloud.DriftSchedule:
        return cloud.DriftSchedule(
            f"{self._name}-drift",
            cloud.DriftScheduleArgs(
                organization=self._args.organization,
                project=PROJECT,
                stack=self._args.stack,
                schedule_cron=drift.schedule,
                auto_remediate=drift.remediate,
            ),
            self._after,
        )

    def _build_end(self, expires: str) -> cloud.TtlSchedule:
        return cloud.TtlSchedule(
            f"{self._name}-end",
            cloud.TtlScheduleArgs(
                organization=self._args.organization,
                project=PROJECT,
                stack=self._args.stack,
                timestamp=expires,
                delete_after_destroy=self._args.forget,
            ),
            self._after,
        )


def review_settings(like: DeploymentSettings, review: Review) -> DeploymentSettings:
    """Return the settings of a review stack: those of the stack it is like, for its own branch.

    Its settings in git are copied before each operation, with a cluster's name
    of its own: two clusters of one name do not fit into one account.
    """
    copy = f"cp stacks/Pulumi.{review.like}.yaml stacks/Pulumi.{review.stack}.yaml"
    rename = (
        f"sed -i 's/name: {PROJECT}-{review.like}$/name: {PROJECT}-{review.stack}/' "
        f"stacks/Pulumi.{review.stack}.yaml"
    )
    git = like.source_context.git.model_copy(update={"branch": review.branch})
    hub = like.git_hub.model_copy(update={"preview_pull_requests": False, "deploy_commits": True})
    operation = like.operation_context.model_copy(
        update={"pre_run_commands": [copy, rename, *like.operation_context.pre_run_commands]}
    )
    return like.model_copy(
        update={
            "source_context": like.source_context.model_copy(update={"git": git}),
            "git_hub": hub,
            "operation_context": operation,
        }
    )


def review_stack(organization: str, review: Review, like: DeploymentSettings) -> StackAutomation:
    """Register a stack for one branch, which is deployed at each push and ends on its day."""
    stack = cloud.Stack(
        f"{review.stack}-stack",
        cloud.StackArgs(
            organization_name=organization, project_name=PROJECT, stack_name=review.stack
        ),
        # What still runs must be destroyed first: forgetting it would leave it on the bill.
        ResourceOptions(ignore_changes=["forceDestroy"]),
    )
    return StackAutomation(
        review.stack,
        StackAutomationArgs(
            organization=organization,
            stack=review.stack,
            settings=review_settings(like, review),
            expires=plans.timestamp(review.expires),
            forget=True,
        ),
        ResourceOptions(depends_on=[stack]),
    )


def policy_group(
    organization: str, stacks: Sequence[str], levels: Mapping[str, Any], policies: Policies
) -> cloud.PolicyGroup:
    """Register the pack for these stacks, whoever runs the engine, from wherever.

    The levels are those that `./ballast` uses, from policies/enforcement/.
    """
    pack = cloud.PolicyGroupPolicyPackReferenceInputArgs(
        name=PROJECT, version_tag=policies.version, config=levels
    )
    name = f"{PROJECT}-{stacks[0]}"
    return cloud.PolicyGroup(
        f"{stacks[0]}-policies",
        cloud.PolicyGroupArgs(
            name=name,
            organization_name=organization,
            # The other mode, audit, only writes down what it would have stopped.
            mode="preventative",
            policy_packs=[pack],
            stacks=[
                cloud.PolicyGroupStackReferenceArgs(name=stack, routing_project=PROJECT)
                for stack in stacks
            ],
        ),
    )


def webhook(organization: str, name: str, hook: Webhook) -> cloud.Webhook:
    """Register who is told of failures, drift and ends."""
    return cloud.Webhook(
        f"webhook-{name}",
        cloud.WebhookArgs(
            active=True,
            display_name=name,
            organization_name=organization,
            # Whoever knows the address can write to the channel.
            payload_url=pulumi.Output.secret(hook.url),
            format=cloud.WebhookFormat(hook.format),
            filters=list(TOLD),
        ),
    )


def _vcs(settings: DeploymentSettings) -> cloud.DeploymentSettingsVcsArgs:
    hub = settings.git_hub
    return cloud.DeploymentSettingsVcsArgs(
        provider="github",
        repository=hub.repository,
        deploy_commits=hub.deploy_commits,
        preview_pull_requests=hub.preview_pull_requests,
        pull_request_template=hub.pull_request_template,
        paths=hub.paths,
    )


def _operation(settings: DeploymentSettings) -> cloud.DeploymentSettingsOperationContextArgs:
    operation = settings.operation_context
    aws = operation.oidc.aws
    return cloud.DeploymentSettingsOperationContextArgs(
        oidc=cloud.OperationContextOIDCArgs(
            aws=cloud.AWSOIDCConfigurationArgs(
                role_arn=aws.role_arn, session_name=aws.session_name, duration=aws.duration
            )
        ),
        pre_run_commands=operation.pre_run_commands,
        environment_variables=operation.environment_variables,
        options=cloud.OperationContextOptionsArgs(
            skip_install_dependencies=operation.options.skip_install_dependencies,
            skip_intermediate_deployments=operation.options.skip_intermediate_deployments,
            delete_after_destroy=operation.options.delete_after_destroy,
        ),
    )
