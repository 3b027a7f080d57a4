"""What tools print as their version, and which versions fit."""

from __future__ import annotations

import pytest

from embedded.toolchain.tools import TOOLS
from embedded.toolchain.versions import VersionRange, parse


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("v3.259.0\n", (3, 259, 0)),
        ("etcd Version: 3.6.5\nGit SHA: Not provided\nGo Version: go1.26.8\n", (3, 6, 5)),
        ("Kubernetes v1.35.4\n", (1, 35, 4)),
        ("kwok version v0.7.0 go1.26.8 (linux/amd64)\n", (0, 7, 0)),
        ("go version go1.25 darwin/arm64\n", (1, 25)),
        ("uv 0.13.9 (x86_64-unknown-linux-gnu)\n", (0, 13, 9)),
    ],
)
def test_the_version_is_read_from_what_real_tools_print(
    output: str, version: tuple[int, ...]
) -> None:
    assert parse(output) == version


@pytest.mark.parametrize("output", ["", "unknown command", "version 7"])
def test_output_without_a_version_has_none(output: str) -> None:
    assert parse(output) is None


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ((3, 258, 9), False),
        ((3, 259), True),
        ((3, 999, 1), True),
        ((4,), False),
        ((4, 0, 0), False),
    ],
)
def test_a_range_includes_its_start_and_leaves_out_its_end(
    version: tuple[int, ...], fits: bool
) -> None:
    assert (version in VersionRange((3, 259), (4,))) is fits


def test_a_range_without_an_end_takes_everything_newer() -> None:
    assert (9, 9) in VersionRange((1, 25, 11))
    assert str(VersionRange((1, 25, 11))) == ">= 1.25.11"


@pytest.mark.parametrize("name", TOOLS)
def test_the_version_that_is_built_fits_its_own_range(name: str) -> None:
    build = TOOLS[name].build
    version = parse(build.version)
    assert version is not None
    assert version in build.fits
