"""Do keys, anchors and merge keys of YAML mean what they say?"""

from __future__ import annotations

import pytest
from tests.config.yaml_text import read, told


def test_every_key_that_stands_twice_is_told() -> None:
    assert told("a: 1\nb: {c: 1, c: 2}\na: 3\n") == [
        'f.yaml:2:11: the key "c" stands twice in this mapping\n'
        "    b: {c: 1, c: 2}\n"
        "              ^",
        'f.yaml:3:1: the key "a" stands twice in this mapping\n    a: 3\n    ^',
    ]


def test_an_anchor_gives_its_value_with_the_place_where_it_was_written() -> None:
    node = read("a: &x [1, 2]\nb: *x\n")
    assert node.plain() == {"a": [1, 2], "b": [1, 2]}
    assert node.value["b"].place.line == 1
    assert node.value["b"].key_place is not None
    assert node.value["b"].key_place.line == 2


def test_a_merge_key_gives_what_is_not_set() -> None:
    text = "base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n  z: 4\n"
    assert read(text).plain()["own"] == {"x": 1, "y": 3, "z": 4}


def test_a_merge_key_may_stand_below_what_replaces_it() -> None:
    assert read("b: &b {x: 1}\nown: {x: 2, <<: *b}").plain()["own"] == {"x": 2}


def test_the_first_of_several_merged_mappings_wins() -> None:
    text = "p: &p {x: 1}\nq: &q {x: 2, y: 2}\nown: {<<: [*p, *q]}"
    assert read(text).plain()["own"] == {"x": 1, "y": 2}


def test_merges_reach_through_merges() -> None:
    text = "p: &p {x: 1, y: 1}\nq: &q {<<: *p, y: 2}\nown: {<<: *q, z: 3}"
    assert read(text).plain()["own"] == {"x": 1, "y": 2, "z": 3}


def test_a_mapping_with_a_merge_key_may_be_used_twice() -> None:
    # PyYAML's own flattening changes the shared mapping, and x would then stand twice.
    text = "b: &b {x: 1}\na: &a\n  <<: *b\n  x: 2\nc: *a\n"
    assert read(text).plain()["c"] == {"x": 2}


def test_a_merged_value_keeps_the_place_where_it_was_written() -> None:
    assert read("b: &b {x: 1}\na:\n  <<: *b\n").at(["a", "x"]).place.line == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [1, *a]", "contains itself"),
        ("a: &a {b: *a}", "contains itself"),
        ("<<: 5", "<< takes a mapping, or a list of mappings"),
        ("{[1, 2]: 3}", "a key is text"),
        ("? {a: 1}\n: 2", "a key is text"),
        ("~: 3", "a key is text"),
        ("a: !!python/object:os.system x", "cannot be read as !!python/object:os.system"),
        ("a: !env X", "cannot be read as !env"),
        ("a: !!set {b, c}", "the tag !!set is not supported"),
        ("a: !!int x", "cannot be read as !!int"),
        ("a: !!bool yes", "cannot be read as !!bool"),
        ("a: !!binary aGk=", "cannot be read as !!binary"),
    ],
)
def test_what_is_no_plain_data_is_refused(text: str, words: str) -> None:
    assert words in told(text)[0]
