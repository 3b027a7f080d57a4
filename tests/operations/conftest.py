"""One checkout with the local stack up, shared by the tests of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import Checkout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout whose embedded environment is gone when the tests are."""
    root: Path = tmp_path_factory.mktemp("checkout") / "ballast"
    made = Checkout.make(root)
    yield made
    made.run("local", "reset", "--yes")


@pytest.fixture(scope="session")
def standing(checkout: Checkout) -> Checkout:
    """The same checkout after a first `up local`."""
    done = checkout.run("up", "local")
    assert done.returncode == 0, done.stdout
    return checkout
