"""Certificates, and the parts of a control plane that is never started."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from embedded.cluster.parts import PARTS, Parts
from embedded.cluster.pki import Pki
from tests.support.environment import ScratchLayout


@pytest.fixture(scope="session")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Issue everything once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("issued")
    Pki(folder).ensure()
    return folder


@pytest.fixture
def pki(issued: Path, tmp_path: Path) -> Pki:
    return Pki(shutil.copytree(issued, tmp_path / "pki"))


@pytest.fixture
def parts(pki: Pki, tmp_path: Path) -> Parts:
    layout = ScratchLayout(folder=tmp_path / "state")
    return Parts(layout, {name: Path("/tools") / name for name in PARTS}, pki)
