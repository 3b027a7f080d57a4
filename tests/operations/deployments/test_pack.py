import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from embedded.layout import PROJECT_ROOT
from operations.deployments import pack

# No checkout on the path: what is not in the folder is not found.
PROGRAM = """
import sys
sys.path[:0] = [sys.argv[1]]
import catalog, rules
print(catalog.__file__, rules.__file__, len(rules.RULES))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pack") / "ballast"
    pack.bundle(made)
    return made


def test_the_pack_s_rules_are_found_with_nothing_but_the_folder(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, str(folder)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    catalogue, rules, count = done.stdout.split()
    assert Path(catalogue).is_relative_to(folder)
    assert Path(rules).is_relative_to(folder)
    assert int(count) > 50


def test_it_makes_an_environment_of_its_own(folder: Path) -> None:
    project = yaml.safe_load((folder / "PulumiPolicy.yaml").read_text())
    original = yaml.safe_load((PROJECT_ROOT / "policies" / "PulumiPolicy.yaml").read_text())
    assert project["version"] == original["version"]
    assert not project["runtime"]["options"]["virtualenv"].startswith("..")


def test_its_needs_are_pinned_as_the_project_s_are(folder: Path) -> None:
    needs = (folder / "requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[a-z-]+==[\w.]+", need) for need in needs)
    assert set(needs) <= {
        line.split(" ")[0] for line in (PROJECT_ROOT / "requirements.txt").read_text().splitlines()
    }


def test_levels_of_single_stacks_stay_in_their_policy_groups(folder: Path) -> None:
    assert not (folder / "enforcement").exists()
