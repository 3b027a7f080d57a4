"""The provider without a cluster: previews, wrong inputs, clear refusals."""

import pytest

from embedded.plugins.kubernetes.journal import Journal
from embedded.plugins.kubernetes.provider import KubernetesProvider
from embedded.plugins.provider import Autonaming, ProviderError, Target
from embedded.plugins.values import UNKNOWN, Secret

FREE = Autonaming(proposed=None, enforced=False, disabled=False, seed=b"seed")
KUBECONFIG = """
current-context: c
contexts: [{name: c, context: {cluster: k, user: u, namespace: team}}]
clusters: [{name: k, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
"""


@pytest.fixture
def provider(tmp_path):
    made = KubernetesProvider(Journal(tmp_path))
    made.configure({"kubeconfig": KUBECONFIG})
    return made


def target(kind="core/v1:ConfigMap", **more):
    token = f"kubernetes:{kind}"
    return Target(urn=f"urn:pulumi:s::p::{token}::settings", type=token, name="settings", **more)


def check(provider, news, kind="core/v1:ConfigMap", olds=None):
    return provider.check(target(kind), olds or {}, news, FREE)


def test_missing_version_and_kind_come_from_the_type(provider):
    inputs, failures = check(provider, {"data": {"a": "b"}})
    assert failures == []
    assert (inputs["apiVersion"], inputs["kind"]) == ("v1", "ConfigMap")


def test_the_kubeconfigs_namespace_is_the_default_one(provider):
    assert check(provider, {})[0]["metadata"]["namespace"] == "team"
    own = {"metadata": {"namespace": "own"}}
    assert check(provider, own)[0]["metadata"]["namespace"] == "own"
    assert "namespace" not in check(provider, {}, "core/v1:Namespace")[0]["metadata"]


def test_an_unknown_namespace_stays_unknown(provider):
    inputs, failures = check(provider, {"metadata": {"namespace": UNKNOWN}})
    assert failures == []
    assert inputs["metadata"]["namespace"] is UNKNOWN


def test_an_unknown_name_is_neither_replaced_nor_judged(provider):
    for kind in ("core/v1:ConfigMap", "core/v1:ConfigMapPatch"):
        news = {"kind": "ConfigMap", "metadata": {"name": UNKNOWN, "generateName": UNKNOWN}}
        assert check(provider, news, kind)[0]["metadata"]["name"] is UNKNOWN
    olds = {"metadata": {"name": "a", "annotations": {"pulumi.com/autonamed": "true"}}}
    inputs, _ = check(provider, {"metadata": {"name": UNKNOWN}}, olds=olds)
    assert inputs["metadata"]["name"] is UNKNOWN


def test_unknown_metadata_is_left_alone(provider):
    inputs, failures = check(provider, {"metadata": UNKNOWN})
    assert failures == []
    assert inputs["metadata"] is UNKNOWN


def test_nulls_and_the_servers_own_fields_are_dropped(provider):
    news = {"metadata": {"name": "a", "uid": "u", "labels": None}, "data": {"a": None}}
    inputs, _ = check(provider, news)
    assert inputs["metadata"] == {"name": "a", "namespace": "team"}
    assert inputs["data"] == {}


def test_a_secrets_contents_are_secret(provider):
    inputs, _ = check(provider, {"stringData": {"a": "b"}}, "core/v1:Secret")
    assert inputs["stringData"] == Secret({"a": "b"})


@pytest.mark.parametrize(
    ("news", "message"),
    [
        ({"metadata": {"name": "Upper"}}, "metadata.name: got 'Upper'"),
        ({"metadata": {"generateName": "a-"}}, "metadata.generateName: not supported"),
        ({"metadata": {"labels": {"on": True}}}, 'metadata.labels["on"]: got True'),
        ({"kind": ""}, "got ''; it is a text"),
    ],
)
def test_wrong_inputs_are_refused_before_anything_is_made(provider, news, message):
    _, failures = check(provider, news)
    assert message in failures[0].reason


def test_a_patch_has_to_name_its_object(provider):
    _, failures = check(provider, {"kind": "ConfigMap"}, "core/v1:ConfigMapPatch")
    assert "say which one" in failures[0].reason


