"""The provider protocol, once, for both embedded providers.

A provider subclasses `Provider` and speaks plain data; this module carries it
over gRPC, keeps the process tied to its engine, and turns exceptions into
messages that a user can act on.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import code_pb2, status_pb2
from grpc_status import rpc_status

from embedded.plugins.host import Host
from embedded.plugins.protos import plugin_pb2, provider_pb2, provider_pb2_grpc
from embedded.plugins.values import decode, encode

T = TypeVar("T")

_MAX_MESSAGE = 400 * 1024 * 1024  # the engine's own limit
_WORKERS = 32


class ProviderError(Exception):
    """What the user, or the cloud, got wrong; the message goes to the screen as it is."""


class InitFailedError(Exception):
    """The resource exists but did not become ready: it is kept in the state as such."""

    def __init__(
        self, identity: str, inputs: dict[str, Any], outputs: dict[str, Any], reasons: list[str]
    ) -> None:
        super().__init__("; ".join(reasons))
        self.identity = identity
        self.inputs = inputs
        self.outputs = outputs
        self.reasons = reasons


@dataclass(frozen=True)
class Failure:
    """One input that is wrong: the property's path and what to do about it."""

    property: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """The resource that a request is about."""

    urn: str
    type: str
    name: str
    id: str = ""
    preview: bool = False
    # Seconds; 0 when the program set none.
    timeout: float = 0.0
    # Property paths whose change the program ignores; the inputs hold their old value already.
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Autonaming:
    """What `pulumi:autonaming` says about this resource."""

    # None: the provider's own pattern. "" is not allowed by the engine.
    proposed: str | None
    enforced: bool
    disabled: bool
    seed: bytes


@dataclass(kw_only=True)
class Diff:
    """Changed property paths by kind: add, delete, update; and which of them replace."""

    changes: dict[str, str] = field(default_factory=dict)
    replaces: set[str] = field(default_factory=set)
    delete_before_replace: bool = False
    stables: list[str] = field(default_factory=list)


