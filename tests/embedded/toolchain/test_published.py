"""Files out of Go modules: fetched once, checked against the pinned sum."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded.toolchain.errors import ToolError
from embedded.toolchain.published import PublishedFiles, ensure_files

from .conftest import Machine

FILES = PublishedFiles(
    name="definitions",
    module="example.org/operator",
    version="v1.2.3",
    sum="h1:abc/def+ghi=",
    paths=("crd/a.yaml", "crd/b.yaml"),
)


@pytest.fixture
def module(machine: Machine) -> Path:
    """A go that has downloaded a module, and counts how often it is asked."""
    folder = machine.root / "modules" / "operator"
    (folder / "crd").mkdir(parents=True)
    for name in ("a", "b"):
        (folder / "crd" / f"{name}.yaml").write_text(f"name: {name}\n")
    answer(machine, {"Dir": str(folder), "Sum": FILES.sum})
    return folder


def answer(machine: Machine, said: dict[str, str], code: int = 0) -> None:
    version = 'if [ "$1" = version ]; then echo go version go1.99.0 linux/amd64; exit; fi'
    asked = f'echo "$@" >> {machine.root}/asked; pwd >> {machine.root}/where'
    machine.install("go", f"{version}\n{asked}\necho '{json.dumps(said)}'\nexit {code}")


def asked(machine: Machine) -> list[str]:
    return (machine.root / "asked").read_text().splitlines()


def test_files_are_fetched_once_and_then_taken_from_the_cache(
    machine: Machine, module: Path
) -> None:
    first = ensure_files(FILES, machine.say)
    assert [file.read_text() for file in first] == ["name: a\n", "name: b\n"]
    assert ensure_files(FILES, machine.say) == first
    assert asked(machine) == ["mod download -json example.org/operator@v1.2.3"]
    assert machine.said == ["getting definitions v1.2.3, once"]


def test_a_module_with_another_sum_is_not_used(machine: Machine, module: Path) -> None:
    answer(machine, {"Dir": str(module), "Sum": "h1:other="})
    with pytest.raises(ToolError, match=r"its sum is h1:other=, and h1:abc/def\+ghi= is pinned"):
        ensure_files(FILES, machine.say)
    assert FILES.located() is None


def test_what_go_says_about_a_failed_download_is_passed_on(machine: Machine, module: Path) -> None:
    answer(machine, {"Error": "403 Forbidden"}, code=1)
    with pytest.raises(ToolError, match=r"(?s)could not be downloaded.*403 Forbidden.*GOPROXY"):
        ensure_files(FILES, machine.say)


def test_a_file_that_the_module_lacks_is_named_and_nothing_is_left_behind(
    machine: Machine, module: Path
) -> None:
    (module / "crd" / "b.yaml").unlink()
    with pytest.raises(ToolError, match=r"has no file .*/crd/b\.yaml"):
        ensure_files(FILES, machine.say)
    assert list(FILES.folder.parent.iterdir()) == []


def test_a_half_filled_folder_is_filled_again(machine: Machine, module: Path) -> None:
    ensure_files(FILES, machine.say)
    (FILES.folder / "a.yaml").unlink()
    assert [file.name for file in ensure_files(FILES, machine.say)] == ["a.yaml", "b.yaml"]


def test_go_is_not_asked_inside_a_module_of_ours(machine: Machine, module: Path) -> None:
    ensure_files(FILES, machine.say)
    where = Path((machine.root / "where").read_text().strip())
    assert not any((folder / "go.mod").exists() for folder in (where, *where.parents))
