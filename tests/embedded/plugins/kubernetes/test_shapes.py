import base64

from embedded.plugins.kubernetes import shapes
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.values import Secret

DEPLOYMENT = Kind.of("apps/v1", "Deployment")


def drifted(inputs, before, now, kind=DEPLOYMENT):
    return shapes.drifted(inputs, before, now, kind)


def test_what_the_server_made_of_a_value_is_no_drift():
    inputs = {"spec": {"cpu": "1000m", "port": 80}}
    live = {"spec": {"cpu": "1", "port": 80, "added": True}}
    assert drifted(inputs, live, live) == inputs


def test_a_value_changed_by_hand_is_drift():
    before, now = {"spec": {"replicas": 2}}, {"spec": {"replicas": 5}}
    assert drifted({"spec": {"replicas": 2}}, before, now) == now


def test_a_value_removed_by_hand_is_drift():
    inputs = {"spec": {"paused": True, "replicas": 2}}
    assert drifted(inputs, inputs, {"spec": {"replicas": 2}}) == {"spec": {"replicas": 2}}


def test_a_value_that_the_server_never_shows_is_no_drift():
    inputs = {"spec": {"ingress": []}}
    assert drifted(inputs, {"spec": {}}, {"spec": {}}) == inputs


def test_an_entry_added_to_a_list_by_hand_is_drift_and_one_of_the_server_is_not():
    inputs, server = [{"name": "a"}], {"name": "injected"}
    before, now = [{"name": "a"}, server], [{"name": "a"}, server, {"name": "hand"}]
    assert drifted({"c": inputs}, {"c": before}, {"c": now}) == {
        "c": [{"name": "a"}, {"name": "hand"}]
    }


def test_a_secrets_text_is_compared_with_its_stored_form():
    def live(text):
        data = {"key": base64.b64encode(text.encode()).decode()}
        return {"apiVersion": "v1", "kind": "Secret", "data": data}

    inputs = {"kind": "Secret", "stringData": {"key": "a"}}
    kind = Kind.of("v1", "Secret")
    assert drifted(inputs, live("a"), live("a"), kind) == inputs
    assert drifted(inputs, live("a"), live("b"), kind)["stringData"] == {"key": "b"}


def test_outputs_are_the_live_object_without_field_owners():
    live = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"managedFields": [1], "uid": "u"}}
    found = shapes.outputs(live, {"apiVersion": "v1"}, "manager")
    assert found["metadata"] == {"uid": "u"}
    assert found["__fieldManager"] == "manager"
    assert found["__initialApiVersion"] == "v1"
    assert live["metadata"]["managedFields"] == [1]


def test_a_secrets_contents_are_secret_everywhere():
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {}, "data": {"a": "YQ=="}}
    found = shapes.outputs(live, {"stringData": {"a": "a"}}, "m")
    assert found["data"] == Secret({"a": "YQ=="})
    assert isinstance(found["__inputs"], Secret)


def test_a_preview_keeps_what_the_dry_run_says_but_no_status():
    dry = {"kind": "Service", "metadata": {"uid": "u"}, "spec": {"a": 1}, "status": {}}
    assert shapes.foreseen(dry) == {"kind": "Service", "metadata": {"uid": "u"}, "spec": {"a": 1}}


def test_a_definitions_dashes_come_and_go():
    schema = {"x_kubernetes_preserve_unknown_fields": True, "gone": None}
    wire = shapes.to_wire({"kind": "CustomResourceDefinition", "spec": schema, "__own": 1})
    assert wire["spec"] == {"x-kubernetes-preserve-unknown-fields": True}
    assert "__own" not in wire
    back = shapes.outputs({**wire, "metadata": {}}, {}, "m")
    assert back["spec"] == {"x_kubernetes_preserve_unknown_fields": True}


def test_an_imported_object_leaves_out_what_only_the_server_writes():
    live = {
        "metadata": {
            "name": "a",
            "uid": "u",
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    assert shapes.adopted(live) == {"metadata": {"name": "a"}, "spec": {"replicas": 1}}
