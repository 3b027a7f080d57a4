from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.layout import PROJECT_ROOT
from operations import environments
from operations.console import UserError
from operations.deployments.deploy_file import load

STACKS = PROJECT_ROOT / "stacks"
ON_AWS = [name for name in environments.names() if not environments.find(name).embedded]
every_stack = pytest.mark.parametrize("stack", ON_AWS)


def stack_config(stack: str) -> dict[str, Any]:
    return yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]


def deploy_file(stack: str) -> Path:
    return STACKS / f"Pulumi.{stack}.deploy.yaml"


@every_stack
def test_every_stack_on_aws_says_how_it_is_deployed(stack: str) -> None:
    load(deploy_file(stack))


@every_stack
def test_a_stack_is_deployed_into_its_own_account(stack: str) -> None:
    role = load(deploy_file(stack)).operation_context.oidc.aws
    assert role.account == stack_config(stack)["ballast:account"]


@every_stack
def test_no_operation_runs_without_the_policies_of_its_stack(stack: str) -> None:
    variables = load(deploy_file(stack)).operation_context.environment_variables
    pack = PROJECT_ROOT / variables["PULUMI_OPTION_POLICY_PACK"]
    levels = PROJECT_ROOT / variables["PULUMI_OPTION_POLICY_PACK_CONFIG"]
    assert (pack / "PulumiPolicy.yaml").exists()
    assert levels.name == f"{stack}.json"
    assert levels.exists()


@every_stack
def test_no_static_key_is_in_a_deploy_file(stack: str) -> None:
    text = deploy_file(stack).read_text()
    assert not [word for word in ("AWS_ACCESS_KEY", "AWS_SECRET", "AKIA", "TOKEN") if word in text]


@every_stack
def test_a_change_of_what_the_program_reads_starts_a_deployment(stack: str) -> None:
    paths = load(deploy_file(stack)).git_hub.paths
    for needed in ("__main__.py", "components/**", "policies/**", f"stacks/Pulumi.{stack}.yaml"):
        assert needed in paths
    for pattern in paths:
        assert list(PROJECT_ROOT.glob(pattern)), f"{pattern} leads nowhere"


@every_stack
def test_the_code_of_a_pull_request_never_runs_as_a_role_that_writes_outside_dev(
    stack: str,
) -> None:
    settings = load(deploy_file(stack))
    writes = settings.operation_context.oidc.aws.role_arn.endswith("ballast-deployer")
    assert not (settings.git_hub.preview_pull_requests and writes and stack != "dev")


@pytest.mark.parametrize("stack", ["prod", "shared"])
def test_production_is_not_deployed_by_a_merge(stack: str) -> None:
    assert load(deploy_file(stack)).git_hub.deploy_commits is False


def changed(tmp_path: Path, path: str, value: Any) -> Path:
    content = yaml.safe_load(deploy_file("dev").read_text())
    *above, last = path.split(".")
    section = content
    for key in above:
        section = section[key]
    section[last] = value
    file = tmp_path / "Pulumi.dev.deploy.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("settings.gitHub.deployCommit", True, "settings.gitHub.deployCommit: Extra inputs"),
        ("settings.gitHub.repository", "ballast", "settings.gitHub.repository"),
        ("settings.gitHub.paths", [], "settings.gitHub.paths"),
        ("settings.sourceContext.git.branch", "", "settings.sourceContext.git.branch"),
        ("settings.operationContext.oidc", None, "settings.operationContext.oidc"),
        ("settings.operationContext.oidc.aws.roleArn", "ballast", "write arn:aws:iam::<twelve"),
        ("settings.operationContext.oidc.aws.duration", "an hour", "write it like 30m"),
        ("settings.operationContext.operation", "update", "settings.operationContext.operation"),
        ("setings", {}, "setings: Extra inputs"),
    ],
)
def test_a_fault_is_said_with_its_place(tmp_path: Path, path: str, value: Any, said: str) -> None:
    with pytest.raises(UserError) as error:
        load(changed(tmp_path, path, value))
    assert said in str(error.value)
    assert "Pulumi.dev.deploy.yaml" in str(error.value)


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    file = changed(tmp_path, "settings.gitHub", {"repository": "ballast"})
    with pytest.raises(UserError) as error:
        load(file)
    assert str(error.value).count("\n") == 4


def test_what_is_no_yaml_is_said(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.deploy.yaml"
    file.write_text("settings: {")
    with pytest.raises(UserError, match="not valid YAML"):
        load(file)


def test_a_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path / "Pulumi.gone.deploy.yaml")
