"""Does an edit of a person's YAML change what it should, and nothing else?"""

from __future__ import annotations

from difflib import SequenceMatcher
from textwrap import indent
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import UsageError
from beaf_dagster.editing.edit import drop_item, item_names, put_item, put_key

FIELDS = {
    "enabled": True,
    "cron": "0 2 * * *",
    "partitions": [{"date": "-1bd", "universe": "mic=XLON"}],
}

BLOCK = "SCHEDULES:\n  - name: a\n    enabled: true\n"

PAGE = """\
# Bars of London.
USER_CONFIG:
  DATASETNAME: "bars"   # the folder
  PASSES:
  - {name: bars,   time_bucket_seconds: 60}   # a minute
  SCHEDULES:   # nights
  # after the delivery
  - name: 'daily'
    cron: '0 2 * * *'   # two o'clock
    timezone: Europe/London

  - name: weekly   # on Mondays
    cron: "0 3 * * 1"

  # where rows go
  OUTPUT_TARGET: {type: delta}
"""


def test_a_value_is_replaced_in_its_own_quotes() -> None:
    edited = put_item(PAGE, "SCHEDULES", "daily", {"cron": "0 4 * * *"})
    assert edited == PAGE.replace("'0 2 * * *'", "'0 4 * * *'")


def test_a_field_is_added_to_its_item_alone() -> None:
    edited = put_item(PAGE, "SCHEDULES", "daily", {"enabled": False})
    line = "    timezone: Europe/London\n"
    assert edited == PAGE.replace(line, line + "    enabled: false\n")


def test_an_item_is_added_before_the_comments_of_what_follows() -> None:
    edited = put_item(PAGE, "SCHEDULES", "hourly", {"enabled": True, "cron": "0 * * * *"})
    line = '    cron: "0 3 * * 1"\n'
    added = '  - name: hourly\n    enabled: true\n    cron: "0 * * * *"\n'
    assert edited == PAGE.replace(line, line + added)


def test_an_item_goes_with_its_own_lines_and_comments_stay() -> None:
    edited = drop_item(PAGE, "SCHEDULES", "daily")
    start, end = PAGE.index("  - name: 'daily'"), PAGE.index("\n  - name: weekly")
    assert edited == PAGE[:start] + PAGE[end:]
    assert drop_item(edited, "SCHEDULES", "weekly").count("SCHEDULES: []   # nights\n") == 1


def test_a_key_goes_to_the_end_of_the_configuration_or_where_it_stands() -> None:
    edited = put_key(PAGE, "AUTO_MATERIALIZE_LATEST_DAYS", 7)
    assert edited == PAGE + "  AUTO_MATERIALIZE_LATEST_DAYS: 7\n"
    assert put_key(edited, "AUTO_MATERIALIZE_LATEST_DAYS", 3) == edited.replace("7", "3")


@pytest.mark.parametrize(
    ("page", "edited"),
    [
        ("", BLOCK),
        ("# none yet\n", "# none yet\n" + BLOCK),
        ("USER_CONFIG:  # to come\n", "USER_CONFIG:  # to come\n" + indent(BLOCK, "  ")),
        ("SCHEDULES:  # none\nX: 1\n", BLOCK.replace(":\n", ":  # none\n", 1) + "X: 1\n"),
        ("SCHEDULES: []  # none\n", BLOCK.replace(":\n", ":  # none\n", 1)),
        ("X: 1\nSCHEDULES: ~", "X: 1\n" + BLOCK.rstrip()),
        ("{X: 1}\n", "{X: 1, SCHEDULES: [{name: a, enabled: true}]}\n"),
        ("{X: 1, }\n", "{X: 1, SCHEDULES: [{name: a, enabled: true}] }\n"),
        ("SCHEDULES: [{name: b}]\n", "SCHEDULES: [{name: b}, {name: a, enabled: true}]\n"),
        ("SCHEDULES: [{name: a, cron: x}]\n", "SCHEDULES: [{name: a, cron: x, enabled: true}]\n"),
        ("SCHEDULES:\n- name: a\n  enabled: false\n", "SCHEDULES:\n- name: a\n  enabled: true\n"),
        ("SCHEDULES:\n- name: a\n  enabled:\n", "SCHEDULES:\n- name: a\n  enabled: true\n"),
        ("SCHEDULES:\n-\n  name: a\n", "SCHEDULES:\n-\n  name: a\n  enabled: true\n"),
        ("X: |\n  text\n", "X: |\n  text\n" + BLOCK),
        ("X: 1\r\n", "X: 1\r\n" + BLOCK.replace("\n", "\r\n")),
        ("---\nX: 1\n...\n", "---\nX: 1\n" + BLOCK + "...\n"),
    ],
)
def test_every_way_to_write_a_list_is_kept(page: str, edited: str) -> None:
    assert put_item(page, "SCHEDULES", "a", {"enabled": True}) == edited


