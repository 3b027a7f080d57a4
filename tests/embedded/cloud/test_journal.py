"""The journal: what a crash may do to it, and what it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.cloud.journal import Entry, Journal, JournalError


def _entry(sequence: int) -> Entry:
    return Entry(
        sequence=sequence,
        at=1_700_000_000.5 + sequence,
        environ={"REQUEST_METHOD": "POST", "PATH_INFO": "/"},
        body=b"Action=CreateVpc\xff\x00",
        status=200,
        digest="0123",
        keys=["-----BEGIN"],
    )


def _open(path: Path, moto: str = "5.2.5") -> Journal:
    return Journal(path, moto=moto, now=1_700_000_000.0)


def _written(path: Path, count: int) -> Path:
    journal = _open(path)
    assert list(journal.entries()) == []
    for sequence in range(1, count + 1):
        journal.append(_entry(sequence))
    journal.close()
    return path


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    path = _written(tmp_path / "journal", 3)
    assert list(_open(path).entries()) == [_entry(1), _entry(2), _entry(3)]


def test_whatever_the_crash_cut_off_what_was_whole_before_it_comes_back(tmp_path: Path) -> None:
    whole = _written(tmp_path / "whole", 3).read_bytes()
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(ends[0], len(whole)):
        path = tmp_path / "cut"
        path.write_bytes(whole[:cut])
        journal = _open(path)
        survivors = list(journal.entries())
        journal.close()
        assert survivors == [_entry(n) for n in range(1, sum(end <= cut for end in ends))]


def test_a_torn_line_makes_room_for_the_next_one(tmp_path: Path) -> None:
    path = _written(tmp_path / "journal", 2)
    path.write_bytes(path.read_bytes()[:-5])
    journal = _open(path)
    assert list(journal.entries()) == [_entry(1)]
    journal.append(_entry(2))
    journal.close()
    assert list(_open(path).entries()) == [_entry(1), _entry(2)]


def test_damage_before_the_end_is_no_crash_and_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path / "journal", 3)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"CreateVpc", b"X").replace(b"200", b"201")
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match=r"line 3 of .*damaged.*local reset"):
        list(_open(path).entries())


def test_a_crash_during_the_very_first_write_starts_afresh(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b'01234567 {"format":1,"mo')
    journal = _open(path)
    assert list(journal.entries()) == []
    assert journal.header.moto == "5.2.5"


def test_the_secret_and_the_hour_of_birth_stay(tmp_path: Path) -> None:
    path = _written(tmp_path / "journal", 0)
    first = _open(path)
    first.close()
    again = Journal(path, moto="9.9", now=1.0)
    assert again.header == first.header


def test_two_journals_have_different_secrets(tmp_path: Path) -> None:
    one, two = _open(tmp_path / "one"), _open(tmp_path / "two")
    assert one.header.secret != two.header.secret


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    held = _open(tmp_path / "journal")
    with pytest.raises(JournalError, match="another embedded AWS is running"):
        _open(tmp_path / "journal")
    held.close()


def test_a_journal_of_another_format_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _written(tmp_path / "journal", 1)
    monkeypatch.setattr("embedded.cloud.journal.FORMAT", 2)
    with pytest.raises(JournalError, match=r"has format 1, this version reads 2"):
        _open(path)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    assert _written(tmp_path / "journal", 1).stat().st_mode & 0o777 == 0o600
