"""The provider against a real control plane."""

import threading
import uuid

import pytest
from kubernetes import client, config

from embedded.plugins.kubernetes.journal import Journal
from embedded.plugins.provider import InitFailedError, ProviderError
from tests.embedded.plugins.kubernetes.program import Program
from tests.support.environment import eventually

pytestmark = pytest.mark.embedded

DEPLOYMENT, CONFIG_MAP, SERVICE = "apps/v1:Deployment", "core/v1:ConfigMap", "core/v1:Service"
NAMESPACE, JOB = "core/v1:Namespace", "batch/v1:Job"


def administrator(control_plane):
    return config.new_client_from_config(str(control_plane.layout.kubeconfig))


@pytest.fixture(scope="session")
def node(control_plane):
    """A machine for the pods."""
    room = {"cpu": "64", "memory": "256Gi", "pods": "110"}
    api = client.CoreV1Api(administrator(control_plane))
    api.create_node(
        {
            "metadata": {
                "name": "kubernetes-tests",
                "annotations": {"kwok.x-k8s.io/node": "fake"},
            },
            "status": {"allocatable": room, "capacity": room},
        }
    )
    yield
    api.delete_node("kubernetes-tests")


@pytest.fixture
def api(control_plane, node):
    return administrator(control_plane)


@pytest.fixture
def program(control_plane, api, tmp_path):
    """A program whose provider works in a namespace of its own."""
    namespace = f"kubernetes-{uuid.uuid4().hex[:6]}"
    kubeconfig = control_plane.layout.kubeconfig.read_text()
    client.CoreV1Api(api).create_namespace({"metadata": {"name": namespace}})
    settings = {"kubeconfig": kubeconfig, "namespace": namespace}
    yield Program(Journal(tmp_path / "journal"), settings)
    client.CoreV1Api(api).delete_namespace(namespace)


@pytest.fixture
def namespace(program):
    return program.settings["namespace"]


def deployment(replicas=1, *, memory="64Mi", label="model", annotations=None, name=None, gpu=False):
    meta = {"annotations": annotations or {}, **({"name": name} if name else {})}
    resources = {"limits": {"memory": memory, **({"nvidia.com/gpu": "1"} if gpu else {})}}
    return {
        "metadata": meta,
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": label}},
            "template": {
                "metadata": {"labels": {"app": label}},
                "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]},
            },
        },
    }


def config_map(value, **meta):
    return {"metadata": meta, "data": {"key": value}}


def test_a_deployment_is_there_and_available_when_create_returns(program, api, namespace):
    state = program.up(DEPLOYMENT, "model", deployment(replicas=2))
    assert state.identity.startswith(f"{namespace}/model-")
    assert state.outputs["status"]["availableReplicas"] == 2
    assert "managedFields" not in state.outputs["metadata"]


def test_the_same_again_changes_nothing(program):
    made = program.up(DEPLOYMENT, "model", deployment(memory="1024Mi"))
    assert program.up(DEPLOYMENT, "model", deployment(memory="1024Mi")) is made


def test_an_update_rolls_out_and_what_is_left_out_is_removed(program):
    program.up(DEPLOYMENT, "model", deployment(annotations={"a": "1", "b": "2"}))
    state = program.up(DEPLOYMENT, "model", deployment(2, annotations={"a": "1"}))
    assert state.outputs["status"]["availableReplicas"] == 2
    assert "b" not in state.outputs["metadata"]["annotations"]


def test_a_changed_config_map_gets_a_new_name_and_the_old_one_goes(program, api, namespace):
    first = program.up(CONFIG_MAP, "settings", config_map("1"))
    second = program.up(CONFIG_MAP, "settings", config_map("2"))
    assert first.identity != second.identity
    assert names_of_config_maps(api, namespace) == [second.outputs["metadata"]["name"]]


def test_a_named_object_is_deleted_before_it_is_made_again(program):
    first = program.up(DEPLOYMENT, "model", deployment(name="model", label="a"))
    second = program.up(DEPLOYMENT, "model", deployment(name="model", label="b"))
    assert first.identity == second.identity
    assert first.outputs["metadata"]["uid"] != second.outputs["metadata"]["uid"]


def test_what_somebody_else_made_is_not_taken_over(program, api, namespace):
    core = client.CoreV1Api(api)
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "theirs"}, "data": {}})
    with pytest.raises(ProviderError, match=f"ConfigMap {namespace}/theirs already exists"):
        program.up(CONFIG_MAP, "settings", config_map("1", name="theirs"))
    program.settings["upsertExistingObjects"] = "true"
    program.up(CONFIG_MAP, "settings", config_map("1", name="theirs"))
    assert core.read_namespaced_config_map("theirs", namespace).data == {"key": "1"}


