import base64

import pytest
import yaml

from embedded.plugins.kubernetes.kubeconfig import KubeconfigError, load

PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


def config(cluster=None, user=None, context=None):
    encoded = base64.b64encode(PEM.encode()).decode()
    return {
        "current-context": "main",
        "contexts": [
            {"name": "main", "context": {"cluster": "here", "user": "me", **(context or {})}},
            {"name": "other", "context": {"cluster": "there", "user": "me"}},
        ],
        "clusters": [
            {
                "name": "here",
                "cluster": {
                    "server": "https://127.0.0.1:6443/",
                    "certificate-authority-data": encoded,
                    **(cluster or {}),
                },
            },
            {"name": "there", "cluster": {"server": "https://there:443"}},
        ],
        "users": [{"name": "me", "user": {"token": "t", **(user or {})}}],
    }


def test_the_current_context_is_used_and_its_namespace():
    found = load(yaml.safe_dump(config(context={"namespace": "serving"})))
    assert (found.server, found.namespace) == ("https://127.0.0.1:6443", "serving")
    assert (found.authority, found.token) == (PEM, "t")


def test_without_a_namespace_it_is_default():
    assert load(yaml.safe_dump(config())).namespace == "default"


def test_a_named_context_goes_before_the_current_one():
    assert load(yaml.safe_dump(config()), context="other").server == "https://there:443"


def test_a_file_is_read_and_what_it_names_is_found_beside_it(tmp_path):
    (tmp_path / "ca.pem").write_text(PEM)
    given = config(cluster={"certificate-authority": "ca.pem", "certificate-authority-data": ""})
    (tmp_path / "config").write_text(yaml.safe_dump(given))
    assert load(str(tmp_path / "config")).authority == PEM


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (config(cluster={"insecure-skip-tls-verify": True}), "always verifies"),
        (config(cluster={"server": "http://127.0.0.1:8080"}), "has to be an https:// address"),
        (config(cluster={"certificate-authority-data": "%"}), "is not base64"),
        (config(user={"exec": {"command": "aws"}}), "credentials by 'exec' are not used"),
        (config(context={"cluster": "gone"}), "no cluster named 'gone'; it has: here, there"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(given, message):
    with pytest.raises(KubeconfigError, match=message):
        load(yaml.safe_dump(given))


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(KubeconfigError, match="config: No such file"):
        load(str(tmp_path / "config"))


def test_text_that_is_no_yaml_is_refused():
    with pytest.raises(KubeconfigError, match="not YAML"):
        load("a: [\nb")
