import pytest

from embedded.plugins.kubernetes import naming
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.provider import Autonaming
from embedded.plugins.values import UNKNOWN

FREE = Autonaming(proposed=None, enforced=False, disabled=False, seed=b"seed")


def test_an_unnamed_object_gets_its_logical_name_and_eight_characters():
    news = {"metadata": {"labels": {"a": "b"}}}
    assert naming.assign(news, "model", FREE) == []
    prefix, _, suffix = news["metadata"]["name"].rpartition("-")
    assert (prefix, len(suffix)) == ("model", 8)
    assert news["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}


def test_annotations_that_are_not_known_yet_stay_so():
    news = {"metadata": {"annotations": UNKNOWN}}
    naming.assign(news, "model", FREE)
    assert news["metadata"]["annotations"] is UNKNOWN


def test_preview_and_update_agree_on_the_name():
    first, second = {"metadata": {}}, {"metadata": {}}
    naming.assign(first, "model", FREE)
    naming.assign(second, "model", FREE)
    assert first == second


@pytest.mark.parametrize("name", ["mine", UNKNOWN])
def test_a_name_that_is_given_stays(name):
    news = {"metadata": {"name": name}}
    naming.assign(news, "model", FREE)
    assert news == {"metadata": {"name": name}}


def test_the_engines_own_pattern_is_honoured():
    news = {"metadata": {}}
    proposed = Autonaming(proposed="dev-model", enforced=True, disabled=False, seed=b"")
    naming.assign(news, "model", proposed)
    assert news["metadata"]["name"] == "dev-model"


def test_without_automatic_names_one_has_to_be_given():
    off = Autonaming(proposed=None, enforced=False, disabled=True, seed=b"")
    found = naming.assign({"metadata": {}}, "model", off)
    assert "set metadata.name" in found[0].reason


def test_an_automatic_name_is_kept_and_one_given_before_is_not():
    automatic = {"metadata": {"name": "a-1", "annotations": {"pulumi.com/autonamed": "true"}}}
    news = {"metadata": {}}
    naming.keep(news, automatic)
    assert news["metadata"]["name"] == "a-1"
    news = {"metadata": {}}
    naming.keep(news, {"metadata": {"name": "mine"}})
    assert news == {"metadata": {}}


@pytest.mark.parametrize(
    ("api_version", "kind", "name"),
    [
        ("v1", "ConfigMap", "a.b-c"),
        ("v1", "Namespace", "serving"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "system:node"),
        ("v1", "ConfigMap", UNKNOWN),
    ],
)
def test_allowed_names_pass(api_version, kind, name):
    assert naming.failures(Kind.of(api_version, kind), {"metadata": {"name": name}}) == []


@pytest.mark.parametrize(
    ("api_version", "kind", "name"),
    [
        ("v1", "ConfigMap", "Upper"),
        ("v1", "ConfigMap", "under_score"),
        ("v1", "ConfigMap", "-a"),
        ("v1", "ConfigMap", "a" * 254),
        ("v1", "Namespace", "a.b"),
        ("v1", "Namespace", "a" * 64),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "a/b"),
        ("v1", "ConfigMap", 5),
    ],
)
def test_wrong_names_are_refused_with_the_value(api_version, kind, name):
    found = naming.failures(Kind.of(api_version, kind), {"metadata": {"name": name}})
    assert f"metadata.name: got {name!r}" in found[0].reason


@pytest.mark.parametrize(
    ("meta", "kept"),
    [
        ({"name": "a", "namespace": "n"}, True),
        ({"name": "a"}, True),
        ({"name": "b", "namespace": "n"}, False),
        ({"name": "a", "namespace": "m"}, False),
        ({"name": UNKNOWN, "namespace": "n"}, False),
        ({"name": "a", "annotations": {"pulumi.com/autonamed": "true"}}, False),
    ],
)
def test_only_an_insisted_name_needs_the_old_object_deleted_first(meta, kept):
    assert naming.is_kept({"metadata": meta}, "n/a") is kept
