import asyncio
from typing import Any

import pytest
import yaml

from embedded.layout import PROJECT_ROOT
from operations.deployments import plan as plans
from operations.deployments import program, resources
from operations.deployments.plan import Plan, PlanError, Webhook
from tests.support.engine import Registered, as_config, deploy

CONFIG = PROJECT_ROOT / "operations" / "deployments" / "Pulumi.cloud.yaml"
REVIEW = {"name": "42", "branch": "faster-gateway", "expires": "2026-12-01T18:00:00+01:00"}


def config() -> dict[str, Any]:
    values = yaml.safe_load(CONFIG.read_text())["config"]
    return {key.removeprefix("ballast-automation:"): value for key, value in values.items()}


def plan(**changes: Any) -> Plan:
    return plans.parse({**config(), **changes})


def registered(**changes: Any) -> list[Registered]:
    return deploy(lambda: program.register(plan(**changes)), stack_name="cloud")[1]


def of(registered: list[Registered], kind: str) -> dict[str, dict[str, Any]]:
    found = [one for one in registered if one.type == f"pulumiservice:index:{kind}"]
    return {one.inputs.get("stack", one.name): one.inputs for one in found}


def test_each_stack_is_deployed_by_a_role_and_never_by_a_key() -> None:
    settings = of(registered(), "DeploymentSettings")
    assert sorted(settings) == ["dev", "prod", "shared", "staging"]
    for stack, inputs in settings.items():
        operation = inputs["operationContext"]
        assert operation["oidc"]["aws"]["sessionName"] == f"ballast-{stack}"
        assert not [name for name in operation["environmentVariables"] if "AWS" in name]


def test_what_is_sent_is_what_the_deploy_file_says() -> None:
    file = PROJECT_ROOT / "stacks" / "Pulumi.dev.deploy.yaml"
    wanted = yaml.safe_load(file.read_text())["settings"]
    sent = of(registered(), "DeploymentSettings")["dev"]
    assert sent["vcs"] == {
        "provider": "github",
        "pullRequestTemplate": False,
        **wanted["gitHub"],
    }
    assert sent["sourceContext"] == wanted["sourceContext"]
    aws = sent["operationContext"]["oidc"]["aws"]
    said = wanted["operationContext"]["oidc"]["aws"]
    assert aws == {
        "roleARN": said["roleArn"],
        "sessionName": said["sessionName"],
        "duration": said["duration"],
    }
    variables = wanted["operationContext"]["environmentVariables"]
    assert sent["operationContext"]["environmentVariables"] == variables


def test_drift_of_production_is_looked_for_and_left_to_a_person() -> None:
    schedules = of(registered(), "DriftSchedule")
    assert sorted(schedules) == ["dev", "prod", "shared", "staging"]
    assert schedules["prod"]["autoRemediate"] is False
    assert schedules["staging"]["autoRemediate"] is True


def test_only_dev_ends_by_itself() -> None:
    ends = of(registered(), "TtlSchedule")
    assert list(ends) == ["dev"]
    assert ends["dev"]["timestamp"] == "2026-12-18T18:00:00Z"
    # The stack's history and settings are there again when it is deployed anew.
    assert ends["dev"]["deleteAfterDestroy"] is False


def test_the_pack_blocks_with_the_levels_that_the_command_uses() -> None:
    groups = of(registered(), "PolicyGroup")
    assert {inputs["mode"] for inputs in groups.values()} == {"preventative"}
    prod = groups["prod-policies"]
    assert prod["stacks"] == [{"name": "prod", "routingProject": "ballast"}]
    (pack,) = prod["policyPacks"]
    assert pack["name"] == "ballast"
    assert pack["config"]["all"] == "mandatory"


def test_the_version_that_blocks_is_the_one_in_this_checkout() -> None:
    project = yaml.safe_load((PROJECT_ROOT / "policies" / "PulumiPolicy.yaml").read_text())
    (pack,) = of(registered(), "PolicyGroup")["dev-policies"]["policyPacks"]
    assert pack["versionTag"] == project["version"]


