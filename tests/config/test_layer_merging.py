"""What is left of two layers that say something of the same thing?"""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core.config.errors import Place
from beaf_core.config.nodes import Node, from_plain, merge


def layer(value: Any, origin: str = "a file") -> Node:
    return from_plain(value, Place(origin, "/folder"))


def merged(*values: Any) -> Any:
    return reduce(merge, map(layer, values)).plain()


@pytest.mark.parametrize(
    ("below", "above", "result"),
    [
        ({"A": 1}, {"B": 2}, {"A": 1, "B": 2}),
        ({"A": {"x": 1, "y": 1}}, {"A": {"y": 2}}, {"A": {"x": 1, "y": 2}}),
        ({"A": [1, 2, 3]}, {"A": [4]}, {"A": [4]}),
        ({"A": {"x": 1}}, {"A": None}, {"A": None}),
        ({"A": {"x": 1}}, {"A": 5}, {"A": 5}),
        ({"A": 5}, {"A": {"x": 1}}, {"A": {"x": 1}}),
        ({"A": {"b": {"c": 1, "d": 1}}}, {"A": {"b": {"d": 2}}}, {"A": {"b": {"c": 1, "d": 2}}}),
    ],
)
def test_mappings_merge_deeply_and_all_else_is_replaced(
    below: Any, above: Any, result: Any
) -> None:
    assert merged(below, above) == result


@pytest.mark.parametrize("section", ["PASSES", "SCHEDULES"])
def test_passes_and_schedules_merge_by_name_in_the_lower_layers_order(section: str) -> None:
    below = {section: [{"name": "a", "x": 1}, {"name": "b", "x": 1}]}
    above = {section: [{"name": "c", "x": 3}, {"name": "a", "y": 2}]}
    assert merged(below, above)[section] == [
        {"name": "a", "x": 1, "y": 2},
        {"name": "b", "x": 1},
        {"name": "c", "x": 3},
    ]


def test_the_options_of_a_pass_merge_and_its_lists_are_replaced() -> None:
    below = {"PASSES": [{"name": "a", "modules": ["x"], "x_analytics": {"p": 1, "q": [1]}}]}
    above = {"PASSES": [{"name": "a", "modules": ["y"], "x_analytics": {"q": [2]}}]}
    assert merged(below, above)["PASSES"] == [
        {"name": "a", "modules": ["y"], "x_analytics": {"p": 1, "q": [2]}}
    ]


def test_an_empty_list_of_passes_takes_none_away() -> None:
    assert merged({"PASSES": [{"name": "a"}]}, {"PASSES": []}) == {"PASSES": [{"name": "a"}]}


def test_passes_without_a_name_are_kept_to_be_told_of() -> None:
    assert merged({"PASSES": [{"x": 1}]}, {"PASSES": [{"x": 2}, {"name": None}]})["PASSES"] == [
        {"x": 1},
        {"x": 2},
        {"name": None},
    ]


def test_a_name_that_a_layer_uses_twice_stays_twice() -> None:
    twice = {"PASSES": [{"name": "a", "x": 1}, {"name": "a", "x": 2}]}
    assert len(merged({}, twice)["PASSES"]) == 2
    assert len(merged({"PASSES": [{"name": "a"}]}, twice)["PASSES"]) == 2


def test_a_change_of_type_drops_what_the_lower_layers_said() -> None:
    below = {"SOURCE": {"type": "parquet", "root": "/lake", "layout": "bmll"}}
    assert merged(below, {"SOURCE": {"type": "simulated", "seed": 1}}) == {
        "SOURCE": {"type": "simulated", "seed": 1}
    }
    same = merged(below, {"SOURCE": {"type": "parquet", "root": "/other"}})
    assert same["SOURCE"] == {"type": "parquet", "root": "/other", "layout": "bmll"}


def test_a_layer_above_the_change_of_type_adds_to_the_new_one() -> None:
    found = merged(
        {"SOURCE": {"type": "parquet", "root": "/lake"}},
        {"SOURCE": {"type": "simulated"}},
        {"SOURCE": {"seed": 3}},
    )
    assert found["SOURCE"] == {"type": "simulated", "seed": 3}


def test_the_output_of_a_pass_is_a_section_with_a_type_too() -> None:
    below = {"PASSES": [{"name": "a", "output": {"type": "sql", "sql_table": "t"}}]}
    above = {"PASSES": [{"name": "a", "output": {"type": "parquet"}}]}
    assert merged(below, above)["PASSES"][0]["output"] == {"type": "parquet"}


# -- laws ----------------------------------------------------------------------------------------

# One shape, so that kinds agree: merging is a law only where a mapping meets a mapping.
_PASSES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abc")},
        optional={
            "x": st.integers(),
            "modules": st.lists(st.sampled_from("mn"), max_size=2),
            "o": st.dictionaries(st.sampled_from("pq"), st.integers()),
        },
    ),
    unique_by=lambda each: str(each["name"]),
    max_size=3,
)
LAYERS = st.fixed_dictionaries(
    {},
    optional={
        "A": st.integers(),
        "L": st.lists(st.integers(), max_size=2),
        "S": st.fixed_dictionaries(
            {"type": st.just("t")}, optional={"x": st.integers(), "y": st.text()}
        ),
        "N": st.dictionaries(st.sampled_from("uvw"), st.dictionaries(st.text(), st.integers())),
        "PASSES": _PASSES,
    },
)


@settings(max_examples=25)
@given(LAYERS, LAYERS, LAYERS)
def test_merging_is_associative_where_types_agree(a: Any, b: Any, c: Any) -> None:
    low, middle, high = layer(a), layer(b), layer(c)
    left = merge(merge(low, middle), high).plain()
    right = merge(low, merge(middle, high)).plain()
    assert left == right


@given(LAYERS)
def test_an_empty_layer_changes_nothing(a: Any) -> None:
    assert merged(a, {}) == merged({}, a) == a


@given(LAYERS)
def test_a_layer_laid_over_itself_changes_nothing(a: Any) -> None:
    assert merged(a, a) == a


@given(LAYERS, LAYERS)
def test_what_the_upper_layer_says_holds(a: Any, b: Any) -> None:
    found = merge(layer(a), layer(b))
    for path, leaf in layer(b).leaves():
        if "PASSES" not in path and leaf.value not in ({}, []):
            assert found.at(path).value == leaf.value


@given(st.lists(LAYERS, min_size=1, max_size=4))
def test_every_value_has_the_place_of_the_topmost_layer_that_set_it(layers: list[Any]) -> None:
    tree = reduce(merge, (layer(each, f"layer {i}") for i, each in enumerate(layers)))
    for path, leaf in tree.leaves():
        setters = [i for i, each in enumerate(layers) if _sets(each, path, tree)]
        if leaf.value not in ({}, []):
            assert leaf.place.origin == f"layer {max(setters)}"


def _sets(value: Any, path: tuple[str | int, ...], tree: Node) -> bool:
    """Say whether a layer sets the value at a path of the tree; passes are found by their name."""
    node = tree
    for depth, step in enumerate(path):
        node = node.at([step])
        if isinstance(value, list):
            if path[0] != "PASSES" or depth > 1:
                return True  # a list of scalars is set as a whole
            name = node.value["name"].value
            value = next((each for each in value if each["name"] == name), None)
        else:
            value = value.get(step)
        if value is None:
            return False
    return True
