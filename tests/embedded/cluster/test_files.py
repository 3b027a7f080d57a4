"""Files that are either whole or absent."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from embedded.cluster.files import write_whole


def test_the_content_is_replaced_and_no_scratch_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "key"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_scratch_file_left_by_a_kill_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "key.new").write_bytes(b"half")
    write_whole(tmp_path / "key", b"whole")
    assert (tmp_path / "key").read_bytes() == b"whole"


def test_a_failing_write_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    write_whole(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"


def test_the_file_is_private_from_its_first_byte_under_a_lax_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_whole(tmp_path / "key", b"secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
