"""Is YAML read as its version 1.2 says, each value with its line and column?"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.config.yaml_text import read, told

from beaf_core import ConfigError
from beaf_core.config.errors import Place
from beaf_core.config.read import read_yaml_file


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("off", "off"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("nil", "nil"),
        ("09:30", "09:30"),
        ("1:30:00", "1:30:00"),
        ("2026-02-01", "2026-02-01"),
        ("2026-02-01T09:30:00", "2026-02-01T09:30:00"),
        ("010", 10),
        ("08", 8),
        ("0o10", 8),
        ("0x1F", 31),
        ("-12", -12),
        ("+7", 7),
        ("1_000", "1_000"),
        ("1e-3", 0.001),
        ("1E5", 100_000.0),
        ("6.", 6.0),
        (".5", 0.5),
        ("-2.50", -2.5),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ('"true"', "true"),
        ("'010'", "010"),
        ("!!str 010", "010"),
        ("!!int '7'", 7),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    found = read(f"[{written}, x]").value[0].value if written not in ("", "-") else None
    if written == "":
        found = read("a:").value["a"].value
    if written == "-":
        found = read("a: '-'").value["a"].value
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(read("a: .nan").value["a"].value)
    assert read("a: -.nan").value["a"].value == "-.nan"


def test_a_key_is_the_text_that_was_written() -> None:
    assert list(read("{010: a, true: b, 1.50: c, 2026-01-01: d}").value) == [
        "010",
        "true",
        "1.50",
        "2026-01-01",
    ]


def test_a_value_and_its_key_know_their_line_column_and_width() -> None:
    node = read("SOURCE:\n  type: parquet\n").at(["SOURCE", "type"])
    assert node.place == Place("f.yaml", "/folder", 2, 9, 7, "  type: parquet")
    assert node.key_place == Place("f.yaml", "/folder", 2, 3, 4, "  type: parquet")


def test_columns_count_characters_not_bytes() -> None:
    place = read("größe: {ключ: 日本}").at(["größe", "ключ"]).place
    assert (place.line, place.column, place.width) == (1, 15, 2)


def test_a_tab_before_a_value_keeps_the_caret_below_it() -> None:
    place = read('"a\tb":   x').value["a\tb"].place
    assert place.snippet() == '    "a\tb":   x\n      \t      ^'


def test_a_block_is_marked_at_its_first_character() -> None:
    place = read("a:\n  b: 1\n  c: 2\n").value["a"].place
    assert (place.line, place.column, place.width) == (2, 3, 1)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_end_counts_as_one(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(f"a: 1{newline}b: 2{newline}c: 3".encode())
    node = read_yaml_file(path)
    assert node.plain() == {"a": 1, "b": 2, "c": 3}
    assert node.value["c"].place.line == 3
    assert node.value["c"].place.text == "c: 3"


def test_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    node = read_yaml_file(path)
    assert node.plain() == {"a": 1}
    assert node.value["a"].place.column == 4


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a word\n", "---\n", "null\n", "{}"])
def test_an_empty_file_is_an_empty_layer(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert read_yaml_file(path).plain() == {}


def test_a_file_may_be_wrapped_or_flat(tmp_path: Path) -> None:
    flat, wrapped, empty = tmp_path / "f.yaml", tmp_path / "w.yaml", tmp_path / "e.yaml"
    flat.write_text("UNIVERSE: mic=XLON\n")
    wrapped.write_text("USER_CONFIG:\n  UNIVERSE: mic=XLON\n")
    empty.write_text("USER_CONFIG:\n")
    assert read_yaml_file(flat).plain() == read_yaml_file(wrapped).plain()
    assert read_yaml_file(empty).plain() == {}


def test_what_stands_beside_the_wrapper_is_not_ignored(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text("USER_CONFIG: {}\nUNIVERSE: mic=XLON\nDATASETNAME: d\n")
    with pytest.raises(ConfigError) as caught:
        read_yaml_file(path)
    assert [each.path for each in caught.value.problems] == ["UNIVERSE", "DATASETNAME"]
    assert str(caught.value.problems[0]) == (
        f"{path}:2:1 UNIVERSE: stands beside USER_CONFIG\n"
        "    UNIVERSE: mic=XLON\n"
        "    ^^^^^^^^\n"
        "  → move it into USER_CONFIG"
    )


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "42\n", "USER_CONFIG: 5\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="is not a mapping of keys to values"):
        read_yaml_file(path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"is not UTF-8 text: .* at byte 6"):
        read_yaml_file(path)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        read_yaml_file(tmp_path / "gone.yaml")


# -- syntax --------------------------------------------------------------------------------------


def test_a_syntax_error_has_its_line_and_caret() -> None:
    assert told("a: 1\nb: [1, 2\nc: 3\n") == [
        "f.yaml:3:2: YAML syntax error: while parsing a flow sequence that begins in line 2, "
        "expected ',' or ']', but got ':'\n"
        "    c: 3\n"
        "     ^"
    ]


def test_a_tab_as_indentation_has_a_remedy() -> None:
    assert told("a:\n\tb: 1\n") == [
        "f.yaml:2:1: YAML syntax error: while scanning for the next token, "
        "found character '\\t' that cannot start any token\n"
        "    \tb: 1\n"
        "    ^\n"
        "  → use spaces, not tabs"
    ]


def test_a_character_that_yaml_forbids_is_told() -> None:
    assert "YAML syntax error: unacceptable character #x0000" in told("a: \x00")[0]


def test_two_documents_are_one_too_many() -> None:
    (problem,) = told("a: 1\n---\nb: 2\n")
    assert problem.startswith("f.yaml:2:1: YAML syntax error: expected a single document")


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(max_codepoint=0x2FF, exclude_categories=["Cc"])),
)
KEYS = st.text("abcXYZ_09 é", min_size=1).filter(lambda key: key.strip() == key)


@given(
    st.dictionaries(
        KEYS,
        st.recursive(
            SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=8
        ),
    )
)
def test_what_yaml_writes_is_read_back(value: dict[str, Any]) -> None:
    # JSON is YAML 1.2, written by somebody else.
    assert read(json.dumps(value, ensure_ascii=False)).plain() == value
