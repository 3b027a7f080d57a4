"""A preview of a stack on AWS with a report, no cloud, and the state where the user wants it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.checkout import Checkout

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def folder(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("preview")
    (made / "state").mkdir()
    flags = ["--report", str(made / "report"), "--save-plan", str(made / "plan.json")]
    done = subprocess.run(
        [str(checkout.root / "ballast"), "preview", "dev", *flags, "--non-interactive"],
        cwd=checkout.root,
        env={**checkout.env(), "PULUMI_BACKEND_URL": f"file://{made / 'state'}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_the_report_has_the_stack_its_cost_and_its_drawings(folder: Path) -> None:
    page = (folder / "report" / "report.html").read_text()
    for needed in ("Preview of dev", "Can be deployed", "inference-gateway", "GpuPool gpu24"):
        assert needed in page
    assert page.count("<svg") >= 3
    twin = (folder / "report" / "report.md").read_text()
    assert "dev: Can be deployed" in twin


def test_the_state_is_where_the_user_wants_it(folder: Path, checkout: Checkout) -> None:
    stacks = Path(".pulumi", "stacks", "ballast")
    assert (folder / "state" / stacks / "dev.json").exists()
    assert not (checkout.layout.backend / stacks / "dev.json").exists()


def test_the_saved_plan_is_one_of_the_engine_s(folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["manifest"]["version"]
    assert any("gateway-deployment" in urn for urn in plan["resourcePlans"])
