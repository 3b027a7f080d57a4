"""The real engine over our provider: what a user sees of previews, updates, refreshes, crashes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from embedded.plugins.path import environment
from embedded.toolchain.resolve import ensure
from tests.support.environment import ScratchLayout

pytestmark = pytest.mark.embedded

PROGRAM = """
import os
import pulumi
import pulumi_aws as aws

url = os.environ["CLOUD"]
names = ("ec2", "iam", "sts", "kms", "logs", "eks")
cloud = aws.Provider("aws", aws.ProviderArgs(
    region="us-east-1", access_key="embedded", secret_key="embedded",
    endpoints=[aws.ProviderEndpointArgs(**dict.fromkeys(names, url))] if url else None,
    default_tags=aws.ProviderDefaultTagsArgs(tags={"Project": "ballast"}),
    skip_credentials_validation=True, skip_metadata_api_check=True,
    skip_requesting_account_id=True))
opts = pulumi.ResourceOptions(provider=cloud)
"""
NETWORK = (
    PROGRAM
    + """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags={"Name": "v"}, opts=opts)
subnets = [
    aws.ec2.Subnet(f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{i}.0/24",
                   availability_zone=f"us-east-1{zone}", opts=opts)
    for i, zone in enumerate("ab")
]
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, opts=opts, ingress=[
    aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=443, to_port=443,
                                     cidr_blocks=["10.0.0.0/8"])])
role = aws.iam.Role("role", opts=opts, assume_role_policy=aws.iam.get_policy_document(
    statements=[aws.iam.GetPolicyDocumentStatementArgs(
        actions=["sts:AssumeRole"],
        principals=[aws.iam.GetPolicyDocumentStatementPrincipalArgs(
            type="Service", identifiers=["eks.amazonaws.com"])])],
    opts=pulumi.InvokeOptions(provider=cloud)).json)
