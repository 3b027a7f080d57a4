"""Messages from a plugin to the person at the terminal, through the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc

from embedded.plugins.protos import engine_pb2, engine_pb2_grpc


@dataclass(frozen=True)
class Host:
    """The engine's log; without an engine, messages go nowhere."""

    engine: Any = None

    @classmethod
    def at(cls, address: str) -> Host:
        """Return the log of the engine at `address`; "" is none."""
        if not address:
            return cls()
        return cls(engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)))

    def status(self, urn: str, message: str) -> None:
        """Show `message` in the resource's row while it is being worked on; "" clears it."""
        self._log(engine_pb2.INFO, urn, message, ephemeral=True)

    def info(self, urn: str, message: str) -> None:
        """Print `message` among the resource's diagnostics."""
        self._log(engine_pb2.INFO, urn, message, ephemeral=False)

    def warn(self, urn: str, message: str) -> None:
        """Print `message` as a warning of the resource."""
        self._log(engine_pb2.WARNING, urn, message, ephemeral=False)

    def _log(self, severity: Any, urn: str, message: str, *, ephemeral: bool) -> None:
        if self.engine is None:
            return
        request = engine_pb2.LogRequest(
            severity=severity, urn=urn, message=message, ephemeral=ephemeral
        )
        try:
            self.engine.Log(request, timeout=5)
        except grpc.RpcError:
            # The engine is going away: nobody is left to read the message.
            return
