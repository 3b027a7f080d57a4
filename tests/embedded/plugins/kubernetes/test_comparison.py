import pytest

from embedded.plugins.kubernetes.comparison import changes, spell
from embedded.plugins.values import UNKNOWN


def diff(old, new, *, built_in=True):
    return {change.text: change.kind for change in changes(old, new, built_in=built_in)}


def test_each_difference_is_named_by_its_path():
    old = {"spec": {"replicas": 1, "containers": [{"image": "a"}], "gone": True}}
    new = {"spec": {"replicas": 2, "containers": [{"image": "b"}, {"image": "c"}], "new": 1}}
    assert diff(old, new) == {
        "spec.replicas": "update",
        "spec.containers[0].image": "update",
        "spec.containers[1]": "add",
        "spec.gone": "delete",
        "spec.new": "add",
    }


def test_names_with_dots_are_quoted():
    assert spell(("metadata", "labels", "a.b/c")) == 'metadata.labels["a.b/c"]'


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        (("resources", "requests", "cpu"), "1000m", "1"),
        (("resources", "limits", "memory"), "1024Mi", "1Gi"),
        (("resources", "requests", "cpu"), 2, "2"),
        (("emptyDir", "sizeLimit"), "0.5Gi", "512Mi"),
        (("hard", "requests.cpu"), "0.1", "100m"),
    ],
)
def test_two_spellings_of_a_quantity_are_no_change(path, one, other):
    def nested(value):
        for step in reversed(path):
            value = {step: value}
        return value

    assert diff(nested(one), nested(other)) == {}
    assert diff(nested(one), nested(other), built_in=False) != {}


def test_an_environment_variable_is_text_and_not_a_quantity():
    old, new = ({"env": [{"name": "N", "value": value}]} for value in ("1000m", "1"))
    assert diff(old, new) == {"env[0].value": "update"}


def test_a_different_quantity_is_a_change():
    old, new = ({"limits": {"memory": value}} for value in ("1G", "1Gi"))
    assert diff(old, new) == {"limits.memory": "update"}


@pytest.mark.parametrize("empty", [{}, [], {"a": {}}, None])
def test_empty_and_absent_are_the_same_in_built_in_kinds(empty):
    assert diff({}, {"ingress": empty}) == {}
    assert diff({"ingress": empty}, {}) == {}


def test_an_empty_object_counts_in_custom_resources():
    assert diff({}, {"selfSigned": {}}, built_in=False) == {"selfSigned": "add"}


def test_an_empty_element_counts_in_lists():
    assert diff({"egress": []}, {"egress": [{}]}) == {"egress[0]": "add"}


def test_an_unknown_value_is_a_change():
    assert diff({"a": 1}, {"a": UNKNOWN}) == {"a": "update"}
    assert diff({}, {"a": UNKNOWN}) == {"a": "add"}
    assert diff({"a": {"b": 1}}, {"a": UNKNOWN}) == {"a": "update"}


def test_true_and_one_are_different():
    assert diff({"a": 1}, {"a": True}) == {"a": "update"}
