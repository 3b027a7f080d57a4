import stat

import yaml

from embedded.plugins.kubernetes.rendering import path_of, remove, render

ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "system:reader", "namespace": "serving"},
}


def test_a_manifest_is_named_by_version_kind_namespace_and_name(tmp_path):
    path = render(ROLE, str(tmp_path))
    name = "rbac.authorization.k8s.io_v1-role-serving-system:reader.yaml"
    assert path == tmp_path / "1-manifest" / name
    assert yaml.safe_load(path.read_text()) == ROLE


def test_definitions_have_a_folder_that_comes_first(tmp_path):
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
    }
    assert path_of(crd, str(tmp_path)).parent == tmp_path / "0-crd"


def test_a_manifest_may_hold_secrets_and_is_for_its_owner_only(tmp_path):
    path = render(ROLE, str(tmp_path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_removing_what_is_gone_is_fine(tmp_path):
    path = render(ROLE, str(tmp_path))
    remove(ROLE, str(tmp_path))
    remove(ROLE, str(tmp_path))
    assert not path.exists()
