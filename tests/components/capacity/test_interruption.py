import json

import pytest

from components.capacity.interruption import NOTICES, InterruptionQueue, InterruptionQueueArgs
from tests.support.engine import Registered, deploy


@pytest.fixture(scope="module")
def resources() -> dict[str, Registered]:
    args = InterruptionQueueArgs(
        queue_name="test-interruption", region="us-east-1", account="111122223333"
    )
    _, found = deploy(lambda: InterruptionQueue("interruption", args))
    return {one.name: one for one in found}


def statements(resources: dict[str, Registered], queue: str) -> dict[str, dict[str, object]]:
    document = json.loads(resources[f"interruption-{queue}-policy"].inputs["policy"])
    return {one["Sid"]: one for one in document["Statement"]}


@pytest.mark.parametrize("notice", NOTICES)
def test_every_kind_of_notice_gets_to_the_queue(
    resources: dict[str, Registered], notice: str
) -> None:
    pattern = json.loads(resources[f"interruption-{notice}"].inputs["eventPattern"])
    assert (pattern["source"], pattern["detail-type"]) == (
        [NOTICES[notice][0]],
        [NOTICES[notice][1]],
    )
    target = resources[f"interruption-{notice}-target"].inputs
    assert target["arn"] == "arn:aws:mock::interruption-queue"
    assert target["rule"] == f"interruption-{notice}"


@pytest.mark.parametrize("queue", ["queue", "dead-letters"])
def test_queues_are_encrypted_and_take_nothing_without_tls(
    resources: dict[str, Registered], queue: str
) -> None:
    assert resources[f"interruption-{queue}"].inputs["sqsManagedSseEnabled"] is True
    denied = statements(resources, queue)["TlsOnly"]
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_our_own_rules_may_send(resources: dict[str, Registered]) -> None:
    allowed = statements(resources, "queue")["NoticesOfOurRules"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {
        "ArnEquals": {"aws:SourceArn": [f"arn:aws:mock::interruption-{one}" for one in NOTICES]}
    }
    assert statements(resources, "dead-letters").keys() == {"TlsOnly"}


def test_old_notices_go_and_unreadable_ones_are_kept(resources: dict[str, Registered]) -> None:
    queue = resources["interruption-queue"].inputs
    assert queue["messageRetentionSeconds"] == 300
    redrive = json.loads(queue["redrivePolicy"])
    assert redrive == {
        "deadLetterTargetArn": "arn:aws:mock::interruption-dead-letters",
        "maxReceiveCount": 5,
    }
    assert resources["interruption-dead-letters"].inputs["messageRetentionSeconds"] == 14 * 86_400
