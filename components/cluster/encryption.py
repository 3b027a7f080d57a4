"""KMS keys that rotate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi_aws as aws
from pulumi import Input, ResourceOptions

from components import naming, tagging


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    """What makes a key."""

    # Name that people know it by, without `alias/`.
    alias: str
    description: str
    # Who may use it; None: the account, through IAM.
    policy: Input[str] | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def rotating_key(
    name: str, args: KeyArgs, *, parent: ResourceOptions, key: ResourceOptions | None = None
) -> aws.kms.Key:
    """Make a key, with options of its own where given, and its alias."""
    made = aws.kms.Key(
        name,
        aws.kms.KeyArgs(
            description=args.description,
            enable_key_rotation=True,
            # What it encrypted can be read until then, should it go by mistake.
            deletion_window_in_days=30,
            policy=args.policy,
            tags=tagging.tags(args.tags, name),
        ),
        key or parent,
    )
    aws.kms.Alias(
        naming.child(name, "alias"),
        aws.kms.AliasArgs(name=f"alias/{args.alias}", target_key_id=made.key_id),
        parent,
    )
    return made
