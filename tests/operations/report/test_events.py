from operations.report.events import read_report
from operations.report.model import Kind, Operation
from tests.operations.report.samples import (
    AGGREGATOR,
    MODEL,
    POOL,
    a_whole_stack,
    component,
    node_group,
    policy,
    step,
    urn,
)

QUEUE = "aws:sqs/queue:Queue"


def test_the_stack_s_name_is_read_off_the_resources() -> None:
    assert read_report([step(QUEUE, "q")]).stack == "dev"


def test_an_empty_log_is_a_preview_in_which_nothing_changes() -> None:
    report = read_report([])
    assert (report.changes, report.blocked, report.stack) == ([], False, "unknown stack")


def test_a_replacement_is_told_once_with_what_makes_it_one() -> None:
    events = [
        step(QUEUE, "q", {}, op="create-replacement", keys=["fifoQueue"], diffs=["fifoQueue"]),
        step(QUEUE, "q", {}, op="replace", keys=["fifoQueue"], diffs=["fifoQueue"]),
        step(QUEUE, "q", {}, op="delete-replaced", keys=["fifoQueue"]),
    ]
    (change,) = read_report(events).changes
    assert change.operation is Operation.REPLACE
    assert list(change.reasons) == ["fifoQueue"]


def test_an_update_names_the_paths_that_change_and_no_values() -> None:
    detailed = {"tags.Owner": {"diffKind": "update"}}
    event = step(QUEUE, "q", {"tags": {"Owner": "new"}}, op="update", detailedDiff=detailed)
    (change,) = read_report([event]).changes
    assert change.operation is Operation.UPDATE
    assert list(change.properties) == ["tags.Owner"]


def test_what_stays_as_it_is_is_counted_and_not_listed() -> None:
    report = read_report([step(QUEUE, "q", op="same"), step(QUEUE, "r", op="delete")])
    assert report.unchanged == 1
    assert [change.operation for change in report.changes] == [Operation.DELETE]


def test_a_change_belongs_to_the_nearest_component() -> None:
    events = [component(POOL, "gpu"), node_group("gpu")]
    changes = {
        change.name: change for change in read_report(events).changes if "eks" in change.type
    }
    assert changes["gpu"].component == "GpuPool gpu"


def test_what_is_deleted_belongs_to_its_component_too() -> None:
    events = [
        step(POOL, "gpu", op="delete"),
        step(QUEUE, "q", op="delete", parent=urn(POOL, "gpu")),
    ]
    assert {change.component for change in read_report(events).changes} == {"GpuPool gpu"}


def test_providers_and_the_stack_itself_are_no_changes() -> None:
    events = [step("pulumi:pulumi:Stack", "ballast-dev"), step("pulumi:providers:aws", "aws")]
    assert read_report(events).changes == []


def test_of_an_update_only_its_preview_is_read() -> None:
    events = [step(QUEUE, "q"), {"summaryEvent": {}}, step(QUEUE, "q", op="same")]
    report = read_report(events)
    assert (len(report.changes), report.unchanged) == (1, 0)


def test_cost_before_and_after_are_those_of_the_two_states() -> None:
    old = node_group("gpu", (2, 2, 2))["resourcePreEvent"]["metadata"]["new"]["inputs"]
    report = read_report([node_group("gpu", (4, 4, 4), op="update", old=old)])
    assert report.before is not None
    assert report.estimate.total.expected == 2 * report.before.total.expected > 0


def test_a_stack_that_does_not_exist_has_no_cost_before() -> None:
    assert read_report([node_group("gpu")]).before is None


MESSAGE = """Spot pools name several types
instanceTypes: 1 of at least 4
  why: AWS takes a whole type back at once,
  and then the pool is empty.
  fix: instance_types:
    - g6.2xlarge
"""


def test_a_violation_is_taken_apart() -> None:
    (found,) = read_report([policy("spot", MESSAGE, on=urn(QUEUE, "q"))]).findings
    assert (found.policy, found.resource, found.kind) == ("spot", "q", Kind.VIOLATION)
    assert found.title == "Spot pools name several types"
    assert found.found == "instanceTypes: 1 of at least 4"
    assert found.why == "AWS takes a whole type back at once,\nand then the pool is empty."
    assert found.fix == "instance_types:\n    - g6.2xlarge"


def test_the_other_kinds_of_findings_are_told_apart() -> None:
    events = [
        policy("a", "T\nundetermined until these values are known:\n  name", level="advisory"),
        policy("b", "T\nx: y\n  why: w\n  fix: f\n  suppressed until 2027-01-01 by dev.json: r"),
        policy("c", "T\nnote: 5 USD", level="advisory"),
    ]
    found = {one.policy: one for one in read_report(events).findings}
    assert found["a"].kind is Kind.UNDETERMINED
    assert found["b"].kind is Kind.SUPPRESSED
    assert found["b"].exemption == "until 2027-01-01 by dev.json: r"
    assert found["c"].kind is Kind.NOTE


def test_the_same_finding_is_told_once() -> None:
    assert len(read_report([policy("a", MESSAGE), policy("a", MESSAGE)]).findings) == 1


def test_a_mandatory_violation_blocks_and_an_advisory_one_does_not() -> None:
    assert read_report([policy("a", MESSAGE)]).blocked
    assert not read_report([policy("a", MESSAGE, level="advisory")]).blocked


def test_an_error_of_the_program_blocks() -> None:
    event = {"diagnosticEvent": {"severity": "error", "message": "setting x is wrong\n"}}
    report = read_report([event])
    assert (report.blocked, list(report.errors)) == (True, ["setting x is wrong"])


def test_policies_that_passed_are_counted_with_those_that_did_not() -> None:
    summary = {"policyAnalyzeSummaryEvent": {"passed": ["a", "b"], "failed": ["c"]}}
    assert read_report([summary, policy("c", MESSAGE)]).policies == 3


def test_the_topology_has_zones_tiers_pools_and_who_calls_whom() -> None:
    topology = read_report(a_whole_stack()).topology
    assert topology.zones == ["us-east-1a", "us-east-1b"]
    assert topology.tiers == ["public", "private", "isolated"]
    assert list(topology.nat_zones) == ["us-east-1a"]
    assert set(topology.calls) == {
        ("gateway", "aggregator"),
        ("gateway", "chat"),
        ("gateway", "embedding"),
        ("aggregator", "chat"),
        ("aggregator", "embedding"),
    }


def test_pods_are_drawn_where_the_scheduler_would_take_them() -> None:
    stages = {stage.name: stage for stage in read_report(a_whole_stack()).topology.stages}
    # A toleration alone binds nobody; the selector does.
    assert list(stages["chat"].pools) == ["gpu"]
    assert list(stages["embedding"].pools) == ["system"]


def test_what_is_no_stage_of_the_pipeline_is_not_drawn() -> None:
    deployment = step("kubernetes:apps/v1:Deployment", "operator", {"spec": {"replicas": 1}})
    assert read_report([deployment]).topology.stages == []


def test_the_kinds_of_stages_are_in_the_order_of_a_request() -> None:
    kinds = [stage.kind for stage in read_report(a_whole_stack()).topology.stages]
    order = [AGGREGATOR.rpartition(":")[2], *[MODEL.rpartition(":")[2]] * 2]
    assert kinds == ["InferenceGateway", *order]
