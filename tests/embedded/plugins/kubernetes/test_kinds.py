import pytest

from embedded.plugins.kubernetes.kinds import Kind, is_list, is_patch, kind_of
from embedded.plugins.provider import ProviderError


@pytest.mark.parametrize(
    ("token", "api_version", "name"),
    [
        ("kubernetes:core/v1:Namespace", "v1", "Namespace"),
        ("kubernetes:apps/v1:Deployment", "apps/v1", "Deployment"),
        ("kubernetes:keda.sh/v1alpha1:ScaledObject", "keda.sh/v1alpha1", "ScaledObject"),
    ],
)
def test_a_type_token_names_api_version_and_kind(token, api_version, name):
    kind = Kind.from_type(token)
    assert (kind.api_version, kind.name) == (api_version, name)


@pytest.mark.parametrize("token", ["kubernetes:Deployment", "aws:ec2/vpc:Vpc", "kubernetes:v1:Pod"])
def test_what_is_no_kubernetes_type_is_refused_by_name(token):
    with pytest.raises(ProviderError, match=f"^{token} is not a Kubernetes resource type"):
        Kind.from_type(token)


@pytest.mark.parametrize(
    "token", ["kubernetes:helm.sh/v3:Release", "kubernetes:kustomize/v2:Directory"]
)
def test_what_needs_helm_or_kustomize_is_refused_by_name(token):
    with pytest.raises(ProviderError, match=f"^{token} needs Helm or Kustomize"):
        Kind.from_type(token)


def test_lists_of_built_in_kinds_are_told_from_custom_kinds_that_end_in_list():
    assert is_list("kubernetes:core/v1:ConfigMapList")
    assert not is_list("kubernetes:example.com/v1:AllowList")


def test_a_patch_is_told_from_a_kind_whose_name_ends_in_patch():
    assert is_patch("kubernetes:core/v1:NamespacePatch", "Namespace")
    assert not is_patch("kubernetes:example.com/v1:RoadPatch", "RoadPatch")


@pytest.mark.parametrize(
    ("api_version", "name", "namespaced"),
    [
        ("v1", "ConfigMap", True),
        ("v1", "Namespace", False),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", False),
        ("keda.sh/v1alpha1", "ScaledObject", True),
    ],
)
def test_scope_is_known_or_guessed_without_a_cluster(api_version, name, namespaced):
    assert Kind.of(api_version, name).assumed_namespaced is namespaced


def test_a_document_without_a_kind_is_refused():
    with pytest.raises(ProviderError, match="not a Kubernetes object"):
        kind_of({"apiVersion": "v1"})
