import pytest

from embedded.plugins.kubernetes.comparison import changes
from embedded.plugins.kubernetes.immutable import replaces, replacing
from embedded.plugins.kubernetes.kinds import Kind


def replaced(api_version, name, old, new, **options):
    kind = Kind.of(api_version, name)
    fields = replacing(kind, new, **options)
    found = changes(old, new, built_in=kind.built_in)
    return {change.text for change in found if replaces(change, fields)}


@pytest.mark.parametrize(
    ("api_version", "name", "path"),
    [
        ("apps/v1", "Deployment", "spec.selector.matchLabels.app"),
        ("apps/v1", "DaemonSet", "spec.selector.matchLabels.app"),
        ("apps/v1", "StatefulSet", "spec.serviceName"),
        ("batch/v1", "Job", "spec.template.spec.restartPolicy"),
        ("v1", "Service", "spec.clusterIP"),
        ("v1", "PersistentVolumeClaim", "spec.storageClassName"),
        ("v1", "Secret", "type"),
        ("v1", "ConfigMap", "data.key"),
        ("v1", "Pod", "spec.nodeName"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef.name"),
        ("storage.k8s.io/v1", "StorageClass", "parameters.type"),
        ("v1", "Service", "metadata.name"),
        ("keda.sh/v1alpha1", "ScaledObject", "metadata.namespace"),
    ],
)
def test_fields_that_cannot_change_replace(api_version, name, path):
    old, new = nested(path, "old"), nested(path, "new")
    assert replaced(api_version, name, old, new) == {path}


@pytest.mark.parametrize(
    ("api_version", "name", "path"),
    [
        ("apps/v1", "Deployment", "spec.replicas"),
        ("apps/v1", "Deployment", "spec.template.spec.nodeName"),
        ("v1", "Service", "spec.type"),
        ("v1", "PersistentVolumeClaim", "spec.resources.requests.storage"),
        ("policy/v1", "PodDisruptionBudget", "spec.minAvailable"),
        ("v1", "ConfigMap", "metadata.labels.app"),
        ("keda.sh/v1alpha1", "ScaledObject", "spec.selector"),
    ],
)
def test_other_fields_update_in_place(api_version, name, path):
    assert replaced(api_version, name, nested(path, "old"), nested(path, "new")) == set()


def test_a_pods_image_replaces_by_index():
    old, new = ({"spec": {"containers": [{"image": image}]}} for image in "ab")
    assert replaced("v1", "Pod", old, new) == {"spec.containers[0].image"}


def test_a_whole_that_holds_such_a_field_replaces():
    old = {"spec": {"selector": {"matchLabels": {"a": "b"}}}}
    assert replaced("apps/v1", "Deployment", old, {}) == {"spec"}
    assert replaced("apps/v1", "Deployment", {"spec": {"replicas": 1}}, {}) == set()


@pytest.mark.parametrize("name", ["ConfigMap", "Secret"])
def test_config_is_changed_in_place_where_the_provider_says_so(name):
    old, new = nested("data.key", "old"), nested("data.key", "new")
    options = {"config_map_mutable": True, "secret_mutable": True}
    assert replaced("v1", name, old, new, **options) == set()
    assert replaced("v1", name, old, {**new, "immutable": True}, **options) == {"data.key"}


def test_a_patch_is_replaced_only_for_another_object():
    old, new = nested("spec.clusterIP", "old"), nested("spec.clusterIP", "new")
    assert replaced("v1", "Service", old, new, patch=True) == set()


def nested(path, value):
    for step in reversed(path.split(".")):
        value = {step: value}
    return value
