"""Values as plain data: what the engine sends, and what a rule may ask of them."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from pulumi_policy import proxy
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from frame import quantity, tri
from frame.facts import MISSING, UNKNOWN, UNKNOWN_MARKS, Node, contains_unknown, thaw
from frame.wire import read
from tests.support.policy import Secret, to_struct

scalars = st.one_of(
    st.none(), st.booleans(), st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    st.one_of(scalars, st.just(UNKNOWN), scalars.map(Secret)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_the_short_way_from_the_message_gives_what_the_sdks_long_way_gives(props: Any) -> None:
    message = to_struct(props)
    long_way = unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(message)))
    assert read(message)[0] == thaw(long_way)


def test_every_mark_of_the_engine_for_an_unknown_value_is_known_here() -> None:
    marks = {value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_")}
    assert marks == UNKNOWN_MARKS


def test_texts_inside_secrets_are_kept_aside() -> None:
    props = {"a": Secret({"token": "hf_abc", "port": 8080}), "b": "plain", "c": [Secret("x-y")]}
    data, secrets = read(to_struct(props))
    assert data == {"a": {"token": "hf_abc", "port": 8080}, "b": "plain", "c": ["x-y"]}
    assert secrets == {"hf_abc", "8080", "x-y"}


def test_whole_numbers_are_integers_and_others_stay() -> None:
    assert repr(thaw({"a": 22.0, "b": 0.5, "c": True})) == "{'a': 22, 'b': 0.5, 'c': True}"


def test_assets_are_something_that_a_rule_can_look_at() -> None:
    assert thaw({"code": pulumi.StringAsset("x")}) == {"code": "<StringAsset>"}


def test_an_unknown_value_is_never_taken_for_true_or_false() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(UNKNOWN)


def test_below_an_unknown_value_everything_is_unknown_at_its_path() -> None:
    node = Node({"spec": {"template": UNKNOWN}}).at("spec", "template", "spec", "containers")
    assert node.unknown
    assert node.path == "spec.template"
    assert [item.path for item in node.each()] == ["spec.template"]


@pytest.mark.parametrize("value", [None, "text", 3, [], {"other": 1}])
def test_what_is_not_there_is_missing_whatever_stands_in_its_place(value: Any) -> None:
    node = Node({"spec": value}).at("spec", "replicas")
    assert node.missing
    assert node.path == "spec.replicas"
    assert node.value is MISSING


def test_keys_that_are_no_names_are_quoted_in_paths() -> None:
    node = Node({"limits": {"nvidia.com/gpu": 1}}).at("limits", "nvidia.com/gpu")
    assert node.path == 'limits["nvidia.com/gpu"]'


def test_unknown_parts_are_found_at_any_depth() -> None:
    assert contains_unknown({"a": [{"b": UNKNOWN}]})
    assert not contains_unknown({"a": [{"b": None}]})


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1Gi", 2**30),
        ("500m", 0.5),
        ("1e3", 1000),
        ("1E", 1e18),
        ("1E2", 100),
        (".5", 0.5),
        ("2.", 2),
        (3, 3),
        ("", None),
        ("1 Gi", None),
        ("Gi", None),
        (True, None),
        (UNKNOWN, None),
    ],
)
def test_quantities_are_read_as_kubernetes_reads_them(text: Any, amount: float | None) -> None:
    assert quantity.parse(text) == amount


@given(st.lists(st.sampled_from([True, False, None])))
def test_three_valued_logic_agrees_with_every_way_the_unknowns_can_turn_out(values: Any) -> None:
    turned_out = [
        [first if value is None else value for value in values] for first in (True, False)
    ]
    for logic, plain in ((tri.any_of, any), (tri.all_of, all)):
        results = {plain(world) for world in turned_out}
        assert logic(values) == (results.pop() if len(results) == 1 else None)
