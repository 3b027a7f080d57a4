import pytest

from embedded.plugins.kubernetes.settings import Settings, failures
from embedded.plugins.values import UNKNOWN


def test_flags_arrive_as_texts_from_the_sdk():
    found = Settings.parse({"deleteUnreachable": "true", "enableSecretMutable": "false"})
    assert (found.delete_unreachable, found.secret_mutable) == (True, False)


def test_a_variable_counts_where_the_setting_is_missing(monkeypatch):
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    assert Settings.parse({}).delete_unreachable
    assert not Settings.parse({"deleteUnreachable": "false"}).delete_unreachable


def test_an_unknown_kubeconfig_is_no_error():
    assert failures({"kubeconfig": UNKNOWN}) == []
    assert Settings.parse({"kubeconfig": UNKNOWN}).unknown


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"enableServerSideApply": "false"}, "server-side apply only"),
        ({"helmReleaseSettings": "{}"}, "does not run Helm"),
        ({"kubeconfigg": "x"}, "unknown setting"),
        ({"deleteUnreachable": "maybe"}, "true or false"),
        ({"namespace": 5}, "it is a text"),
        ({"renderYamlToDirectory": "out", "kubeconfig": "x"}, "touches no cluster"),
    ],
)
def test_what_is_not_supported_is_refused_with_the_reason(args, message):
    assert message in failures(args)[0].reason
