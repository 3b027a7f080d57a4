import pytest

from embedded.plugins.kubernetes.awaiting import custom, network, pods, rules, storage, workloads
from embedded.plugins.kubernetes.awaiting.verdict import selector_text
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.provider import ProviderError

UNSCHEDULABLE = {
    "metadata": {"name": "model-1", "namespace": "serving"},
    "status": {
        "phase": "Pending",
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
            }
        ],
    },
}


def container(state):
    return {
        "metadata": {"name": "model-2", "namespace": "serving"},
        "status": {"containerStatuses": [{"name": "c", "state": state}]},
    }


def look(**by_kind):
    return lambda _version, kind, _namespace, _selector: by_kind.get(kind, [])


def deployment(replicas=2, generation=1, conditions=(), **status):
    return {
        "metadata": {"name": "model", "namespace": "serving", "generation": generation},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "model"}}},
        "status": {"observedGeneration": 1, "conditions": list(conditions), **status},
    }


def test_a_deployment_is_ready_when_all_replicas_are_new_and_available():
    live = deployment(replicas=2, updatedReplicas=2, availableReplicas=2)
    assert workloads.deployment({**live}, look()).ready


def test_a_deployment_scaled_to_zero_is_ready():
    assert workloads.deployment(deployment(replicas=0), look()).ready


@pytest.mark.parametrize(
    ("live", "message"),
    [
        (deployment(generation=2), "waiting for the deployment controller"),
        (deployment(updatedReplicas=2, availableReplicas=1), "1 of 2 replicas available"),
    ],
)
def test_a_deployment_says_how_far_it_is(live, message):
    assert workloads.deployment(live, look()).message == message


def test_a_rollout_waits_for_the_old_replicas_to_go():
    live = deployment(replicas=2)
    live["status"] |= {"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}
    found = workloads.deployment(live, look())
    assert (found.ready, found.message) == (False, "2 of 2 replicas available, 1 old ones to go")


def test_a_deployment_says_why_its_pods_do_not_run():
    found = workloads.deployment(deployment(), look(Pod=[UNSCHEDULABLE]))
    assert "Unschedulable: 0/2 nodes are available: 2 Insufficient nvidia.com/gpu." in found.message


def test_a_deployment_past_its_deadline_is_hopeless_and_says_why():
    late = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    found = workloads.deployment(deployment(conditions=[late]), look(Pod=[UNSCHEDULABLE]))
    assert found.hopeless
    assert found.reasons[0] == "ProgressDeadlineExceeded: timed out"
    assert "Insufficient nvidia.com/gpu" in found.reasons[1]


def test_a_quota_that_forbids_pods_is_the_reason():
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
    }
    found = workloads.deployment(deployment(conditions=[failure]), look())
    assert "FailedCreate: exceeded quota" in found.message


def test_a_claim_that_is_not_bound_is_a_reason():
    live = deployment()
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "models"}}
    live["spec"]["template"] = {"spec": {"volumes": [volume]}}
    claim = {"metadata": {"name": "models"}, "status": {"phase": "Pending"}}
    found = workloads.deployment(live, look(PersistentVolumeClaim=[claim]))
    assert "persistent volume claim models is Pending" in found.message


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
            "container c: ImagePullBackOff: no such image",
        ),
        (
            {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
            "container c: OOMKilled, exit code 137",
        ),
    ],
)
def test_a_container_that_does_not_run_is_a_reason(state, message):
    assert pods.problems([container(state)]) == [f"pod serving/model-2: {message}"]


def test_a_container_on_its_way_is_no_problem():
    assert pods.problems([container({"waiting": {"reason": "ContainerCreating"}})]) == []


def test_the_same_reason_is_given_once():
    assert len(pods.problems([UNSCHEDULABLE, UNSCHEDULABLE])) == 1


@pytest.mark.parametrize(
    ("conditions", "ready", "hopeless"),
    [
        ([{"type": "Complete", "status": "True"}], True, False),
        ([{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}], False, True),
        ([], False, False),
    ],
)
def test_a_job_is_ready_when_complete_and_hopeless_when_failed(conditions, ready, hopeless):
    found = workloads.job({"status": {"conditions": conditions}, "spec": {}}, look())
    assert (found.ready, found.hopeless) == (ready, hopeless)