def test_a_pack_that_is_not_published_is_in_no_group() -> None:
    assert of(registered(policies=None), "PolicyGroup") == {}


def test_who_is_told_hears_of_failures_and_drift() -> None:
    hooks = of(registered(), "Webhook")
    assert list(hooks) == ["webhook-operators"]
    assert hooks["webhook-operators"]["active"] is True
    assert {"update_failed", "drift_detected"} <= set(hooks["webhook-operators"]["filters"])


def test_the_address_of_a_webhook_is_a_secret() -> None:
    hook = Webhook(url="https://hooks.example.com/who-knows-it-may-write")
    secret, _ = deploy(
        lambda: asyncio.ensure_future(
            resources.webhook("org", "operators", hook).payload_url.is_secret()
        )
    )
    assert secret.result() is True


def test_a_review_stack_deploys_its_branch_and_is_forgotten_on_its_day() -> None:
    made = registered(reviews=[REVIEW])
    settings = of(made, "DeploymentSettings")["review-42"]
    assert settings["sourceContext"]["git"]["branch"] == "faster-gateway"
    assert settings["vcs"]["deployCommits"] is True
    end = of(made, "TtlSchedule")["review-42"]
    assert (end["timestamp"], end["deleteAfterDestroy"]) == ("2026-12-01T17:00:00Z", True)
    stacks = [one for one in made if one.type == "pulumiservice:index:Stack"]
    assert [one.inputs["stackName"] for one in stacks] == ["review-42"]


def test_a_review_stack_is_held_to_the_policies_of_the_stack_it_is_like() -> None:
    group = of(registered(reviews=[REVIEW]), "PolicyGroup")["dev-policies"]
    assert [stack["name"] for stack in group["stacks"]] == ["dev", "review-42"]


def test_a_review_stack_gets_a_cluster_of_its_own_name(tmp_path: Any) -> None:
    """The very commands are run on the very file."""
    import shutil
    import subprocess

    settings = of(registered(reviews=[REVIEW]), "DeploymentSettings")["review-42"]
    shutil.copytree(PROJECT_ROOT / "stacks", tmp_path / "stacks")
    for command in settings["operationContext"]["preRunCommands"]:
        subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    made = yaml.safe_load((tmp_path / "stacks" / "Pulumi.review-42.yaml").read_text())["config"]
    assert made["ballast:cluster"]["name"] == "ballast-review-42"
    like = yaml.safe_load((tmp_path / "stacks" / "Pulumi.dev.yaml").read_text())["config"]
    made["ballast:cluster"]["name"] = like["ballast:cluster"]["name"]
    assert made == like


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"organization": None}, "organization"),
        ({"stacks": {"dev": {"drift": {"schedule": "hourly"}}}}, "cron has five"),
        ({"stacks": {"dev": {"drift": {"schedule": "0 * * * *"}, "ttl": "1d"}}}, "ttl"),
        ({"stacks": {"dev": {"drift": {"schedule": "0 * * * *"}, "expires": "soon"}}}, "expires"),
        (
            {"reviews": [{**REVIEW, "expires": "2026-12-18 18:00:00 +0000 UTC"}]},
            "put the moment in quotes",
        ),
        ({"webhooks": {"x": {"url": "http://plain"}}}, "starts with https://"),
        ({"reviews": [{**REVIEW, "like": "prod"}]}, "take dev"),
        ({"reviews": [{**REVIEW, "like": "gone"}]}, "Known: dev, prod, shared, staging"),
        ({"reviews": [{**REVIEW, "name": "far-too-long"}]}, "at most 8 characters"),
        ({"reviews": [{**REVIEW, "expires": "2026-12-01T18:00:00"}]}, "timezone"),
    ],
)
def test_a_wrong_setting_is_explained(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as error:
        plan(**changes)
    assert said in str(error.value)


def test_the_configuration_is_read_as_the_engine_hands_it_over() -> None:
    values = {f"ballast:{key}": value for key, value in config().items()}
    read, _ = deploy(program.read_config, config=as_config(values))
    assert read == plan()
