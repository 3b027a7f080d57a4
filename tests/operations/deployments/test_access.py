import pytest

from embedded.layout import PROJECT_ROOT
from operations import environments
from operations.deployments.access import program
from operations.deployments.deploy_file import load
from tests.support.engine import deploy

ON_AWS = [name for name in environments.names() if not environments.find(name).embedded]


@pytest.mark.parametrize("stack", ON_AWS)
def test_the_role_that_a_deploy_file_names_is_made_and_trusts_it(stack: str) -> None:
    _, made = deploy(lambda: program.register(stack, "example-org", "state"), stack_name=stack)
    settings = load(PROJECT_ROOT / "stacks" / f"Pulumi.{stack}.deploy.yaml")
    wanted = settings.operation_context.oidc.aws.role_arn.rpartition("/")[2]
    (role,) = [one for one in made if one.type.endswith(":Role") and one.inputs["name"] == wanted]
    subject = f"pulumi:deploy:org:example-org:project:ballast:stack:{stack}:operation:preview"
    assert subject in role.inputs["assumeRolePolicy"]
    assert f"repo:{settings.git_hub.repository}:" in role.inputs["assumeRolePolicy"]


@pytest.mark.parametrize("stack", ON_AWS)
def test_nothing_is_made_in_the_account_of_another_stack(stack: str) -> None:
    _, made = deploy(lambda: program.register(stack, "example-org", None), stack_name=stack)
    (provider,) = [one for one in made if one.type == "pulumi:providers:aws"]
    args = program.arguments(stack, "example-org", None, PROJECT_ROOT)
    assert args.scope.account in str(provider.inputs["allowedAccountIds"])
    assert all(one.provider for one in made if one.custom and one is not provider)


def test_only_the_account_of_dev_may_hold_review_stacks() -> None:
    scopes = {
        name: program.arguments(name, "example-org", None, PROJECT_ROOT).scope for name in ON_AWS
    }
    assert [name for name, scope in scopes.items() if scope.reviews] == ["dev"]
