"""Policy documents: the same meaning in other letters, and getPolicyDocument's letters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded.plugins.aws import documents
from embedded.plugins.aws.policy_document import policy_document
from embedded.plugins.provider import ProviderError
from embedded.plugins.values import UNKNOWN


def document(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (document(Action="a"), document(Action=["a"])),
        (document(Action=["a", "b"]), document(Action=["b", "a"])),
        (document(Principal="*"), document(Principal={"AWS": "*"})),
        (document(Principal={"Service": "s"}), document(Principal={"Service": ["s"]})),
        (document(Sid=""), document()),
        (
            document(Condition={"Bool": {"aws:SecureTransport": True}}),
            document(Condition={"Bool": {"aws:SecureTransport": ["true"]}}),
        ),
        ({"Statement": [{"Sid": "a"}, {"Sid": "b"}]}, {"Statement": [{"Sid": "b"}, {"Sid": "a"}]}),
    ],
)
def test_two_ways_to_say_the_same(one: Any, other: Any) -> None:
    assert documents.same(json.dumps(one, indent=2), json.dumps(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (document(Action="a"), document(NotAction="a")),
        (document(Resource="*"), document(Resource="arn:aws:s3:::b")),
        (document(Effect="Allow"), document(Effect="Deny")),
        (document(Principal={"AWS": "*"}), document(Principal={"Service": "*"})),
        ("not json", "not json either"),
    ],
)
def test_two_that_are_not_the_same(one: Any, other: Any) -> None:
    first, second = (item if isinstance(item, str) else json.dumps(item) for item in (one, other))
    assert not documents.same(first, second)


def test_a_document_is_written_as_the_released_provider_writes_it() -> None:
    statement = {
        "sid": "Assume",
        "actions": ["sts:AssumeRole", "sts:TagSession"],
        "principals": [{"type": "Service", "identifiers": ["eks.amazonaws.com"]}],
        "conditions": [{"test": "StringEquals", "variable": "aws:a", "values": ["b"]}],
    }
    assert policy_document({"statements": [statement]})["json"] == (
        """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Assume",
      "Effect": "Allow",
      "Action": [
        "sts:TagSession",
        "sts:AssumeRole"
      ],
      "Principal": {
        "Service": "eks.amazonaws.com"
      },
      "Condition": {
        "StringEquals": {
          "aws:a": "b"
        }
      }
    }
  ]
}"""
    )


def test_an_override_takes_the_place_of_the_statement_with_its_sid() -> None:
    over = json.dumps({"Statement": [{"Sid": "A", "Effect": "Deny", "Action": "x"}]})
    args = {
        "statements": [{"sid": "A", "actions": ["y"]}, {"sid": "B", "actions": ["z"]}],
        "overridePolicyDocuments": [over],
    }
    statements = json.loads(policy_document(args)["json"])["Statement"]
    assert [(item["Sid"], item["Effect"]) for item in statements] == [("A", "Deny"), ("B", "Allow")]


def test_two_sources_with_one_sid_are_refused() -> None:
    source = json.dumps({"Statement": [{"Sid": "A", "Effect": "Allow", "Action": "x"}]})
    with pytest.raises(ProviderError, match="duplicate Sid 'A'"):
        policy_document({"sourcePolicyDocuments": [source, source]})


def test_a_source_that_is_not_a_document_is_named() -> None:
    with pytest.raises(ProviderError, match="is not a policy document"):
        policy_document({"sourcePolicyDocuments": ["{"]})


def test_statements_that_are_not_known_are_not_guessed() -> None:
    with pytest.raises(ProviderError, match="not known yet"):
        policy_document({"statements": [{"actions": [UNKNOWN]}]})