def test_two_resources_of_one_name_are_not_both_made(program):
    outcomes = []

    def make(name):
        try:
            program.up(CONFIG_MAP, name, config_map(name, name="same"))
        except ProviderError as error:
            outcomes.append(str(error))

    provider = program.provider()
    program.provider = lambda: provider
    threads = [threading.Thread(target=make, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert "already exists" in outcomes[0]


@pytest.mark.parametrize("meta", [{}, {"name": "explicit"}])
def test_what_an_interrupted_run_made_is_gone_on_with(program, api, namespace, meta):
    lost = program.up(CONFIG_MAP, "settings", config_map("1", **meta))
    program.forget(CONFIG_MAP, "settings")
    found = program.up(CONFIG_MAP, "settings", config_map("2", **meta))
    assert found.outputs["metadata"]["uid"] == lost.outputs["metadata"]["uid"]
    assert found.outputs["data"] == {"key": "2"}
    assert names_of_config_maps(api, namespace) == [lost.outputs["metadata"]["name"]]


def test_a_bare_namespace_of_an_interrupted_run_is_gone_on_with(program):
    name = f"kubernetes-{uuid.uuid4().hex[:6]}"
    program.up(NAMESPACE, "team", {"metadata": {"name": name}})
    program.forget(NAMESPACE, "team")
    program.up(NAMESPACE, "team", {"metadata": {"name": name}})
    program.destroy(NAMESPACE, "team")


def test_a_replacement_lost_in_the_middle_is_not_made_twice(program, api, namespace):
    first = program.up(CONFIG_MAP, "settings", config_map("1"))
    provider = program.provider()
    # The engine shows that it knows the first one, and is killed before it knows the second.
    inputs = program.check(provider, first.target, first.inputs, config_map("2"))
    program.diff(provider, first, inputs)
    provider.create(first.target, program.check(provider, first.target, {}, config_map("2")))
    second = program.up(CONFIG_MAP, "settings", config_map("2"))
    assert names_of_config_maps(api, namespace) == [second.outputs["metadata"]["name"]]


def test_drift_by_hand_shows_on_refresh_and_is_repaired(program, api, namespace):
    made = program.up(DEPLOYMENT, "model", deployment(name="model")).inputs
    apps = client.AppsV1Api(api)
    scale = {"spec": {"replicas": 3}}
    apps.patch_namespaced_deployment("model", namespace, scale, field_manager="kubectl-edit")
    eventually(
        lambda: (
            apps.read_namespaced_deployment_status("model", namespace).status.ready_replicas == 3
        )
    )
    refreshed = program.refresh(DEPLOYMENT, "model")
    assert refreshed.inputs["spec"]["replicas"] == 3
    program.up(DEPLOYMENT, "model", deployment(name="model"))
    assert apps.read_namespaced_deployment("model", namespace).spec.replicas == 1
    assert program.refresh(DEPLOYMENT, "model").inputs == made


def test_a_refresh_right_after_create_shows_nothing(program):
    state = program.up(DEPLOYMENT, "model", deployment(memory="1024Mi"))
    before = dict(state.inputs)
    assert program.refresh(DEPLOYMENT, "model").inputs == before


def test_what_was_deleted_by_hand_leaves_the_state(program, api, namespace):
    program.up(CONFIG_MAP, "settings", config_map("1", name="settings"))
    client.CoreV1Api(api).delete_namespaced_config_map("settings", namespace)
    assert program.refresh(CONFIG_MAP, "settings") is None


def test_deleting_what_is_gone_already_is_fine(program, api, namespace):
    program.up(CONFIG_MAP, "settings", config_map("1", name="settings"))
    client.CoreV1Api(api).delete_namespaced_config_map("settings", namespace)
    program.destroy(CONFIG_MAP, "settings")


def test_another_managers_field_is_a_conflict_unless_forced(program, api, namespace):
    program.up(DEPLOYMENT, "model", deployment(name="model"))
    patch = {"spec": {"template": {"spec": {"schedulerName": "theirs"}}}}
    client.AppsV1Api(api).patch_namespaced_deployment(
        "model", namespace, patch, field_manager="argocd"
    )
    wanted = deployment(name="model")
    wanted["spec"]["template"]["spec"]["schedulerName"] = "ours"
    wanted["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    with pytest.raises(ProviderError, match=r'schedulerName: conflict with "argocd"'):
        program.up(DEPLOYMENT, "model", wanted)
    wanted["metadata"]["annotations"]["pulumi.com/patchForce"] = "true"
    state = program.up(DEPLOYMENT, "model", wanted)
    assert state.outputs["spec"]["template"]["spec"]["schedulerName"] == "ours"


def test_replicas_that_the_program_ignores_stay_as_an_autoscaler_set_them(program, api, namespace):
    program.up(DEPLOYMENT, "model", deployment(name="model"))
    scale = {"spec": {"replicas": 3}}
    client.AppsV1Api(api).patch_namespaced_deployment_scale(
        "model", namespace, scale, field_manager="autoscaler"
    )
    state = program.up(
        DEPLOYMENT,
        "model",
        deployment(1, name="model", memory="128Mi"),
        ignore_changes=("spec.replicas",),
    )
    assert state.outputs["spec"]["replicas"] == 3


def test_a_deployment_that_cannot_run_says_why_and_is_finished_by_the_next_run(program):
    with pytest.raises(InitFailedError, match=r"Insufficient nvidia.com/gpu"):
        program.up(DEPLOYMENT, "model", deployment(name="model", gpu=True), timeout=2.0)
    state = program.up(DEPLOYMENT, "model", deployment(name="model"))
    assert state.outputs["status"]["availableReplicas"] == 1


def test_cancelling_ends_the_wait_at_once(program):
    provider = program.provider()
    program.provider = lambda: provider
    threading.Timer(1.0, provider.cancel).start()
    with pytest.raises(InitFailedError, match="interrupted while waiting"):
        program.up(DEPLOYMENT, "model", deployment(gpu=True))


def test_skip_await_waits_for_nothing(program):
    annotations = {"pulumi.com/skipAwait": "true"}
    program.up(DEPLOYMENT, "model", deployment(gpu=True, annotations=annotations))


def test_a_service_waits_for_its_pods(program):
    service = {"spec": {"selector": {"app": "model"}, "ports": [{"port": 80}]}}
    with pytest.raises(InitFailedError, match="selects no pods"):
        program.up(SERVICE, "model", service, timeout=1.0)
    program.up(DEPLOYMENT, "model", deployment())
    state = program.refresh(SERVICE, "model")
    assert state.outputs["spec"]["clusterIP"]


def test_a_job_is_complete_when_create_returns(program):
    spec = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
    state = program.up(JOB, "load", {"spec": {"template": {"spec": spec}}})
    assert state.outputs["status"]["succeeded"] == 1


def test_a_preview_shows_the_servers_defaults_and_makes_nothing(program, api, namespace):
    foreseen = program.preview(DEPLOYMENT, "model", deployment(name="model"))
    assert foreseen["spec"]["progressDeadlineSeconds"] == 600
    assert "status" not in foreseen
    assert client.AppsV1Api(api).list_namespaced_deployment(namespace).items == []


def test_a_preview_refuses_what_the_server_would_refuse(program):
    wrong = deployment()
    wrong["spec"]["replica"] = 2
    with pytest.raises(ProviderError, match=r"\.spec\.replica: field not declared in schema"):
        program.preview(DEPLOYMENT, "model", wrong)
    with pytest.raises(ProviderError, match="must be greater than or equal to 0"):
        program.preview(DEPLOYMENT, "model", deployment(replicas=-1))


def test_a_preview_judges_objects_whose_namespace_is_still_to_be_made(program):
    wrong = deployment(replicas=-1)
    wrong["metadata"]["namespace"] = "not-there-yet"
    with pytest.raises(ProviderError, match="must be greater than or equal to 0"):
        program.preview(DEPLOYMENT, "model", wrong)
    fine = config_map("1", namespace="not-there-yet", name="a")
    assert program.preview(CONFIG_MAP, "settings", fine)["data"] == {"key": "1"}


def test_a_namespace_that_comes_late_is_waited_for(program, api):
    name = f"kubernetes-{uuid.uuid4().hex[:6]}"
    core = client.CoreV1Api(api)
    late = {"metadata": {"name": name}}
    threading.Timer(1.0, lambda: core.create_namespace(late)).start()
    program.up(CONFIG_MAP, "settings", config_map("1", namespace=name))
    core.delete_namespace(name)


def test_a_custom_resource_waits_for_its_definition_and_is_deleted_after_it(program):
    definition = widget_definition()
    threading.Timer(
        1.0,
        lambda: program.up("apiextensions.k8s.io/v1:CustomResourceDefinition", "w", definition),
    ).start()
    widget = {"apiVersion": "ballast.test/v1", "kind": "Widget", "spec": {"size": 1, "empty": {}}}
    made = program.up("ballast.test/v1:Widget", "one", widget)
    assert made.outputs["spec"] == {"size": 1, "empty": {}}
    changed = program.up("ballast.test/v1:Widget", "one", {**widget, "spec": {"size": 2}})
    assert changed.outputs["spec"] == {"size": 2}
    program.destroy("apiextensions.k8s.io/v1:CustomResourceDefinition", "w")
    program.destroy("ballast.test/v1:Widget", "one")


def test_an_unknown_kind_names_what_is_missing(program, monkeypatch):
    monkeypatch.setattr("embedded.plugins.kubernetes.writer._PAUSES", ())
    thing = {"apiVersion": "nobody.test/v1", "kind": "Thing"}
    with pytest.raises(ProviderError, match=r"does not serve nobody.test/v1 Thing"):
        program.up("nobody.test/v1:Thing", "thing", thing)


def test_a_patch_owns_its_field_only_and_gives_it_up(program, api, namespace):
    core = client.CoreV1Api(api)
    theirs = {"metadata": {"name": "shared"}, "data": {"theirs": "1"}}
    core.create_namespaced_config_map(namespace, theirs)
    patch = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}}
    program.up("core/v1:ConfigMapPatch", "patch", {**patch, "data": {"ours": "1"}})
    assert core.read_namespaced_config_map("shared", namespace).data == {"theirs": "1", "ours": "1"}
    program.destroy("core/v1:ConfigMapPatch", "patch")
    assert core.read_namespaced_config_map("shared", namespace).data == {"theirs": "1"}


def test_a_namespace_is_gone_with_everything_in_it_when_delete_returns(program, api):
    name = f"kubernetes-{uuid.uuid4().hex[:6]}"
    program.up(NAMESPACE, "team", {"metadata": {"name": name}})
    program.up(CONFIG_MAP, "settings", config_map("1", namespace=name))
    program.destroy(NAMESPACE, "team")
    names = [item.metadata.name for item in client.CoreV1Api(api).list_namespace().items]
    assert name not in names


def test_an_object_held_by_a_finalizer_says_so(program, api, namespace):
    held = config_map("1", name="held", finalizers=["ballast.test/hold"])
    program.up(CONFIG_MAP, "settings", held)
    with pytest.raises(ProviderError, match=r"waiting for the finalizers ballast.test/hold"):
        program.destroy(CONFIG_MAP, "settings", timeout=1.0)
    free = {"metadata": {"finalizers": None}}
    client.CoreV1Api(api).patch_namespaced_config_map("held", namespace, free)
    program.destroy(CONFIG_MAP, "settings")


def test_importing_reads_inputs_from_the_live_object(program, api, namespace):
    theirs = {"metadata": {"name": "theirs"}, "data": {"a": "b"}}
    client.CoreV1Api(api).create_namespaced_config_map(namespace, theirs)
    made = program.up(CONFIG_MAP, "settings", config_map("1"))
    identity, inputs, outputs = program.provider().read(
        type(made.target)(
            urn="urn:new", type=f"kubernetes:{CONFIG_MAP}", name="x", id=f"{namespace}/theirs"
        ),
        {},
        {},
    )
    assert identity == f"{namespace}/theirs"
    assert inputs["data"] == {"a": "b"}
    assert "uid" not in inputs["metadata"]
    assert outputs["metadata"]["uid"]


def test_a_secrets_text_arrives_and_its_stored_form_comes_back(program, api, namespace):
    secret = {"metadata": {"name": "key"}, "stringData": {"a": "hunter2"}}
    state = program.up("core/v1:Secret", "key", secret)
    stored = {"a": "aHVudGVyMg=="}
    assert client.CoreV1Api(api).read_namespaced_secret("key", namespace).data == stored
    assert state.outputs["data"] == stored


def names_of_config_maps(api, namespace):
    found = client.CoreV1Api(api).list_namespaced_config_map(namespace).items
    return [item.metadata.name for item in found if item.metadata.name != "kube-root-ca.crt"]


def widget_definition():
    schema = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": schema}}},
    }
    return {
        "metadata": {"name": "widgets.ballast.test"},
        "spec": {
            "group": "ballast.test",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [version],
        },
    }