def test_a_list_is_refused_by_name(provider):
    with pytest.raises(ProviderError, match="ConfigMapList is a list"):
        check(provider, {}, "core/v1:ConfigMapList")


def test_a_preview_answers_with_the_inputs(provider):
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert provider.create(target(preview=True), inputs) == ("", inputs)


def test_writing_says_that_the_cluster_does_not_answer_and_how_to_start_it(provider):
    provider.cancel()  # no patience in this test
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    with pytest.raises(
        ProviderError, match=r"does not answer at https://127.0.0.1:1 .*local start"
    ):
        provider.create(target(), inputs)


def test_reading_says_how_to_forget_what_is_gone_for_good(provider):
    with pytest.raises(ProviderError, match="PULUMI_K8S_DELETE_UNREACHABLE"):
        provider.read(target(id="team/a"), {}, {})


def test_delete_unreachable_forgets(tmp_path):
    provider = KubernetesProvider(Journal(tmp_path))
    provider.configure({"kubeconfig": KUBECONFIG, "deleteUnreachable": "true"})
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert provider.read(target(id="team/a"), inputs, inputs) == ("", {}, {})
    provider.delete(target(id="team/a"), inputs, inputs)


def test_skip_update_unreachable_keeps_the_old_inputs(tmp_path):
    provider = KubernetesProvider(Journal(tmp_path))
    provider.configure({"kubeconfig": KUBECONFIG, "skipUpdateUnreachable": "true"})
    olds = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert check(provider, {"data": {"new": "x"}}, olds=olds) == (olds, [])


def test_without_a_kubeconfig_no_ambient_one_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "somebody-elses"))
    provider = KubernetesProvider(Journal(tmp_path))
    provider.configure({})
    with pytest.raises(ProviderError, match="no kubeconfig"):
        provider.create(target(), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}})


def test_an_unknown_setting_stops_the_provider(tmp_path):
    with pytest.raises(ProviderError, match="kubeconfigg: unknown setting"):
        KubernetesProvider(Journal(tmp_path)).configure({"kubeconfigg": "x"})


def test_rendering_writes_updates_and_removes_manifests(tmp_path):
    provider = KubernetesProvider(Journal(tmp_path / "journal"))
    provider.configure({"renderYamlToDirectory": str(tmp_path / "out")})
    inputs, _ = check(provider, {"metadata": {"name": "a"}, "data": {"k": "1"}})
    identity, outputs = provider.create(target(), inputs)
    file = tmp_path / "out" / "1-manifest" / "v1-configmap-default-a.yaml"
    assert identity == "a"
    assert "k: '1'" in file.read_text()
    provider.update(target(id="a"), inputs, outputs, {**inputs, "data": {"k": "2"}})
    assert "k: '2'" in file.read_text()
    provider.delete(target(id="a"), inputs, outputs)
    assert not file.exists()


def test_another_server_replaces_the_provider_and_another_token_does_not(provider):
    olds = {"kubeconfig": KUBECONFIG}
    moved = {"kubeconfig": KUBECONFIG.replace("127.0.0.1:1", "127.0.0.1:2")}
    renewed = {"kubeconfig": KUBECONFIG.replace("token: t", "token: u")}
    assert provider.diff_config(olds, moved).replaces == {"kubeconfig"}
    assert provider.diff_config(olds, renewed).replaces == set()
    assert provider.diff_config(olds, renewed).changes == {"kubeconfig": "update"}
    kept = {"clusterIdentifier": "one"}
    assert provider.diff_config({**olds, **kept}, {**moved, **kept}).replaces == set()


def test_unchanged_inputs_are_no_difference(provider):
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {}}
    diff = provider.diff(target(id="team/a"), inputs, {}, inputs)
    assert (diff.changes, diff.delete_before_replace) == ({}, False)


def test_replacing_a_named_object_deletes_it_first(provider):
    def inputs(value):
        meta = {"name": "a", "namespace": "team"}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": value}}

    diff = provider.diff(target(id="team/a"), inputs("1"), {}, inputs("2"))
    assert diff.replaces == {"data.k"}
    assert diff.delete_before_replace
