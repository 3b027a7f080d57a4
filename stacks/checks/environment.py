"""Region, account and tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from catalog import regions
from stacks.problems import Problem, nearest
from stacks.sections import ClusterSettings

# moto answers as this account and as no other.
EMBEDDED_ACCOUNT: Final = "123456789012"
REQUIRED_TAGS: Final = ("Owner", "CostCenter", "Environment")


def region_is_known(region: str) -> Iterator[Problem]:
    """Zones can be checked for known regions only."""
    if not regions.zones(region):
        known = sorted(regions.ZONE_LETTERS)
        yield Problem("ballast:region", region, ", ".join(known), nearest(region, known))


def embedded_account_is_moto_s(target: str, account: str) -> Iterator[Problem]:
    """Another number would fail later, and with AWS's words."""
    if target == "embedded" and account != EMBEDDED_ACCOUNT:
        fix = "The embedded environment has this one account. Write it, or set target: aws."
        yield Problem("ballast:account", account, EMBEDDED_ACCOUNT, fix)


def admin_role_is_in_the_account(account: str, cluster: ClusterSettings) -> Iterator[Problem]:
    """A role of another account would let strangers in and keep the deployer out."""
    owner = cluster.admin_role_arn.split(":")[4]
    if owner != account:
        yield Problem(
            "ballast:cluster.admin_role_arn",
            cluster.admin_role_arn,
            f"a role of the account {account}",
            f"This role is in {owner}. Use a role of the stack's own account, or correct "
            "ballast:account.",
        )


def tags_name_owner_and_cost(tags: dict[str, str]) -> Iterator[Problem]:
    """Cost reports and people look for these."""
    for key in REQUIRED_TAGS:
        if not tags.get(key):
            fix = "Add it: whoever finds the resource has to know whose it is."
            yield Problem(f"ballast:tags.{key}", tags.get(key), "a text that is not empty", fix)
    for key in tags:
        if key.lower().startswith("aws:"):
            yield Problem(f"ballast:tags.{key}", tags[key], "keys without aws:", "AWS owns it.")


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("region",), region_is_known),
    (("target", "account"), embedded_account_is_moto_s),
    (("account", "cluster"), admin_role_is_in_the_account),
    (("tags",), tags_name_owner_and_cost),
)
