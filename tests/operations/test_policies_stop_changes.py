"""A change that breaks a policy is stopped in the preview: what, where, why, how to fix it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import cloud
from tests.support.checkout import Checkout

pytestmark = pytest.mark.embedded

_NO_MEMORY_LIMIT = """
def strip(args):
    if args.type_ != "kubernetes:apps/v1:Deployment" or "ai-model-service" not in args.name:
        return None
    for container in args.props["spec"]["template"]["spec"]["containers"]:
        del container["resources"]["limits"]["memory"]
    return pulumi.ResourceTransformResult(args.props, args.opts)


pulumi.runtime.register_resource_transform(strip)
"""

_OPEN_SSH = """
import pulumi_aws as aws

aws.ec2.SecurityGroup(
    "bastion",
    ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}],
    opts=ResourceOptions(provider=cloud),
)
"""

_CPU_SCALED_GPU = """
import pulumi_kubernetes as kubernetes


def only_cpu(args):
    if args.type_ != "kubernetes:autoscaling/v2:HorizontalPodAutoscaler":
        return None
    args.props["spec"]["scaleTargetRef"]["name"] = "chat"
    return pulumi.ResourceTransformResult(args.props, args.opts)


pulumi.runtime.register_resource_transform(only_cpu)
"""


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout to make bad changes in, with the embedded environment running."""
    made = Checkout.make(tmp_path_factory.mktemp("changed") / "ballast")
    assert made.run("local", "start").returncode == 0
    yield made
    made.run("local", "reset", "--yes")


@pytest.fixture
def change(changed: Checkout) -> Iterator[Callable[[str], None]]:
    """Adds a passage to the program right before the platform is built, and takes it out again."""
    program: Path = changed.root / "__main__.py"
    before = program.read_text()
    assert "platform = Platform(" in before

    def make(passage: str) -> None:
        program.write_text(
            before.replace("platform = Platform(", f"{passage}\nplatform = Platform(")
        )

    yield make
    program.write_text(before)


@pytest.mark.parametrize(
    ("passage", "rule", "said"),
    [
        (
            _NO_MEMORY_LIMIT,
            "containers-set-memory-limits",
            ("ai-model-service", "resources.limits.memory"),
        ),
        (_OPEN_SSH, "security-groups-not-open-to-world", ("bastion", "0.0.0.0/0", "22")),
        (_CPU_SCALED_GPU, "gpu-workloads-not-scaled-on-cpu-alone", ("chat", "nvidia.com/gpu")),
    ],
    ids=["memory limit removed", "port 22 open to the world", "GPU model scaled on CPU"],
)
def test_the_change_is_stopped_in_preview_and_says_how_to_fix_it(
    changed: Checkout,
    change: Callable[[str], None],
    passage: str,
    rule: str,
    said: tuple[str, ...],
) -> None:
    change(passage)
    done = changed.run("preview", "local")
    assert done.returncode in (1, 255), done.stdout
    finding = _finding(done.stdout, rule)
    for part in (*said, "ix"):  # "fix:" or "Fix:"
        assert part in finding, finding
    assert "Traceback" not in done.stdout


def test_an_up_that_breaks_a_policy_creates_nothing(
    changed: Checkout, change: Callable[[str], None]
) -> None:
    before = cloud.inventory(changed.layout)
    change(_OPEN_SSH)
    done = changed.run("up", "local")
    assert done.returncode in (1, 255), done.stdout
    assert cloud.inventory(changed.layout) == before


def test_the_same_program_without_the_change_passes(changed: Checkout) -> None:
    done = changed.run("preview", "local")
    assert done.returncode == 0, done.stdout
    assert "[mandatory]" not in done.stdout


def _finding(printed: str, rule: str) -> str:
    """Return the passage of the output that starts with the rule's finding."""
    match = re.search(
        rf"\[mandatory\][^\n]*{rule}.*?(?=\n\s+- \[|\nResources:|\Z)", printed, re.DOTALL
    )
    assert match, f"no mandatory finding of {rule}:\n{printed}"
    return match.group(0)
