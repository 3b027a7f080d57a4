import pytest

from components import naming, tagging


def test_a_child_is_named_after_its_parent_its_role_and_its_key() -> None:
    assert naming.child("network", "subnet", "us-east-1a") == "network-subnet-us-east-1a"
    assert naming.child("network", "vpc") == "network-vpc"


def test_a_name_that_aws_would_refuse_is_refused_with_both_lengths() -> None:
    with pytest.raises(ValueError, match=r"41 characters.*allows 40"):
        naming.child("x" * 36, "role", longest=naming.LONGEST_ROLE)


def test_tags_name_the_project_the_owner_and_the_resource() -> None:
    assert tagging.tags({"Owner": "tests"}, "network-vpc", Extra="1") == {
        "ManagedBy": "pulumi",
        "Project": "ballast",
        "Owner": "tests",
        "Name": "network-vpc",
        "Extra": "1",
    }
