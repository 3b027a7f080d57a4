"""Killing anything at any time loses nothing and makes nothing twice."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from embedded.processes import Supervisor
from tests.support import cloud, cluster
from tests.support.checkout import Checkout

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def undisturbed(standing: Checkout) -> tuple[list[str], Counter[str]]:
    """What a run that nobody disturbed leaves: URNs and what is in the cloud."""
    return standing.urns(), cloud.inventory(standing.layout)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Checkout]:
    """A checkout of its own, gone with all its processes after the test."""
    made = Checkout.make(tmp_path / "ballast")
    assert made.run("local", "start").returncode == 0
    yield made
    made.run("local", "reset", "--yes")


def _assert_stands(checkout: Checkout, undisturbed: tuple[list[str], Counter[str]]) -> None:
    urns, inventory = undisturbed
    assert checkout.urns() == urns
    assert cloud.inventory(checkout.layout) == inventory
    assert not checkout.state().get("pending_operations")
    deployments = cluster.deployments(checkout.layout)
    assert all(ready == wanted > 0 for ready, wanted in deployments.values()), deployments


def _wait_for(condition: Callable[[], bool], within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def _kill_engine(ballast_pid: int) -> None:
    """End `pulumi` as the kernel ends what takes too much memory."""
    for child in psutil.Process(ballast_pid).children(recursive=True):
        if child.name() == "pulumi":
            child.kill()


@pytest.mark.parametrize("resources", [12, 45, 80])
def test_an_update_killed_half_way_is_finished_by_the_next(
    fresh: Checkout, undisturbed: tuple[list[str], Counter[str]], resources: int
) -> None:
    running = fresh.start("up", "local")

    def far_enough() -> bool:
        try:
            return len(fresh.urns()) >= resources
        except (OSError, ValueError, KeyError):
            return False  # no checkpoint yet, or just being replaced

    _wait_for(far_enough)
    _kill_engine(running.pid)
    running.communicate(timeout=60)
    done = fresh.run("up", "local")
    assert done.returncode == 0, done.stdout
    _assert_stands(fresh, undisturbed)


def test_ctrl_c_leaves_a_state_that_the_next_up_goes_on_from(
    fresh: Checkout, undisturbed: tuple[list[str], Counter[str]]
) -> None:
    running = fresh.start("up", "local")
    _wait_for(lambda: cloud.inventory(fresh.layout)["subnet"] > 0)
    os.killpg(running.pid, signal.SIGINT)
    printed, _ = running.communicate(timeout=120)
    assert running.returncode != 0
    assert "Traceback" not in printed
    done = fresh.run("up", "local")
    assert done.returncode == 0, done.stdout
    _assert_stands(fresh, undisturbed)


@pytest.mark.parametrize("part", ["kube-apiserver", "etcd", "moto"])
def test_a_part_killed_during_an_update_is_brought_back_with_its_data(
    fresh: Checkout, undisturbed: tuple[list[str], Counter[str]], part: str
) -> None:
    running = fresh.start("up", "local")
    _wait_for(lambda: cloud.inventory(fresh.layout)["subnet"] > 0)
    if part != "moto":
        _wait_for(lambda: bool(cluster.namespaces(fresh.layout)))
    process = Supervisor(fresh.layout).find(part)
    assert process is not None
    process.kill()
    assert fresh.run("local", "start").returncode == 0
    # Whether the update in progress rides it out or fails is all the same.
    running.communicate(timeout=300)
    done = fresh.run("up", "local")
    assert done.returncode == 0, done.stdout
    _assert_stands(fresh, undisturbed)


def test_destroy_leaves_nothing_in_cluster_cloud_or_state(fresh: Checkout) -> None:
    before = cloud.inventory(fresh.layout)
    assert fresh.run("up", "local").returncode == 0
    done = fresh.run("destroy", "local")
    assert done.returncode == 0, done.stdout
    assert cloud.inventory(fresh.layout) == before
    assert cluster.namespaces(fresh.layout) == set()
    _wait_for(lambda: cluster.nodes(fresh.layout) == [], within=15)
    stacks = fresh.layout.backend / ".pulumi" / "stacks" / "ballast"
    assert not list(stacks.glob("local.json"))


def test_destroying_what_does_not_exist_says_so(fresh: Checkout) -> None:
    done = fresh.run("destroy", "local")
    assert done.returncode == 0
    assert "nothing to destroy" in done.stdout