class Provider:
    """What a provider answers; every method takes and returns plain data.

    Raise ProviderError for what the user can mend, InitFailedError for a
    resource that exists but is not ready.
    """

    name: str
    version: str
    # Where messages to the user go; silent until the engine has said where it is.
    host: Host = Host()

    def check_config(self, news: dict[str, Any]) -> list[Failure]:
        """Return what is wrong with the provider's own settings."""
        return []

    def diff_config(self, olds: dict[str, Any], news: dict[str, Any]) -> Diff:
        """Return which of the provider's settings changed; default: none replace."""
        keys = {key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key)}
        return Diff(changes=dict.fromkeys(keys - {"version"}, "update"))

    def configure(self, args: dict[str, Any]) -> None:
        """Take the settings; they may hold UNKNOWN in a preview."""
        raise NotImplementedError

    def check(
        self, target: Target, olds: dict[str, Any], news: dict[str, Any], autonaming: Autonaming
    ) -> tuple[dict[str, Any], list[Failure]]:
        """Return the inputs with defaults and names filled in, and what is wrong with them."""
        raise NotImplementedError

    def diff(
        self,
        target: Target,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        news: dict[str, Any],
    ) -> Diff:
        """Compare inputs; ignored changes have been put back to their old value."""
        raise NotImplementedError

    def create(self, target: Target, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create (or, in a preview, foresee) and return id and outputs; "" is no id yet."""
        raise NotImplementedError

    def read(
        self, target: Target, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Return id, inputs and outputs as they really are; "" when the resource is gone."""
        raise NotImplementedError

    def update(
        self,
        target: Target,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        news: dict[str, Any],
    ) -> dict[str, Any]:
        """Update (or, in a preview, foresee) and return the outputs."""
        raise NotImplementedError

    def delete(self, target: Target, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Delete; a resource that is gone already is deleted."""
        raise NotImplementedError

    def invoke(self, token: str, args: dict[str, Any], *, preview: bool) -> dict[str, Any]:
        """Answer a data source."""
        message = f"the embedded {self.name} provider has no function {token}"
        raise ProviderError(message)

    def cancel(self) -> None:
        """Stop waiting for anything: the user pressed Ctrl-C."""


def serve(provider: Provider) -> NoReturn:
    """Serve until the engine ends; print the port for it, as the protocol wants."""
    options = [
        ("grpc.max_receive_message_length", _MAX_MESSAGE),
        ("grpc.max_send_message_length", _MAX_MESSAGE),
    ]
    pool = futures.ThreadPoolExecutor(_WORKERS)
    server = grpc.server(pool, options=options)
    servicer = _Servicer(provider)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    # A late print from a library would corrupt the handshake line.
    out, sys.stdout = sys.stdout, sys.stderr
    out.write(f"{port}\n")
    out.flush()
    _wait_for_the_end()
    provider.cancel()
    # What is under way finishes and is written down: a call to the cloud that
    # was cut in half would leave something nobody knows of.
    server.stop(grace=20).wait()
    os._exit(0)


def _wait_for_the_end() -> None:
    """Return when the engine says so, by a signal, or is gone without a word."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    parent = os.getppid()
    while os.getppid() == parent and not told.wait(0.5):
        pass


def where(error: BaseException) -> str:
    """Return the file and line of ours in which the error arose."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "unknown place"


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Translates between the protocol's messages and a Provider's plain data."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._configured = threading.Event()

    def Handshake(self, request: Any, context: Any) -> Any:
        self._provider.host = Host.at(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=False,
            accept_resources=False,
            accept_outputs=False,
            supports_autonaming_configuration=True,
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def Attach(self, request: Any, context: Any) -> Any:
        self._provider.host = Host.at(request.address)
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        failures = self._run(context, lambda: self._provider.check_config(decode(request.news)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    def DiffConfig(self, request: Any, context: Any) -> Any:
        olds = decode(request.old_inputs) or decode(request.olds)
        diff = self._run(context, lambda: self._provider.diff_config(olds, decode(request.news)))
        return _diff_response(diff)

    def Configure(self, request: Any, context: Any) -> Any:
        self._run(context, lambda: self._provider.configure(decode(request.args)))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False,
            supportsPreview=True,
            acceptResources=False,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    def Check(self, request: Any, context: Any) -> Any:
        inputs, failures = self._run(
            context,
            lambda: self._provider.check(
                _target(request), decode(request.olds), decode(request.news), _autonaming(request)
            ),
        )
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=_failures(failures))

    def Diff(self, request: Any, context: Any) -> Any:
        old_inputs, news = decode(request.old_inputs), decode(request.news)
        for key in request.ignoreChanges:
            _put_back(key, old_inputs, news)
        diff = self._run(
            context,
            lambda: self._provider.diff(_target(request), old_inputs, decode(request.olds), news),
        )
        return _diff_response(diff)

    def Create(self, request: Any, context: Any) -> Any:
        identity, outputs = self._run(
            context, lambda: self._provider.create(_target(request), decode(request.properties))
        )
        return provider_pb2.CreateResponse(id=identity, properties=encode(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        identity, inputs, outputs = self._run(
            context,
            lambda: self._provider.read(
                _target(request), decode(request.inputs), decode(request.properties)
            ),
        )
        return provider_pb2.ReadResponse(
            id=identity, properties=encode(outputs), inputs=encode(inputs)
        )

    def Update(self, request: Any, context: Any) -> Any:
        old_inputs, news = decode(request.old_inputs), decode(request.news)
        for key in request.ignoreChanges:
            _put_back(key, old_inputs, news)
        outputs = self._run(
            context,
            lambda: self._provider.update(_target(request), old_inputs, decode(request.olds), news),
        )
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        self._run(
            context,
            lambda: self._provider.delete(
                _target(request), decode(request.old_inputs), decode(request.properties)
            ),
        )
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        preview = bool(getattr(request, "preview", False))
        answer = self._run(
            context,
            lambda: self._provider.invoke(request.tok, decode(request.args), preview=preview),
        )
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(answer))
        return response

    def Cancel(self, request: Any, context: Any) -> Any:
        self._provider.cancel()
        return empty_pb2.Empty()

    def _run(self, context: grpc.ServicerContext, action: Callable[[], T]) -> T:
        try:
            return action()
        except InitFailedError as error:
            context.abort_with_status(rpc_status.to_status(_init_failed(error)))
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:  # noqa: BLE001 - the boundary: nothing may reach gRPC raw
            traceback.print_exc(file=sys.stderr)
            detail = f"{type(error).__name__}: {error} ({where(error)})"
            context.abort(
                grpc.StatusCode.INTERNAL,
                f"internal error in the embedded {self._provider.name} provider: {detail}",
            )
        raise AssertionError  # abort() has raised


def _target(request: Any) -> Target:
    parts = request.urn.split("::")
    return Target(
        urn=request.urn,
        type=request.type or parts[2].split("$")[-1],
        name=request.name or parts[-1],
        id=getattr(request, "id", ""),
        preview=getattr(request, "preview", False),
        timeout=getattr(request, "timeout", 0.0),
        ignore_changes=tuple(getattr(request, "ignoreChanges", ())),
    )


def _autonaming(request: Any) -> Autonaming:
    options = request.autonaming if request.HasField("autonaming") else None
    mode = provider_pb2.CheckRequest.AutonamingOptions.Mode
    return Autonaming(
        proposed=options.proposed_name or None if options else None,
        enforced=bool(options and options.mode == mode.ENFORCE),
        disabled=bool(options and options.mode == mode.DISABLE),
        seed=request.randomSeed,
    )


def _failures(failures: list[Failure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in failures]


def _diff_response(diff: Diff) -> Any:
    kinds = provider_pb2.PropertyDiff.Kind
    detailed = {
        path: provider_pb2.PropertyDiff(
            kind=kinds.Value(f"{kind}_replace".upper() if path in diff.replaces else kind.upper()),
            inputDiff=True,
        )
        for path, kind in diff.changes.items()
    }
    changed = (
        provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
    )
    return provider_pb2.DiffResponse(
        changes=changed,
        diffs=sorted({_top(path) for path in diff.changes}),
        replaces=sorted({_top(path) for path in diff.replaces}),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=diff.delete_before_replace,
        stables=diff.stables,
    )


def _top(path: str) -> str:
    return path.split(".")[0].split("[")[0]


def _put_back(path: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Set `path` in `new` to what `old` has there: the program ignores that change."""
    head, _, rest = path.partition(".")
    if rest and isinstance(old.get(head), dict) and isinstance(new.get(head), dict):
        _put_back(rest, old[head], new[head])
    elif head in old:
        new[head] = old[head]
    else:
        new.pop(head, None)


def _init_failed(error: InitFailedError) -> status_pb2.Status:
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.identity,
            properties=encode(error.outputs),
            inputs=encode(error.inputs),
            reasons=error.reasons,
        )
    )
    return status_pb2.Status(code=code_pb2.UNKNOWN, message=str(error), details=[detail])
