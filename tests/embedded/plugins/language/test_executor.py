import runpy
import sys
from pathlib import Path

import pytest

from embedded.plugins.language.executor import render


def rendered(folder: Path, source: str) -> str:
    """Run a program like the executor does and return what the user would be shown."""
    (folder / "__main__.py").write_text(source)
    with pytest.raises(Exception) as failure:  # noqa: PT011 - whatever the program raises
        runpy.run_path(str(folder), run_name="__main__")
    return render(failure.value, str(folder))


def test_a_syntax_error_names_file_and_line_and_no_importer(tmp_path: Path) -> None:
    text = rendered(tmp_path, "import sys\nx = = 1\n")

    assert text.startswith(f'  File "{tmp_path}/__main__.py", line 2\n')
    assert text.endswith("SyntaxError: invalid syntax\n")


def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    text = rendered(tmp_path, "import not_installed_anywhere.inside")

    assert f"There is no package not_installed_anywhere in the environment at {sys.prefix}" in text
    assert "run `pulumi install`" in text


def test_the_first_line_shown_is_the_users(tmp_path: Path) -> None:
    text = rendered(tmp_path, "def f():\n    return 1 / 0\nf()\n")

    assert text.splitlines()[1] == f'  File "{tmp_path}/__main__.py", line 3, in <module>'


def test_the_library_below_the_users_line_is_shown(tmp_path: Path) -> None:
    text = rendered(tmp_path, "import json\njson.loads('{')\n")

    assert "in raw_decode" in text or "in decode" in text


def test_a_program_that_is_a_file_has_its_folder_for_its_own(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def f():\n    raise KeyError('x')\n")
    main = tmp_path / "main.py"
    main.write_text("import sys\nsys.path.insert(0, sys.argv[0])\nraise KeyError('x')\n")
    with pytest.raises(KeyError) as failure:
        runpy.run_path(str(main), run_name="__main__")

    assert render(failure.value, str(main)).splitlines()[1].endswith("line 3, in <module>")


def test_an_error_without_a_line_of_the_users_is_shown_whole(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as failure:
        _ = 1 / 0

    assert f'File "{__file__}"' in render(failure.value, str(tmp_path))
