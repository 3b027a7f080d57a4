"""A wrong setting gives one message and creates nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import cloud
from tests.support.checkout import Checkout

pytestmark = pytest.mark.embedded

_FILE = "stacks/Pulumi.local.yaml"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout with the embedded environment running and nothing deployed."""
    made = Checkout.make(tmp_path_factory.mktemp("settings") / "ballast")
    assert made.run("local", "start").returncode == 0
    yield made
    made.run("local", "reset", "--yes")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    nat: none", "    nat: none\n    natt: single", ("natt",)),
        ("cidr: 10.0.0.0/16", "cidr: 10.0.0.0/40", ("10.0.0.0/40",)),
        ("cidr: 10.0.0.0/16", "cidr: 10.0.0.0/27", ("10.0.0.0/27",)),
        ("min_replicas: 3,", "min_replicas: -3,", ("-3",)),
        ("instance_types: [m7i.2xlarge]", "instance_types: [m7i.2xlrge]", ("m7i.2xlrge", "m7i.")),
        (
            "target_percent: 65, min_replicas: 3",
            "target_percent: 95, min_replicas: 3",
            ("95", "70"),
        ),
    ],
    ids=["unknown key", "bad CIDR", "too small", "negative", "unknown type", "CPU target too high"],
)
def test_a_wrong_setting_is_told_in_one_message(
    running: Checkout, old: str, new: str, said: tuple[str, ...]
) -> None:
    before = cloud.inventory(running.layout)
    kept = (running.root / _FILE).read_text()
    running.edit(_FILE, old, new)
    try:
        done = running.run("up", "local")
    finally:
        (running.root / _FILE).write_text(kept)
    assert done.returncode in (1, 255), done.stdout
    for part in said:
        assert part in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
    assert cloud.inventory(running.layout) == before


def test_a_stack_file_that_is_not_yaml_is_named(running: Checkout) -> None:
    kept = (running.root / _FILE).read_text()
    (running.root / _FILE).write_text("config: [\n")
    try:
        done = running.run("up", "local")
    finally:
        (running.root / _FILE).write_text(kept)
    assert done.returncode == 2
    assert "Pulumi.local.yaml is not valid YAML" in done.stdout
    assert "Traceback" not in done.stdout
