"""What is said at the start."""

from __future__ import annotations

from pathlib import Path

from embedded.cloud.service import Cloud
from tests.support.environment import ScratchLayout


def said_at_start(folder: Path, journal_bytes: int) -> list[str]:
    layout = ScratchLayout(folder=folder)
    layout.cloud.mkdir(parents=True)
    (layout.cloud / "journal").write_bytes(b"x" * journal_bytes)
    said: list[str] = []
    Cloud(layout)._mention_long_journal(said.append)
    return said


def test_a_long_journal_is_mentioned_with_what_shortens_it(tmp_path: Path) -> None:
    assert said_at_start(tmp_path, 4_200_000) == [
        "replaying 4 MB of requests, which can take 14 s; "
        "after a destroy, `./ballast local reset` forgets them"
    ]


def test_of_a_short_one_nothing_is_said(tmp_path: Path) -> None:
    assert said_at_start(tmp_path, 3_000_000) == []
