import pytest

from embedded.plugins.kubernetes.decoding import decode
from embedded.plugins.provider import ProviderError

TEXT = """
apiVersion: v1
kind: Namespace
metadata: {name: serving}
---
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: a, annotations: {day: 2026-11-24}}
"""


def test_documents_and_lists_become_objects():
    assert [item["kind"] for item in decode(TEXT)] == ["Namespace", "ConfigMap"]


def test_a_default_namespace_is_for_what_lives_in_one():
    namespace, config = decode(TEXT, "other")
    assert "namespace" not in namespace["metadata"]
    assert config["metadata"]["namespace"] == "other"


def test_a_date_stays_a_text():
    assert decode(TEXT)[1]["metadata"]["annotations"] == {"day": "2026-11-24"}


@pytest.mark.parametrize("text", ["a: [", "just text", "a: 1"])
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(ProviderError, match=r"not YAML|not a Kubernetes object"):
        decode(text)