pulumi.export("group", group.id)
pulumi.export("tags", vpc.tags_all)
"""
)


@dataclass(frozen=True)
class Stack:
    """A project on disk and the `pulumi` that is run in it."""

    project: Path
    variables: dict[str, str]
    cloud: str

    def program(self, source: str) -> None:
        (self.project / "__main__.py").write_text(source)

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", *arguments, "--color", "never", "--non-interactive"],
            cwd=self.project,
            env={**os.environ, **self.variables, "CLOUD": self.cloud, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **more: str) -> tuple[int, str]:
        process = self.start(*arguments, **more)
        said, _ = process.communicate(timeout=200)
        return process.returncode, said

    def ok(self, *arguments: str, **more: str) -> str:
        code, said = self.run(*arguments, **more)
        assert code == 0, said
        return said

    def resources(self, kind: str = "") -> list[dict[str, Any]]:
        state = json.loads(self.ok("stack", "export"))
        found = state["deployment"].get("resources") or []
        return [item for item in found if item["type"].endswith(kind) and item.get("custom")]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.cloud,
            region_name="us-east-1",
            aws_access_key_id="embedded",
            aws_secret_access_key="embedded",
        )


@pytest.fixture
def stack(cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    layout = ScratchLayout(folder=tmp_path / "state")
    monkeypatch.setenv("BALLAST_STATE_DIR", str(layout.state))
    stack = Stack(tmp_path / "project", environment(layout, ensure(["pulumi"], print)), cloud)
    stack.project.mkdir()
    options = f"{{virtualenv: '{sys.prefix}'}}"
    text = f"name: tiny\nruntime: {{name: python, options: {options}}}\n"
    (stack.project / "Pulumi.yaml").write_text(text)
    stack.program(NETWORK)
    stack.ok("stack", "init", "local")
    return stack


def test_up_makes_it_and_up_again_changes_nothing(stack: Stack) -> None:
    preview = stack.ok("preview")
    assert "6 to create" in preview or "7 to create" in preview
    stack.ok("up", "--yes", "--skip-preview")
    assert json.loads(stack.ok("stack", "output", "tags", "--json")) == {
        "Name": "v",
        "Project": "ballast",
    }
    again = stack.ok("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert "unchanged" in again
    stack.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.ok("destroy", "--yes", "--skip-preview")
    assert stack.resources() == []


def test_a_rule_added_by_hand_shows_at_refresh_and_goes_at_up(stack: Stack) -> None:
    stack.ok("up", "--yes", "--skip-preview")
    group = json.loads(stack.ok("stack", "output", "group", "--json"))
    ec2 = stack.client("ec2")
    opened = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    opened["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opened])
    assert "- toPort    : 22" in stack.ok("preview", "--refresh", "--diff")
    stack.ok("up", "--yes", "--skip-preview", "--refresh")
    rules = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert [rule["FromPort"] for rule in rules] == [443]


def test_a_replacement_says_what_forces_it(stack: Stack) -> None:
    stack.ok("up", "--yes", "--skip-preview")
    stack.program(NETWORK.replace("10.0.{i}.0/24", "10.0.1{i}.0/24"))
    said = stack.ok("preview", "--diff")
    assert "aws:ec2:Subnet subnet-a" in said or "aws:ec2/subnet:Subnet" in said
    assert "cidrBlock" in said
    stack.ok("up", "--yes", "--skip-preview")
    cidrs = {item["outputs"]["cidrBlock"] for item in stack.resources("Subnet")}
    assert cidrs == {"10.0.10.0/24", "10.0.11.0/24"}


def test_what_a_killed_engine_had_made_is_taken_over(stack: Stack) -> None:
    before = _made(stack)
    for pause in (0.3, 0.6, 0.9):
        process = stack.start("up", "--yes", "--skip-preview")
        _wait_for_first_resource(stack, before, process)
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        time.sleep(1.0)
        stack.run("cancel", "--yes")
    stack.ok("up", "--yes", "--skip-preview")
    made = {kind: ids - before[kind] for kind, ids in _made(stack).items()}
    known = {item["id"] for item in stack.resources()}
    assert {kind: ids - known for kind, ids in made.items()} == {kind: set() for kind in made}
    assert [len(made[kind]) for kind in ("vpc", "subnet", "role")] == [1, 2, 1]


def _made(stack: Stack) -> dict[str, set[str]]:
    ec2, iam = stack.client("ec2"), stack.client("iam")
    groups = ec2.describe_security_groups()["SecurityGroups"]
    return {
        "vpc": {item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]},
        "subnet": {item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]},
        "group": {item["GroupId"] for item in groups if item["GroupName"] != "default"},
        "role": {item["RoleName"] for item in iam.list_roles()["Roles"]},
    }


def _wait_for_first_resource(
    stack: Stack, before: dict[str, set[str]], process: subprocess.Popen[str]
) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if _made(stack) != before:
            return
        time.sleep(0.1)


def test_what_is_there_can_be_imported(stack: Stack) -> None:
    vpc = stack.client("ec2").create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    imported = f"pulumi.ResourceOptions(provider=cloud, import_='{vpc}')"
    arguments = f"'found', cidr_block='10.5.0.0/16', opts={imported}"
    stack.program(f"{PROGRAM}\naws.ec2.Vpc({arguments})")
    stack.ok("up", "--yes", "--skip-preview")
    assert [item["id"] for item in stack.resources("Vpc")] == [vpc]
    stack.program(f"{PROGRAM}\naws.ec2.Vpc('found', cidr_block='10.5.0.0/16', opts=opts)")
    stack.ok("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_without_endpoints_a_preview_works_and_an_up_is_refused(stack: Stack) -> None:
    assert "create" in stack.ok("preview", CLOUD="")
    code, said = stack.run("up", "--yes", "--skip-preview", CLOUD="")
    assert code != 0
    assert "install the released plugin to deploy to AWS" in said
    assert "Traceback" not in said


def test_a_cloud_that_is_down_is_named_with_the_way_to_start_it(stack: Stack) -> None:
    code, said = stack.run("up", "--yes", "--skip-preview", CLOUD="http://127.0.0.1:9")
    assert code != 0
    assert "does not answer at http://127.0.0.1:9" in said
    assert "./ballast local start" in said


def test_an_unknown_type_stops_the_preview(stack: Stack) -> None:
    stack.program(PROGRAM + 'aws.glacier.Vault("vault", opts=opts)')
    code, said = stack.run("preview")
    assert code != 0
    assert "aws:glacier/vault:Vault is not supported by the embedded AWS provider" in said
    assert "Traceback" not in said


def test_wrong_values_stop_the_preview_and_all_are_named(stack: Stack) -> None:
    stack.program(
        PROGRAM
        + """
aws.eks.NodeGroup("nodes", cluster_name="c", node_role_arn="r", subnet_ids=["s"],
                  capacity_type="CHEAP", opts=opts,
                  scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                      min_size=3, desired_size=1, max_size=2))
"""
    )
    code, said = stack.run("preview")
    assert code != 0
    assert "capacityType is 'CHEAP'; allowed are: CAPACITY_BLOCK, ON_DEMAND, SPOT" in said
    assert "minSize 3, desiredSize 1, maxSize 2" in said
    assert "Traceback" not in said
