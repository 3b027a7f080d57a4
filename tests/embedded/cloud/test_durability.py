"""What the embedded AWS has answered outlives kill -9."""

from __future__ import annotations

import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from embedded.cloud.service import NAME, Cloud
from embedded.processes import ProcessError, Supervisor
from tests.embedded.cloud.conftest import client
from tests.support.environment import ScratchLayout

pytestmark = pytest.mark.embedded


def _layout(cloud: Cloud) -> ScratchLayout:
    return cloud._layout  # type: ignore[return-value]


def _kill(cloud: Cloud) -> None:
    process = Supervisor(_layout(cloud)).find(NAME)
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def _everything(cloud: Cloud) -> str:
    """Return what the AWS tells of all that these tests make, as text."""
    names = ("ec2", "iam", "kms", "logs", "ecr")
    ec2, iam, kms, logs, ecr = (client(_layout(cloud), name) for name in names)
    answers: list[Any] = [
        ec2.describe_vpcs(),
        ec2.describe_subnets(),
        ec2.describe_security_groups(),
        ec2.describe_route_tables(),
        ec2.describe_key_pairs(),
        ec2.describe_instances(),
        ec2.describe_vpc_endpoints(),
        ec2.describe_placement_groups(),
        ec2.describe_capacity_reservations(),
        ecr.describe_pull_through_cache_rules(),
        iam.list_roles(),
        logs.describe_log_groups(),
        [kms.describe_key(KeyId=key["KeyId"]) for key in kms.list_keys()["Keys"]],
    ]
    for answer in answers:
        for part in answer if isinstance(answer, list) else [answer]:
            part.pop("ResponseMetadata")
    return json.dumps(answers, default=str, sort_keys=True)


def _make_what_moto_lacks(layout: ScratchLayout, vpc: str) -> None:
    ec2 = client(layout, "ec2")
    ec2.create_placement_group(GroupName="close", Strategy="cluster")
    reservation = ec2.create_capacity_reservation(
        InstanceType="p5.48xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=1,
    )["CapacityReservation"]["CapacityReservationId"]
    ec2.modify_capacity_reservation(
        CapacityReservationId=reservation, EndDateType="limited", EndDate="2099-01-01T00:00:00Z"
    )
    service = "com.amazonaws.us-east-1.s3"
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service)["VpcEndpoint"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], AddRouteTableIds=[table])
    client(layout, "ecr").create_pull_through_cache_rule(
        ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io"
    )


def test_ids_tags_dates_and_keys_are_the_same_after_kill_9(own_cloud: Cloud) -> None:
    layout = _layout(own_cloud)
    ec2, kms = client(layout, "ec2"), client(layout, "kms")
    # A read comes first on purpose: it brings up the default VPC.
    ec2.describe_vpcs()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "main"}])
    ec2.create_key_pair(KeyName="rsa")
    ec2.create_key_pair(KeyName="ed25519", KeyType="ed25519")
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2)
    client(layout, "iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    client(layout, "logs").create_log_group(logGroupName="/aws/eks/main/cluster")
    _make_what_moto_lacks(layout, vpc)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = kms.encrypt(KeyId=key, Plaintext=b"attack at dawn")["CiphertextBlob"]
    before = _everything(own_cloud)
    _kill(own_cloud)
    own_cloud.start()
    assert _everything(own_cloud) == before
    again = client(layout, "kms").decrypt(CiphertextBlob=secret)
    assert again["Plaintext"] == b"attack at dawn"


def test_ids_go_on_after_a_restart_without_one_coming_twice(own_cloud: Cloud) -> None:
    seen: set[str] = set()
    for _ in range(3):
        ec2 = client(_layout(own_cloud), "ec2")
        seen |= {ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2)}
        _kill(own_cloud)
        own_cloud.start()
    found = client(_layout(own_cloud), "ec2").describe_vpcs()["Vpcs"]
    assert len(seen) == 6
    assert seen < {vpc["VpcId"] for vpc in found}


def test_of_requests_in_flight_what_was_answered_is_there_and_nothing_by_half(
    own_cloud: Cloud,
) -> None:
    layout = _layout(own_cloud)
    answered: list[tuple[str, str]] = []

    def work(worker: int) -> None:
        ec2 = client(layout, "ec2", connect_timeout=2)
        for number in range(1000):
            name = f"{worker}-{number}"
            tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": name}]}]
            try:
                vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)
            except (BotoCoreError, ClientError, ResponseParserError):
                # No answer, or half of one.
                return
            answered.append((vpc["Vpc"]["VpcId"], name))

    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(work, number) for number in range(4)]
        while len(answered) < 40:
            time.sleep(0.01)
        _kill(own_cloud)
        for worker in workers:
            worker.result()
    own_cloud.start()
    vpcs = client(layout, "ec2").describe_vpcs(
        Filters=[{"Name": "is-default", "Values": ["false"]}]
    )["Vpcs"]
    there = {(vpc["VpcId"], vpc["Tags"][0]["Value"]) for vpc in vpcs}
    assert set(answered) <= there
    # Each worker may have one request that was done and not answered, whole.
    assert len(there) <= len(answered) + 4


def test_callers_at_once_get_ids_of_their_own(own_cloud: Cloud) -> None:
    barrier = threading.Barrier(8)

    def create(_: int) -> str:
        ec2 = client(_layout(own_cloud), "ec2")
        barrier.wait()
        return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(8)))) == 8


