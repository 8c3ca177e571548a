"""Do targets, receipts and meanings say the same after a way through JSON text?"""

from __future__ import annotations

import json
import string
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import (
    ColumnMeaning,
    DatePartition,
    Meaning,
    PartitionRun,
    Receipt,
    Target,
    UniversePartition,
    UsageError,
)
from beaf_core.model.run import PassOutcome, notes_of

MONDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))

words = st.text(max_size=12)
columns = st.builds(
    ColumnMeaning, **{each.name: words for each in fields(ColumnMeaning) if each.name != "version"},
    version=st.integers(1, 99),
)  # fmt: skip
facts = st.dictionaries(words, words, max_size=4)
meanings = st.builds(Meaning, st.lists(columns, max_size=4).map(tuple), facts)


@settings(deadline=None, max_examples=50)
@given(meanings)
def test_a_meaning_is_read_back_from_text_as_it_was(meaning: Meaning) -> None:
    assert Meaning.from_json(json.loads(json.dumps(meaning.to_json()))) == meaning


def test_what_a_newer_version_adds_is_left_aside() -> None:
    meaning = Meaning((ColumnMeaning("VWAP", unit="price"),), {"beaf": "0.1.0"})
    newer = meaning.to_json() | {"lineage": {}}
    newer["columns"][0]["colour"] = "red"
    assert Meaning.from_json(newer) == meaning
    assert Meaning.from_json({}) == Meaning()
    receipt = Receipt("delta", "place", 2, MONDAY.key, {"run_id": "r1"})
    assert Receipt.from_json(receipt.to_json() | {"bytes": 7}) == receipt


def test_notes_are_told_and_neither_kept_nor_compared() -> None:
    silent = Receipt("delta", "place", 2, MONDAY.key, {"run_id": "r1"})
    telling = Receipt("delta", "place", 2, MONDAY.key, {"run_id": "r1"}, {"repeated": 3})
    assert telling == silent
    assert telling.to_json() == silent.to_json()
    assert "notes" not in silent.to_json()
    assert "repeated" not in repr(telling)


def outcome(**notes: int) -> PassOutcome:
    receipt = Receipt("delta", "place", 2, MONDAY.key, notes=notes)
    return PassOutcome("bars", MONDAY.key, "written", receipt)


def test_a_note_is_told_once_with_how_often_it_happened() -> None:
    without = PassOutcome("bars", MONDAY.key, "failed", None)
    found = notes_of([outcome(slow=1, repeated=700), without, outcome(repeated=800, whole=1)])
    assert found == ("slow", "repeated (1,500 times)", "whole")
    assert notes_of([]) == ()


def target(template: str, **more: str) -> Target:
    return Target("delta", "tiny", "bars", template, placeholders=more)


def test_any_template_of_a_target_is_filled_in_as_its_location_is() -> None:
    mine = target("s3://{bucket}/{datasetname}/{pass}", bucket="b")
    assert mine.location(MONDAY) == "s3://b/tiny/bars"
    assert mine.filled("{datasetname}_{pass}", MONDAY) == "tiny_bars"
    assert mine.filled("{universe}/{start_date}_{end_date}", MONDAY) == (
        "mic=XLON/2025-01-06_2025-01-06"
    )


@pytest.mark.parametrize(
    "template",
    ["{venue}", "{", "{0}", "{}", "{pass.upper}", "{pass[0]}", "{pass!z}", "{pass:{pass.upper}}"],
)
def test_a_template_that_cannot_be_filled_in_is_told_with_what_can_stand_there(
    template: str,
) -> None:
    with pytest.raises(UsageError) as caught:
        target("place").filled(template, MONDAY)
    assert repr(template) in caught.value.message
    assert "{universe}" in str(caught.value.remedy)


@settings(deadline=None, max_examples=60)
@given(st.text(string.printable + "äλ\0", min_size=1, max_size=30))
def test_a_name_that_is_filled_in_never_leaves_its_folder(name: str) -> None:
    hostile = Target("delta", name, "bars", "root/{datasetname}/x")
    if name in {".", ".."}:
        with pytest.raises(UsageError):
            hostile.location(MONDAY)
        return
    location = hostile.location(MONDAY)
    assert location.split("/")[0::2] == ["root", "x"]
    assert not {"\0", "\\"} & set(location)


def test_a_stamp_is_added_to_a_target_that_stays_as_it_was() -> None:
    mine = target("place").stamped(run_id="r1")
    assert dict(mine.stamped(fingerprint="f").stamp) == {"run_id": "r1", "fingerprint": "f"}
    assert dict(mine.stamp) == {"run_id": "r1"}


def test_options_of_object_stores_are_not_printed() -> None:
    mine = Target("delta", "tiny", "bars", "place", storage_options={"key": "hush"})
    assert "hush" not in repr(mine)
