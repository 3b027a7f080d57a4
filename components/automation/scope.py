"""Which resources the pipeline's roles are for. Imports no Pulumi."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which resources a role is for."""

    account: str
    region: str
    stack: str
    # Stacks of this prefix are reached, too, as copies for review; absent: none is.
    reviews: str | None = None
    # The bucket with the engine's state and the key that it is encrypted with; absent: elsewhere.
    state_bucket: str | None = None
    state_key_arn: str | None = None

    @property
    def names(self) -> list[str]:
        """How names begin of what the stack makes."""
        stacks = [self.stack] if self.reviews is None else [self.stack, f"{self.reviews}*"]
        return [f"ballast-{stack}" for stack in stacks]

    def arns(self, service: str, kind: str, end: str) -> list[str]:
        """Return the ARNs of a kind of resource that are the stack's own."""
        place = f"{self.region}:{self.account}"
        return [f"arn:aws:{service}:{place}:{kind}{name}{end}" for name in self.names]

    def roles(self) -> list[str]:
        """Return the ARNs of roles that the stack makes."""
        return [f"arn:aws:iam::{self.account}:role/{name}-*" for name in self.names]