def test_a_polite_stop_keeps_everything_as_well(own_cloud: Cloud) -> None:
    client(_layout(own_cloud), "ec2").create_vpc(CidrBlock="10.0.0.0/16")
    before = _everything(own_cloud)
    assert own_cloud.stop() is True
    assert own_cloud.stop() is False
    own_cloud.start()
    assert _everything(own_cloud) == before


def test_start_is_safe_to_repeat_and_the_address_stays(own_cloud: Cloud) -> None:
    first = own_cloud.status()[0]
    own_cloud.start()
    assert own_cloud.status()[0].pid == first.pid
    _kill(own_cloud)
    own_cloud.start()
    assert own_cloud.status()[0].port == first.port


def _journal(cloud: Cloud) -> Path:
    return _layout(cloud).cloud / "journal"


def test_a_torn_last_line_is_forgotten(own_cloud: Cloud) -> None:
    ec2 = client(_layout(own_cloud), "ec2")
    kept = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc(CidrBlock="10.1.0.0/16")
    _kill(own_cloud)
    _journal(own_cloud).write_bytes(_journal(own_cloud).read_bytes()[:-20])
    own_cloud.start()
    found = client(_layout(own_cloud), "ec2").describe_vpcs(
        Filters=[{"Name": "is-default", "Values": ["false"]}]
    )["Vpcs"]
    assert [vpc["VpcId"] for vpc in found] == [kept]


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_FSIZE"), reason="limits of another process: Linux")
def test_a_full_disk_ends_the_process_and_loses_nothing_that_was_answered(own_cloud: Cloud) -> None:
    layout = _layout(own_cloud)
    ec2 = client(layout, "ec2")
    kept = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    process = Supervisor(layout).find(NAME)
    assert process is not None
    limit = _journal(own_cloud).stat().st_size + 10
    process.rlimit(psutil.RLIMIT_FSIZE, (limit, limit))
    with pytest.raises(BotoCoreError):
        ec2.create_vpc(CidrBlock="10.1.0.0/16")
    process.wait(10)
    assert "cannot be written" in Supervisor(layout).log(NAME).read_text()
    own_cloud.start()
    found = client(layout, "ec2").describe_vpcs(
        Filters=[{"Name": "is-default", "Values": ["false"]}]
    )["Vpcs"]
    assert [vpc["VpcId"] for vpc in found] == [kept]


def test_a_replay_that_goes_another_way_stops_the_start_and_says_what_to_do(
    own_cloud: Cloud,
) -> None:
    client(_layout(own_cloud), "ec2").create_vpc(CidrBlock="10.0.0.0/16")
    own_cloud.stop()
    from embedded.cloud import journal

    whole = journal.Journal(_journal(own_cloud), moto="", now=0.0)
    (entry,) = list(whole.entries())
    header = _journal(own_cloud).read_bytes().splitlines(keepends=True)[0]
    whole.close()
    _journal(own_cloud).write_bytes(header)
    forged = journal.Journal(_journal(own_cloud), moto="", now=0.0)
    list(forged.entries())
    forged.append(journal.Entry(**{**vars(entry), "digest": "0000"}))
    forged.close()
    with pytest.raises(ProcessError) as caught:
        own_cloud.start()
    assert "request 1 (CreateVpc)" in str(caught.value)
    assert "local reset" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_what_would_wipe_the_state_is_refused(own_cloud: Cloud) -> None:
    assert "local reset" in own_cloud._ask("/moto-api/reset")["message"]


def test_a_long_poll_holds_nobody_up_and_hears_of_the_message(own_cloud: Cloud) -> None:
    layout = _layout(own_cloud)
    queue = client(layout, "sqs").create_queue(QueueName="interruptions")["QueueUrl"]
    before = _journal(own_cloud).stat().st_size

    def poll(seconds: int) -> list[Any]:
        sqs = client(layout, "sqs")
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=seconds)
        return answer.get("Messages", [])

    assert poll(1) == []
    assert _journal(own_cloud).stat().st_size == before
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(poll, 20)
        client(layout, "sqs").send_message(QueueUrl=queue, MessageBody="spot")
        (message,) = waiting.result(timeout=30)
    assert message["Body"] == "spot"
    client(layout, "sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    _kill(own_cloud)
    own_cloud.start()
    assert poll(0) == []


def test_an_operation_that_moto_lacks_is_an_error_that_names_it(own_cloud: Cloud) -> None:
    ec2 = client(_layout(own_cloud), "ec2")
    with pytest.raises(ClientError, match=r"\(NotImplemented\).*enable_image_block_public_access"):
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")


def test_the_process_stays_small(own_cloud: Cloud) -> None:
    layout = _layout(own_cloud)
    _everything(own_cloud)
    for name in ("eks", "sts", "autoscaling", "sqs", "events", "ssm", "elbv2", "ecr"):
        client(layout, name)
    client(layout, "eks").list_clusters()
    client(layout, "autoscaling").describe_auto_scaling_groups()
    client(layout, "sqs").list_queues()
    client(layout, "events").list_rules()
    client(layout, "elbv2").describe_load_balancers()
    assert own_cloud.status()[0].resident_bytes < 220 * 2**20
