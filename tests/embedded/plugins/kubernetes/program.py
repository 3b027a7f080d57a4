"""A program's resources without the engine: the provider's requests in the engine's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from embedded.plugins.kubernetes.journal import Journal
from embedded.plugins.kubernetes.provider import KubernetesProvider
from embedded.plugins.provider import Autonaming, Diff, InitFailedError, Target
from embedded.plugins.values import decode, encode


class RefusedError(Exception):
    """Check found something wrong."""


@dataclass
class State:
    """What the engine's checkpoint holds of one resource."""

    target: Target
    identity: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass
class Program:
    """Sends what the engine would send, values encoded as on the wire."""

    journal: Journal
    settings: dict[str, Any]
    states: dict[str, State] = field(default_factory=dict)
    seed: int = 0

    def provider(self) -> KubernetesProvider:
        """Return a provider as a new process would have it."""
        provider = KubernetesProvider(self.journal)
        provider.configure(self.settings)
        return provider

    def up(self, kind: str, name: str, news: dict[str, Any], **options: Any) -> State:
        """Create, update or replace; a failed initialisation is kept and raised."""
        provider = self.provider()
        target = _target(kind, name, **options)
        known = self.states.get(target.urn)
        inputs = self.check(provider, target, known.inputs if known else {}, news)
        if known is None:
            return self._create(provider, target, inputs)
        diff = self.diff(provider, known, inputs)
        if diff.replaces:
            return self._replace(provider, known, news, inputs, diff)
        if not diff.changes:
            return known
        here = _at(target, known.identity)
        return self._keep(
            here,
            inputs,
            lambda: (
                known.identity,
                provider.update(here, known.inputs, known.outputs, inputs),
            ),
        )

    def check(
        self,
        provider: KubernetesProvider,
        target: Target,
        olds: dict[str, Any],
        news: dict[str, Any],
    ) -> dict[str, Any]:
        """Return checked inputs; raise RefusedError with the reasons."""
        self.seed += 1
        seed = f"{target.urn}{self.seed}".encode()
        naming = Autonaming(proposed=None, enforced=False, disabled=False, seed=seed)
        inputs, failures = provider.check(target, olds, news, naming)
        if failures:
            raise RefusedError("; ".join(failure.reason for failure in failures))
        return _wire(inputs)

    def diff(self, provider: KubernetesProvider, known: State, inputs: dict[str, Any]) -> Diff:
        """Return what would change."""
        here = _at(known.target, known.identity)
        return provider.diff(here, known.inputs, known.outputs, inputs)

    def preview(self, kind: str, name: str, news: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs that a preview foresees."""
        provider = self.provider()
        target = _target(kind, name, preview=True)
        known = self.states.get(target.urn)
        inputs = self.check(provider, target, known.inputs if known else {}, news)
        if known is None:
            return _wire(provider.create(target, inputs)[1])
        return _wire(provider.update(target, known.inputs, known.outputs, inputs))

    def refresh(self, kind: str, name: str) -> State | None:
        """Read the resource as it is; forget it when it is gone."""
        known = self.states[_target(kind, name).urn]
        here = _at(known.target, known.identity)
        identity, inputs, outputs = self.provider().read(here, known.inputs, known.outputs)
        if not identity:
            del self.states[known.target.urn]
            return None
        known.inputs, known.outputs = _wire(inputs), _wire(outputs)
        return known

    def destroy(self, kind: str, name: str, **options: Any) -> None:
        """Delete the resource."""
        known = self.states[_target(kind, name).urn]
        here = _target(kind, name, id=known.identity, **options)
        self.provider().delete(here, known.inputs, known.outputs)
        del self.states[known.target.urn]

    def forget(self, kind: str, name: str) -> None:
        """Lose the checkpoint, as an engine that was killed right after the request."""
        del self.states[_target(kind, name).urn]

    def _create(
        self, provider: KubernetesProvider, target: Target, inputs: dict[str, Any]
    ) -> State:
        return self._keep(target, inputs, lambda: provider.create(target, inputs))

    def _replace(
        self,
        provider: KubernetesProvider,
        known: State,
        news: dict[str, Any],
        inputs: dict[str, Any],
        diff: Diff,
    ) -> State:
        here = _at(known.target, known.identity)
        if diff.delete_before_replace:
            provider.delete(here, known.inputs, known.outputs)
            return self._create(provider, known.target, inputs)
        fresh = self.check(provider, known.target, {}, news)
        made = self._create(provider, known.target, fresh)
        provider.delete(here, known.inputs, known.outputs)
        return made

    def _keep(self, target: Target, inputs: dict[str, Any], action: Any) -> State:
        try:
            identity, outputs = action()
        except InitFailedError as error:
            state = State(target, error.identity, inputs, _wire(error.outputs))
            self.states[target.urn] = state
            raise
        self.states[target.urn] = State(target, identity, inputs, _wire(outputs))
        return self.states[target.urn]


def _target(kind: str, name: str, **options: Any) -> Target:
    token = f"kubernetes:{kind}"
    return Target(urn=f"urn:pulumi:s::p::{token}::{name}", type=token, name=name, **options)


def _at(target: Target, identity: str) -> Target:
    return Target(
        urn=target.urn,
        type=target.type,
        name=target.name,
        id=identity,
        timeout=target.timeout,
        ignore_changes=target.ignore_changes,
    )


def _wire(values: dict[str, Any]) -> dict[str, Any]:
    return decode(encode(values))
