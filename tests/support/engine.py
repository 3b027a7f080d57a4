"""A recording engine: runs a program without an engine and keeps what it registered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, stack

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Registered:
    """One resource as the program registered it; inputs in the provider's spelling."""

    type: str
    name: str
    inputs: dict[str, Any]
    provider: str
    urn: str
    custom: bool


@dataclass
class RecordingEngine(mocks.Mocks):
    """Answers every registration with its inputs and an id, and every lookup from a table."""

    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    resources: list[Registered] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = {**args.inputs, **_computed(args)}
        return (f"{args.name}-id" if args.custom is not False else None), outputs

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        return self.calls[args.token]


# What a stack that is referred to says about itself; zones of every region's first letters.
_PEER = {
    "vpc_id": "vpc-0123456789abcdef0",
    "cidr": "10.64.0.0/16",
    "route_table_ids": {f"us-east-1{letter}": f"rtb-{letter}" for letter in "abc"},
    "security_group_ids": {"services": "sg-0123456789abcdef0"},
}


def _computed(args: mocks.MockResourceArgs) -> dict[str, Any]:
    """Return what only the cloud knows of the types whose outputs are read further on."""
    arn = f"arn:aws:mock::{args.name}"
    if args.typ == "aws:eks/cluster:Cluster":
        authority = {"certificateAuthority": {"data": "Q0E="}}
        identities = [{"oidcs": [{"issuer": "https://oidc.eks.example/id/TEST"}]}]
        return {
            "arn": arn,
            "endpoint": "https://eks.example",
            "identities": identities,
            **authority,
        }
    if args.typ == "aws:ec2/launchTemplate:LaunchTemplate":
        return {"arn": arn, "latestVersion": 1}
    if args.typ == "pulumi:pulumi:StackReference":
        return {"outputs": {"network": _PEER}}
    if args.typ.startswith("aws:"):
        return {"arn": arn, "name": args.inputs.get("name", args.name), "keyId": arn}
    return {}


class _Monitor(mocks.MockMonitor):
    """The SDK's mock monitor, which also remembers URNs and components."""

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN as the engine makes it; the SDK's mock forgets the chain of types."""
        above = parent.split("::")[2] if parent else ""
        chain = type_ if above in {"", "pulumi:pulumi:Stack"} else f"{above}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{chain}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        engine: RecordingEngine = self.mocks  # type: ignore[assignment]
        if request.type == "pulumi:pulumi:Stack":
            return response
        inputs = pulumi.runtime.rpc.deserialize_properties(request.object)
        engine.resources.append(
            Registered(
                request.type,
                request.name,
                _plain(inputs),
                request.provider,
                response.urn,
                request.custom,
            )
        )
        return response


def _plain(value: Any) -> Any:
    """Return the value without the marks of secrets."""
    if isinstance(value, dict):
        if pulumi.runtime.rpc._special_sig_key in value:
            return _plain(value.get("value"))
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def deploy(
    build: Callable[[], Any],
    *,
    config: dict[str, Any] | None = None,
    stack_name: str = "test",
    preview: bool = False,
) -> tuple[Any, list[Registered]]:
    """Run `build` and return what it returned and what it registered."""
    engine = RecordingEngine()

    async def run() -> Any:
        mocks.set_mocks(
            engine, project="ballast", stack=stack_name, preview=preview, monitor=_Monitor(engine)
        )
        pulumi.runtime.set_all_config(config or {})
        try:
            return build()
        finally:
            # Also after an error: what is left behind would hang the next program.
            await asyncio.wait_for(stack.wait_for_rpcs(), timeout=60)

    built = asyncio.run(run())
    return built, engine.resources


def stack_config(stack_name: str) -> dict[str, str]:
    """Return a stack file's configuration as the engine hands it over."""
    text = (ROOT / "stacks" / f"Pulumi.{stack_name}.yaml").read_text()
    return as_config(yaml.safe_load(text)["config"])


def as_config(values: dict[str, Any]) -> dict[str, str]:
    """Return values as the engine hands them over: text as it is, the rest as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }
