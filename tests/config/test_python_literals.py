"""Do the values of a Python configuration know where they were written?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.config.conftest import Desk

from beaf_core.config.literals import read_python
from beaf_core.config.nodes import Node


def read(desk: Desk, source: str) -> Node:
    path = desk.write("p.py", source)
    scope: dict[str, Any] = {}
    exec(compile(path.read_bytes(), str(path), "exec"), scope)
    return read_python(scope["USER_CONFIG"], path)


def where(node: Node, *path: str | int) -> tuple[str | None, str | None]:
    """Show the source text that the value's and its key's caret underline."""
    found = node.at(path)
    places = (found.place, found.key_place)
    return tuple(
        each.text[each.column - 1 :][: each.width] if each and each.text else None
        for each in places
    )


def test_a_literal_is_marked_at_its_value_and_its_key(desk: Desk) -> None:
    node = read(desk, 'USER_CONFIG = {\n    "SOURCE": {"type": "tape"},\n}\n')
    assert where(node, "SOURCE", "type") == ('"tape"', '"type"')
    assert node.at(["SOURCE", "type"]).place.line == 2
    assert str(node.at(["SOURCE", "type"]).place) == "p.py:2:24"


def test_items_of_lists_and_tuples_are_marked_one_by_one(desk: Desk) -> None:
    node = read(desk, 'USER_CONFIG = {"A": ["x", "yy"], "B": (1, 22)}')
    assert where(node, "A", 1)[0] == '"yy"'
    assert where(node, "B", 1)[0] == "22"
    assert node.plain() == {"A": ["x", "yy"], "B": [1, 22]}


def test_columns_count_characters_where_python_counts_bytes(desk: Desk) -> None:
    node = read(desk, 'USER_CONFIG = {"größe": "日本", "b": "x"}')
    assert where(node, "größe")[0] == '"日本"'
    assert where(node, "b")[0] == '"x"'


def test_a_computed_value_has_the_place_of_its_expression(desk: Desk) -> None:
    node = read(desk, 'N = 3\nUSER_CONFIG = {"A": 20 * N, "B": [i for i in range(2)]}')
    assert where(node, "A")[0] == "20 * N"
    assert where(node, "B", 1)[0] == "[i for i in range(2)]"
    assert node.plain() == {"A": 60, "B": [0, 1]}


def test_a_named_value_has_the_place_of_its_own_literal(desk: Desk) -> None:
    source = 'BARS = {"name": "bars"}\nUSER_CONFIG = {"PASSES": [BARS]}'
    assert where(read(desk, source), "PASSES", 0, "name") == ('"bars"', '"name"')


def test_a_name_that_leads_back_to_itself_ends(desk: Desk) -> None:
    node = read(desk, 'x = {"a": 1}\nx = x\nUSER_CONFIG = {"X": x}')
    assert node.plain() == {"X": {"a": 1}}


def test_what_a_spread_brings_has_the_place_of_the_whole(desk: Desk) -> None:
    node = read(desk, 'BASE = {"A": 1}\nUSER_CONFIG = {**BASE, "B": 2}')
    assert node.plain() == {"A": 1, "B": 2}
    assert where(node, "A")[0] == '{**BASE, "B": 2}'
    assert where(node, "B")[0] == "2"


def test_what_is_added_later_counts_with_the_place_of_the_whole(desk: Desk) -> None:
    node = read(desk, 'USER_CONFIG = {"A": 1}\nUSER_CONFIG["B"] = 2\n')
    assert node.plain() == {"A": 1, "B": 2}
    assert node.value["B"].place.line == 1


def test_a_list_that_grows_later_has_the_place_of_the_whole(desk: Desk) -> None:
    node = read(desk, 'USER_CONFIG = {"A": [1]}\nUSER_CONFIG["A"].append(2)\n')
    assert node.plain() == {"A": [1, 2]}
    assert where(node, "A", 1)[0] == "[1]"


def test_the_last_assignment_counts(desk: Desk) -> None:
    node = read(desk, 'USER_CONFIG = {"A": 1}\nUSER_CONFIG: dict = {"A": 2}\n')
    assert (node.plain(), node.value["A"].place.line) == ({"A": 2}, 2)


def test_a_configuration_of_another_module_has_the_file_only(desk: Desk) -> None:
    path = desk.write("p.py", "from base import USER_CONFIG\n")
    node = read_python({"A": 1}, path)
    assert str(node.value["A"].place) == "p.py"


@pytest.mark.parametrize(
    "head", [b"\xef\xbb\xbf", b"# -*- coding: latin-1 -*-\n# caf\xe9\n", b"x = 1\x0c\n"]
)
def test_any_encoding_that_python_reads_is_read(desk: Desk, head: bytes) -> None:
    path = desk.folder / "p.py"
    path.write_bytes(head + b'USER_CONFIG = {"A": 1}\n')
    node = read_python({"A": 1}, path)
    assert where(node, "A") == ("1", '"A"')


def test_windows_line_ends_are_no_lines_of_their_own(desk: Desk) -> None:
    path = desk.folder / "p.py"
    path.write_bytes(b'X = 1\r\nUSER_CONFIG = {\r\n    "A": 1,\r\n}\r\n')
    place = read_python({"A": 1}, path).value["A"].place
    assert (place.line, place.text) == (3, '    "A": 1,')


def test_a_file_that_has_gone_or_changed_still_gives_its_values(desk: Desk) -> None:
    path = desk.write("p.py", "USER_CONFIG = {")
    assert read_python({"A": 1}, path).plain() == {"A": 1}
    assert read_python({"A": 1}, Path(desk.folder, "gone.py")).plain() == {"A": 1}
