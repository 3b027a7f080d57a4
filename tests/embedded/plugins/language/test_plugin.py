"""RunPlugin: policy packs, and plugins written in Python."""

import threading
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest

from embedded.plugins.protos import language_pb2
from tests.embedded.plugins.language.support import Host, bare_environment, info, wait_for


def request(folder: Path, source: str, **changes: Any) -> Any:
    (folder / "__main__.py").write_text(source)
    settings = {"pwd": str(folder), "kind": "tool", "info": info(folder)}
    return language_pb2.RunPluginRequest(**{**settings, **changes})


def test_what_a_plugin_writes_and_its_exit_code_come_back(host: Host, tmp_path: Path) -> None:
    plugin = request(
        tmp_path,
        "import os, sys; print(sys.argv[1:], os.environ['COLOUR']);"
        "print('oh', file=sys.stderr); raise SystemExit(4)",
        args=["a", "b"],
        env=["COLOUR=red"],
    )

    answers = list(host.stub.RunPlugin(plugin))

    assert b"".join(answer.stdout for answer in answers) == b"['a', 'b'] red\n"
    assert b"".join(answer.stderr for answer in answers) == b"oh\n"
    assert answers[-1].exitcode == 4


def test_output_comes_as_it_is_written(host: Host, tmp_path: Path) -> None:
    stream = host.stub.RunPlugin(request(tmp_path, "import time; print('12345'); time.sleep(60)"))

    # The first line is the port that the engine waits for.
    assert next(stream).stdout.startswith(b"12345")
    stream.cancel()


def test_hanging_up_ends_the_plugin(host: Host, tmp_path: Path) -> None:
    source = "import os, time; print(os.getpid()); time.sleep(60)"
    stream = host.stub.RunPlugin(request(tmp_path, source))
    pid = int(next(stream).stdout)

    stream.cancel()

    wait_for(lambda: not psutil.pid_exists(pid))


def test_a_pack_of_an_environment_without_the_sdk_says_what_to_do(
    host: Host, tmp_path: Path
) -> None:
    bare_environment(tmp_path / "bare")
    pack = request(tmp_path, "", kind="analyzer", info=info(tmp_path, virtualenv="bare"))

    answers = list(host.stub.RunPlugin(pack))

    said = b"".join(answer.stderr for answer in answers).decode()
    assert "The Python package pulumi is not installed" in said
    assert f"`pulumi install` in {tmp_path}" in said
    assert answers[-1].exitcode == 1


def test_a_pack_whose_environment_is_missing_is_an_error(host: Host, tmp_path: Path) -> None:
    pack = request(tmp_path, "", kind="analyzer", info=info(tmp_path, virtualenv="gone"))

    with pytest.raises(grpc.RpcError) as failure:
        list(host.stub.RunPlugin(pack))

    assert f"The virtual environment {tmp_path}/gone does not exist" in str(failure.value.details())


def test_a_pack_serves_until_the_engine_hangs_up(host: Host, tmp_path: Path) -> None:
    source = (
        "from pulumi_policy import PolicyPack, ResourceValidationPolicy\n"
        "PolicyPack('p', policies=[ResourceValidationPolicy('r', 'why', lambda a, r: None)])"
    )
    stream = host.stub.RunPlugin(request(tmp_path, source, kind="analyzer", args=["127.0.0.1:1"]))

    port = int(next(stream).stdout)

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        ready = threading.Event()
        channel.subscribe(
            lambda state: ready.set() if state is grpc.ChannelConnectivity.READY else None,
            try_to_connect=True,
        )
        assert ready.wait(10)
    stream.cancel()
