"""The language host as the engine starts it, between a stand-in engine and a stand-in monitor."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest

from embedded.plugins.protos import engine_pb2_grpc, language_pb2_grpc, resource_pb2_grpc
from tests.embedded.plugins.language.support import Engine, Host, Program, start


@pytest.fixture(scope="session")
def _engine() -> Iterator[Engine]:
    server = grpc.server(futures.ThreadPoolExecutor(8))
    engine = Engine()
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    engine.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield engine
    server.stop(None).wait()


@pytest.fixture
def engine(_engine: Engine) -> Engine:
    """An engine and monitor at one address, with nothing in memory."""
    _engine.forget()
    return _engine


@contextlib.contextmanager
def _running(engine: Engine) -> Iterator[Host]:
    process = start(engine)
    assert process.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
        host = Host(process, language_pb2_grpc.LanguageRuntimeStub(channel))
        yield host
        host.end()


@pytest.fixture(scope="session")
def _shared_host(_engine: Engine) -> Iterator[Host]:
    with _running(_engine) as host:
        yield host


@pytest.fixture
def host(_shared_host: Host, engine: Engine) -> Host:
    """A language host that other tests use as well."""
    return _shared_host


@pytest.fixture
def own_host(engine: Engine) -> Iterator[Host]:
    """A language host that the test may end."""
    with _running(engine) as host:
        yield host


@pytest.fixture
def program(host: Host, engine: Engine, tmp_path: Path) -> Program:
    """A program in a folder of its own, to be run by a shared host."""
    return Program(host, engine, tmp_path)


@pytest.fixture
def own_program(own_host: Host, engine: Engine, tmp_path: Path) -> Program:
    """A program in a folder of its own, to be run by a host that the test may end."""
    return Program(own_host, engine, tmp_path)
