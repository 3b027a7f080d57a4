"""What is wanted of Pulumi Cloud beside the settings: schedules, reviews, policies, webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

# A stack's name goes into the names of its roles, which have 64 characters in all.
LONGEST_STACK = 15
REVIEW_PREFIX = "review-"


def _cron(value: str) -> str:
    fields = value.split()
    if len(fields) != 5:
        message = f"{value!r} has {len(fields)} fields; cron has five, such as 0 */6 * * *"
        raise ValueError(message)
    return value


def _https(value: str) -> str:
    if not value.startswith("https://"):
        message = f"{value!r} is not encrypted; write an address that starts with https://"
        raise ValueError(message)
    return value


def _quoted(value: Any) -> Any:
    # A bare date in YAML reaches the program as Go prints it.
    if isinstance(value, str) and value.endswith(" UTC"):
        message = f'put the moment in quotes, such as "2026-12-18T18:00:00Z"; got {value}'
        raise ValueError(message)
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_quoted)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Drift(_Section):
    """When Pulumi Cloud looks for what was changed by hand."""

    schedule: Annotated[str, AfterValidator(_cron)]
    # Put back at once what was changed; false: only say so.
    remediate: bool = False


class Stack(_Section):
    """What Pulumi Cloud does for one stack, beside what its deploy file says."""

    drift: Drift
    # When everything of the stack is destroyed; absent: never.
    expires: Moment | None = None


class Review(_Section):
    """A stack of its own for one branch, like the stack it is taken from, that ends by itself."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=LONGEST_STACK - len(REVIEW_PREFIX)
    )
    branch: str = Field(min_length=1)
    expires: Moment
    like: str = "dev"

    @property
    def stack(self) -> str:
        """The stack's name; the trust of the role that it is deployed with knows the prefix."""
        return f"{REVIEW_PREFIX}{self.name}"


class Policies(_Section):
    """The published policy pack that every stack is held to."""

    # As PulumiPolicy.yaml numbers it.
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")


class Webhook(_Section):
    """Who is told what happens."""

    url: Annotated[str, AfterValidator(_https)]
    format: str = Field(default="raw", pattern="^(raw|slack|ms_teams)$")


class Plan(_Section):
    """All of it."""

    organization: str = Field(pattern=r"^[\w.-]+$")
    stacks: dict[str, Stack]
    reviews: list[Review] = Field(default_factory=list[Review])
    # Absent: the pack is not published, and only the deployments' own runs have it.
    policies: Policies | None = None
    webhooks: dict[str, Webhook] = Field(default_factory=dict[str, Webhook])


class PlanError(Exception):
    """The configuration is not what the plan can be."""


def parse(values: Mapping[str, Any]) -> Plan:
    """Return the plan; raise PlanError with every fault in it at once."""
    try:
        plan = Plan.model_validate(dict(values))
    except ValidationError as error:
        faults = [
            f"  ballast-automation:{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
            for one in error.errors()
        ]
        message = "\n".join(["the automation's settings are wrong:", *faults])
        raise PlanError(message) from None
    _check_reviews(plan)
    return plan


def _check_reviews(plan: Plan) -> None:
    for review in plan.reviews:
        if review.like not in plan.stacks:
            known = ", ".join(sorted(plan.stacks))
            message = (
                f"review stack {review.name} is to be like {review.like!r}, which is no stack "
                f"here. Known: {known}."
            )
            raise PlanError(message)
        if plan.stacks[review.like].expires is None:
            message = (
                f"review stack {review.name} is to be like {review.like!r}, which is kept. Only a "
                f"stack that expires itself may be copied: take dev."
            )
            raise PlanError(message)


def timestamp(when: datetime) -> str:
    """Return the moment as Pulumi Cloud writes it, such as 2026-12-31T18:00:00Z."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
