"""What an engine that died had created is taken over, once and only once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from embedded.plugins.aws.journal import Journal
from tests.embedded.plugins.aws.conftest import AUTONAMING, Engine, Made

VPC = "aws:ec2/vpc:Vpc"
INPUTS = {"cidrBlock": "10.77.0.0/16"}
MakeEngine = Callable[..., Engine]


@pytest.fixture
def run(make_engine: MakeEngine, tmp_path: Path, engine: Engine) -> Callable[[], Engine]:
    """Each call is a new run of the engine: a new plugin process on the same journal."""

    def start() -> Engine:
        fresh = make_engine(journal=tmp_path)
        # Clients are slow to make, and say nothing about the journal.
        fresh.provider._clients = engine.provider._clients
        return fresh

    return start


def vpcs(engine: Engine) -> set[str]:
    answer = engine.provider._clients.call("ec2", "describe_vpcs", {})
    return {vpc["VpcId"] for vpc in answer["Vpcs"]}


def test_a_lost_outcome_is_taken_over(run: Callable[[], Engine]) -> None:
    lost = run().create(VPC, INPUTS)
    before = vpcs(run())
    again = run().create(VPC, INPUTS)
    assert again.id == lost.id
    assert again.outputs == lost.outputs
    assert vpcs(run()) == before


def test_what_changed_in_the_program_since_is_changed(run: Callable[[], Engine]) -> None:
    lost = run().create(VPC, INPUTS)
    again = run().create(VPC, {**INPUTS, "enableDnsHostnames": True, "tags": {"a": "b"}})
    assert again.id == lost.id
    assert again.outputs["enableDnsHostnames"] is True
    assert again.outputs["tags"] == {"a": "b"}


def test_what_cannot_be_changed_is_deleted_and_made_anew(run: Callable[[], Engine]) -> None:
    lost = run().create(VPC, INPUTS)
    again = run().create(VPC, {"cidrBlock": "10.78.0.0/16"})
    assert again.id != lost.id
    assert lost.id not in vpcs(run())
    assert run().create(VPC, {"cidrBlock": "10.78.0.0/16"}).id == again.id


def test_what_is_gone_by_then_is_made_anew(run: Callable[[], Engine]) -> None:
    lost = run().create(VPC, INPUTS)
    lost.engine.provider._clients.call("ec2", "delete_vpc", {"VpcId": lost.id})
    assert run().create(VPC, INPUTS).id != lost.id


@pytest.mark.parametrize("act", ["diff", "read", "update", "delete"])
def test_an_id_that_the_engine_names_is_not_lost(run: Callable[[], Engine], act: str) -> None:
    made = run().create(VPC, INPUTS)
    known = Made(run(), VPC, "thing", made.id, made.inputs, made.outputs)
    actions: dict[str, Callable[[], Any]] = {
        "diff": lambda: known.diff(INPUTS),
        "read": known.read,
        "update": lambda: known.update({**INPUTS, "tags": {"a": "b"}}),
        "delete": known.delete,
    }
    actions[act]()
    # As in a replacement: a new one beside the old one.
    assert run().create(VPC, INPUTS).id != made.id


def test_a_second_one_in_the_same_run_is_a_second_one(run: Callable[[], Engine]) -> None:
    engine = run()
    assert engine.create(VPC, INPUTS).id != engine.create(VPC, INPUTS).id


def test_a_name_that_was_made_is_made_again_the_same(run: Callable[[], Engine]) -> None:
    token, inputs = "aws:iam/role:Role", {"assumeRolePolicy": "{}"}
    lost = run().create(token, inputs)
    engine = run()
    other_seed = replace(AUTONAMING, seed=b"another")
    checked, _ = engine.check(token, inputs, autonaming=other_seed)
    assert checked["name"] == lost.inputs["name"]
    identity, _ = engine.provider.create(engine.target(token, "thing"), checked)
    assert identity == lost.id


def test_the_old_one_of_a_forced_replacement_stays_when_it_was_taken_over(
    run: Callable[[], Engine],
) -> None:
    """`up --target-replace` right after the first `up`: the engine names no id before."""
    made = run().create(VPC, INPUTS)
    engine = run()
    again = engine.create(VPC, INPUTS)
    assert again.id == made.id
    Made(engine, VPC, "thing", made.id, made.inputs, made.outputs).delete()
    assert made.id in vpcs(engine)


def test_another_cloud_knows_nothing_of_it(tmp_path: Path) -> None:
    Journal(tmp_path).created("urn", "http://127.0.0.1:1", "vpc-1", {})
    assert Journal(tmp_path).lost("urn", "http://127.0.0.1:2") is None
    assert Journal(tmp_path).lost("urn", "http://127.0.0.1:1") is not None


def test_reading_makes_no_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "not-there")
    assert journal.lost("urn", "cloud") is None
    journal.known("urn", "vpc-1")
    assert not (tmp_path / "not-there").exists()