@pytest.mark.parametrize(
    ("ready", "updated", "partition", "done"),
    [(3, 3, 0, True), (3, 2, 0, False), (2, 3, 0, False), (3, 1, 2, True)],
)
def test_a_stateful_set_is_ready_when_its_replicas_are_new_and_ready(
    ready, updated, partition, done
):
    live = {
        "metadata": {"generation": 1},
        "spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": partition}}},
        "status": {"observedGeneration": 1, "readyReplicas": ready, "updatedReplicas": updated},
    }
    assert workloads.stateful_set(live, look()).ready is done


def test_a_daemon_set_is_ready_on_every_node():
    live = {
        "metadata": {"generation": 1},
        "status": {"observedGeneration": 1, "desiredNumberScheduled": 2, "numberAvailable": 1},
    }
    assert workloads.daemon_set(live, look()).message == "1 of 2 nodes have an available pod"


SLICE = {"endpoints": [{"addresses": ["10.0.0.1"]}]}
SELECTING = {"metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}}}


@pytest.mark.parametrize(
    ("live", "slices", "ready"),
    [
        (SELECTING, [SLICE], True),
        (SELECTING, [], False),
        (SELECTING, [{"endpoints": None}], False),
        ({"spec": {"selector": {"a": "b"}, "clusterIP": "None"}}, [], True),
        ({"spec": {}}, [], True),
        ({"spec": {"type": "ExternalName", "selector": {"a": "b"}}}, [], True),
        ({"spec": {"type": "LoadBalancer"}}, [], False),
        (
            {
                "spec": {"type": "LoadBalancer"},
                "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}},
            },
            [],
            True,
        ),
    ],
)
def test_a_service_needs_endpoints_and_a_load_balancer_an_address(live, slices, ready):
    assert network.service(live, look(EndpointSlice=slices)).ready is ready


def test_an_ingress_names_the_services_that_are_missing():
    backend = {"service": {"name": "gateway"}}
    live = {"spec": {"rules": [{"http": {"paths": [{"backend": backend}]}}]}}
    assert "do not exist: gateway" in network.ingress(live, look()).message
    found = network.ingress(live, look(Service=[{"metadata": {"name": "gateway"}}]))
    assert "no ingress controller" in found.message


def test_a_claim_of_a_class_that_waits_for_pods_is_ready_at_once():
    late = {"metadata": {"name": "gp3"}, "volumeBindingMode": "WaitForFirstConsumer"}
    live = {"spec": {"storageClassName": "gp3"}, "status": {"phase": "Pending"}}
    assert storage.claim(live, look(StorageClass=[late])).ready
    assert not storage.claim(live, look(StorageClass=[late | {"volumeBindingMode": "x"}])).ready
    assert "gp3 does not exist" in storage.claim(live, look()).message


def test_a_definition_whose_names_are_taken_is_hopeless():
    taken = {"type": "NamesAccepted", "status": "False", "message": "taken"}
    assert storage.definition({"status": {"conditions": [taken]}}, look()).hopeless


@pytest.mark.parametrize(
    ("text", "ready"),
    [
        ("condition=Ready", True),
        ("condition=Stalled", False),
        ("condition=Stalled=False", True),
        ("jsonpath={.status.phase}=Running", True),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.items[1].name}=b", True),
        ("jsonpath={.status.gone}", False),
        ('["condition=Ready", "jsonpath={.status.gone}"]', False),
    ],
)
def test_the_programs_own_idea_of_ready(text, ready):
    live = {
        "status": {
            "phase": "Running",
            "items": [{"name": "a"}, {"name": "b"}],
            "conditions": [
                {"type": "Ready", "status": "True"},
                {"type": "Stalled", "status": "False"},
            ],
        }
    }
    assert custom.rule(text)(live, look()).ready is ready


def test_an_idea_that_is_not_understood_is_refused():
    with pytest.raises(ProviderError, match="'ready' is not understood; write condition=Ready"):
        custom.rule("ready")


def test_skip_await_waits_for_nothing():
    inputs = {"metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}
    assert rules.find(Kind.of("apps/v1", "Deployment"), inputs) is None
    assert rules.find(Kind.of("v1", "ConfigMap"), {}) is None


def test_the_programs_timeout_goes_before_the_annotation_and_that_before_the_kinds():
    inputs = {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "7"}}}
    assert rules.seconds(inputs, 3.0, 600.0) == 3.0
    assert rules.seconds(inputs, 0.0, 600.0) == 7.0
    assert rules.seconds({}, 0.0, 600.0) == 600.0


def test_selectors_are_written_as_queries():
    selector = {
        "matchLabels": {"a": "b"},
        "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["d", "e"]},
            {"key": "f", "operator": "DoesNotExist"},
        ],
    }
    assert selector_text(selector) == "a=b,c in (d,e),!f"