@pytest.mark.parametrize(
    "page",
    [
        "X: &all [{name: b}]\nSCHEDULES: *all\n",
        "X: &b {name: a}\nSCHEDULES: [*b]\n",
        "SCHEDULES: &all\n- name: b\nX: *all\n",
        "<<: &base {SCHEDULES: [{name: b}]}\n",
    ],
)
def test_what_an_edit_would_change_elsewhere_is_refused(page: str) -> None:
    with pytest.raises(UsageError, match=r"alias|cannot be edited for you"):
        put_item(page, "SCHEDULES", "a", {"enabled": True})


# -- laws ------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["daily", "weekly", "nightly run", "null", "2026", "a'b", "ü"])
COMMENTS = st.sampled_from(["", "  # a note", "   # more: {it, [x"])
BETWEEN = st.sampled_from(["", "\n", "# alone\n", "    # far in\n\n"])


@st.composite
def pages(draw: st.DrawFn) -> str:
    """Pages with schedules in every style, quotes, comments and an anchor that is used."""
    wrapped = draw(st.booleans())
    indented = draw(st.sampled_from(["", "  "]))
    lines = ["ANCHOR: &zone 'Europe/London'" + draw(COMMENTS), "BEFORE:   {a: [1,  2]}"]
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    if draw(st.booleans()) or names:
        lines.append("SCHEDULES:" + draw(COMMENTS))
    for each in names:
        quoted = "'" + each.replace("'", "''") + "'"
        lines.append(f"{indented}- name: {quoted}{draw(COMMENTS)}")
        if draw(st.booleans()):
            lines.append(f"{indented}  timezone: *zone{draw(COMMENTS)}")
        if draw(st.booleans()):
            lines.append(f"{indented}  partitions: [{{date: today}}]")
        lines += draw(BETWEEN).splitlines()
    if draw(st.booleans()):
        lines += ["AFTER: |", "  a text", "  # of it"]
    pad = "  " if wrapped else ""
    body = "".join(f"{pad}{line}".rstrip() + "\n" for line in lines)
    return draw(BETWEEN).lstrip(" ") + ("USER_CONFIG:\n" if wrapped else "") + body


def said(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text)
    inner: dict[str, Any] = found.get("USER_CONFIG", found)
    return inner


def lost_lines(before: str, after: str) -> list[str]:
    """List the lines that are gone; one that is replaced is none."""
    matcher = SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    gone = [each for each in matcher.get_opcodes() if each[0] == "delete"]
    return [line for _, start, end, _, _ in gone for line in before.splitlines()[start:end]]


@settings(max_examples=60, deadline=None)
@given(page=pages(), name=NAMES)
def test_an_edit_adds_and_replaces_in_one_place_and_says_what_was_meant(
    page: str, name: str
) -> None:
    edited = put_item(page, "SCHEDULES", name, FIELDS)
    before, after = said(page), said(edited)
    items = {each["name"]: each for each in after["SCHEDULES"]}
    assert {"name": name, **FIELDS}.items() <= items[name].items()
    others = [each for each in before.pop("SCHEDULES", None) or [] if each["name"] != name]
    assert [each for each in after.pop("SCHEDULES") if each["name"] != name] == others
    assert before == after
    assert lost_lines(page, edited) == []
    assert page.count("#") == edited.count("#")


@settings(max_examples=60, deadline=None)
@given(page=pages(), name=NAMES)
def test_what_was_added_can_be_taken_away_and_the_page_is_as_before(page: str, name: str) -> None:
    if name in item_names(page, "SCHEDULES") or said(page).get("SCHEDULES", 1) is None:
        return
    edited = put_item(page, "SCHEDULES", name, FIELDS)
    assert drop_item(edited, "SCHEDULES", name) == page
