"""The workflows: pinned, least privileged, one stack at a time; actionlint has the last word."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.layout import PROJECT_ROOT
from embedded.toolchain.resolve import ensure
from operations import environments

WORKFLOWS = sorted((PROJECT_ROOT / ".github" / "workflows").glob("*.yml"))
SETUP = PROJECT_ROOT / ".github" / "actions" / "setup" / "action.yml"
ON_AWS = [name for name in environments.names() if not environments.find(name).embedded]
PINNED = re.compile(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            yield f"{path.stem}.{name}", job


def steps(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [step for step in job.get("steps", []) if action in step.get("uses", "")]


def roles(job: dict[str, Any]) -> set[str]:
    taken = steps(job, "configure-aws-credentials")
    return {step["with"]["role-to-assume"].rsplit("/", 1)[-1] for step in taken}


@pytest.mark.parametrize("path", [*WORKFLOWS, SETUP], ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_with_its_version_beside(path: Path) -> None:
    for line in path.read_text().splitlines():
        if "uses:" in line and "uses: ./" not in line:
            assert PINNED.search(line), line


@every_workflow
def test_a_workflow_as_a_whole_may_do_nothing_but_read(workflow: Path) -> None:
    permissions = yaml.safe_load(workflow.read_text())["permissions"]
    assert permissions in ({}, {"contents": "read"})


def test_a_job_that_may_write_runs_no_code_of_the_repository() -> None:
    writing = {
        name: job
        for name, job in jobs()
        for permission, level in job.get("permissions", {}).items()
        if level == "write" and permission != "id-token"
    }
    assert sorted(writing) == ["drift.tell", "preview.comment"]
    for job in writing.values():
        assert not steps(job, "actions/checkout")
        assert "id-token" not in job["permissions"]


def test_a_token_for_aws_is_given_only_where_a_role_is_taken() -> None:
    for name, job in jobs():
        asks = job.get("permissions", {}).get("id-token") == "write"
        assert asks == (bool(roles(job)) or "uses" in job), name


def test_only_what_somebody_approves_takes_the_role_that_writes() -> None:
    writing = [(name, job) for name, job in jobs() if "ballast-deployer" in roles(job)]
    assert [name for name, _ in writing] == ["stack.up"]
    assert writing[0][1]["environment"] == "${{ inputs.environment }}"


def test_no_static_key_is_in_a_workflow() -> None:
    for path in [*WORKFLOWS, SETUP]:
        assert not re.search(r"aws-(access-key-id|secret)|AKIA|secrets\.", path.read_text())


def test_what_is_checked_out_keeps_no_credentials() -> None:
    for name, job in jobs():
        for step in steps(job, "actions/checkout"):
            assert step["with"]["persist-credentials"] is False, name


def test_no_expression_reaches_a_shell() -> None:
    """What a pull request is called could be a command: values go in as variables."""
    for name, job in jobs():
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", ""), name


def test_one_stack_is_worked_on_once_at_a_time_and_never_cut_off() -> None:
    groups = {name: job["concurrency"] for name, job in jobs() if "concurrency" in job}
    for name in ("stack.plan", "stack.up", "drift.drift"):
        assert groups[name]["group"].startswith("stack-${{ ")
        assert groups[name]["cancel-in-progress"] is False


def test_an_update_runs_the_plan_that_was_previewed_and_nothing_else() -> None:
    found = dict(jobs())
    (upload,) = steps(found["stack.plan"], "upload-artifact")
    (download,) = steps(found["stack.up"], "download-artifact")
    assert upload["with"]["name"] == download["with"]["name"]
    assert "plan.json" in upload["with"]["path"].split()
    assert "--plan plan.json" in found["stack.up"]["steps"][-1]["run"]


def test_every_stack_on_aws_is_previewed_and_deployed() -> None:
    found = dict(jobs())
    assert sorted(found["preview.preview"]["strategy"]["matrix"]["environment"]) == ON_AWS
    deployed = [job["with"]["environment"] for name, job in found.items() if "with" in job]
    assert sorted(deployed) == ON_AWS


def test_production_waits_for_staging_and_staging_for_the_others() -> None:
    found = dict(jobs())
    assert found["deploy.prod"]["needs"] == "staging"
    assert sorted(found["deploy.staging"]["needs"]) == ["dev", "shared"]


def test_every_job_ends_in_time() -> None:
    assert [name for name, job in jobs() if "timeout-minutes" not in job and "steps" in job] == []


@pytest.mark.parametrize("stack", ON_AWS)
def test_account_and_region_come_from_the_stack_s_own_settings(stack: str, tmp_path: Path) -> None:
    (step,) = [one for one in yaml.safe_load(SETUP.read_text())["runs"]["steps"] if "id" in one]
    output = tmp_path / "output"
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", step["run"]],
        cwd=PROJECT_ROOT,
        env={"ENVIRONMENT": stack, "GITHUB_OUTPUT": str(output), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    config = yaml.safe_load((PROJECT_ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    values = config["config"]
    assert sorted(output.read_text().splitlines()) == [
        f"account={values['ballast:account']}",
        f"region={values['ballast:region']}",
    ]


def test_the_released_plugins_are_those_of_the_pinned_packages(tmp_path: Path) -> None:
    """The very step is run, with an engine that only writes down what it is asked."""
    (step,) = [
        one
        for one in yaml.safe_load(SETUP.read_text())["runs"]["steps"]
        if "plugin install" in one.get("run", "")
    ]
    asked = tmp_path / "asked"
    for name, script in {
        "ballast": f"#!/bin/sh\necho 'export PATH={tmp_path}:$PATH'\n",
        "pulumi": f'#!/bin/sh\necho "$PULUMI_HOME $*" >> {asked}\n',
    }.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    requirements = (PROJECT_ROOT / "requirements.txt").read_text()
    (tmp_path / "requirements.txt").write_text(requirements)
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", step["run"]],
        cwd=tmp_path,
        env={"HOME": "/home/me", "PATH": "/usr/bin:/bin"},
        check=True,
    )
    pins = dict(re.findall(r"^pulumi-(aws|kubernetes)==(\S+)", requirements, re.MULTILINE))
    assert asked.read_text().splitlines() == [
        f"/home/me/.pulumi plugin install resource {name} {pins[name]}"
        for name in ("aws", "kubernetes")
    ]


@pytest.fixture(scope="module")
def actionlint() -> str:
    return str(ensure(["actionlint"], print)["actionlint"])


@pytest.mark.toolchain
def test_actionlint_finds_nothing(actionlint: str) -> None:
    files = [str(path) for path in WORKFLOWS]
    done = subprocess.run([actionlint, "-no-color", *files], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.toolchain
def test_actionlint_would_find_a_job_that_does_not_exist(actionlint: str, tmp_path: Path) -> None:
    text = (PROJECT_ROOT / ".github" / "workflows" / "drift.yml").read_text()
    broken = tmp_path / "drift.yml"
    broken.write_text(text.replace("needs: drift", "needs: drfit"))
    done = subprocess.run([actionlint, "-no-color", str(broken)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "drfit" in done.stdout
