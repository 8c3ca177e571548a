"""Do keys and selectors mean the same wherever they are read?"""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import (
    DatePartition,
    LaunchRequest,
    PartitionRun,
    UniversePartition,
    UsageError,
    build_partition_runs,
    parse_universe_spec,
)

WEEK = "2025-01-03_2025-01-09"


def test_a_day_is_its_own_key_and_a_range_joins_its_ends() -> None:
    assert DatePartition("2025-01-02", "2025-01-02").key == "2025-01-02"
    assert DatePartition(start_date="2025-01-03", end_date="2025-01-09").key == WEEK


@pytest.mark.parametrize(
    ("start", "end"), [(WEEK, WEEK), (WEEK, "2025-01-09"), ("2025-01-03", WEEK), (WEEK, "")]
)
def test_a_range_key_is_understood_in_either_argument(start: str, end: str) -> None:
    partition = DatePartition(start, end)
    assert (partition.start_date, partition.end_date) == ("2025-01-03", "2025-01-09")


@pytest.mark.parametrize(
    ("start", "end"), [("2025-01-02", "2025-01-01"), ("2025-02-30", "2025-03-01"), ("", "")]
)
def test_an_impossible_range_is_refused(start: str, end: str) -> None:
    with pytest.raises(UsageError):
        DatePartition(start, end)


@pytest.mark.parametrize(
    "spec",
    ["mic=XLON", "custom", "index=STOXX 600", "mic=a=b", "isin=A~B", "file=lists/a b.csv", "s=é'"],
)
def test_a_selector_reads_back_as_it_was_written(spec: str) -> None:
    assert parse_universe_spec(spec).spec == spec
    assert parse_universe_spec(spec).parts == (parse_universe_spec(spec),)


def test_a_selector_is_split_at_its_first_equals_sign() -> None:
    assert parse_universe_spec("mic=XLON") == UniversePartition("mic", "XLON")
    assert parse_universe_spec("custom") == UniversePartition("custom", None)


def test_spaces_around_names_and_values_mean_nothing() -> None:
    assert parse_universe_spec(" mic = XLON + ! custom ").spec == "mic=XLON+!custom"


def test_an_intersection_keeps_its_text_as_its_name() -> None:
    both = parse_universe_spec("mic=XLON+custom")
    assert both == UniversePartition("mic=XLON+custom", None)
    assert both.parts == (UniversePartition("mic", "XLON"), UniversePartition("custom"))
    assert both.exclusions == ()


def test_what_stands_behind_an_exclamation_mark_is_taken_away() -> None:
    selector = parse_universe_spec("index=STOXX600+!mic=BATE+custom+!mic=XPAR")
    assert selector.spec == "index=STOXX600+!mic=BATE+custom+!mic=XPAR"
    assert [each.spec for each in selector.parts] == ["index=STOXX600", "custom"]
    assert [each.spec for each in selector.exclusions] == ["mic=BATE", "mic=XPAR"]


def test_an_exclamation_mark_inside_a_value_is_part_of_it() -> None:
    assert parse_universe_spec("ticker=YUM!").parts == (UniversePartition("ticker", "YUM!"),)
    assert parse_universe_spec("ticker=!YUM").exclusions == ()


def test_a_selector_that_only_takes_away_is_told_what_to_take_it_from() -> None:
    for refused in (parse_universe_spec, lambda spec: UniversePartition(spec).parts):
        with pytest.raises(UsageError) as caught:
            refused("!mic=BATE")
        assert "mic+!mic=BATE" in str(caught.value.remedy)


def test_alternatives_are_refused_with_a_word_on_what_to_write_instead() -> None:
    with pytest.raises(UsageError, match="comma") as caught:
        parse_universe_spec("mic=XLON,XPAR")
    told = str(caught.value.remedy)
    assert "one after another" in told
    assert "~" in told
    assert "a file" in told


@pytest.mark.parametrize("spec", ["", " ", "=XLON", "mic=", "mic= ", "+", "+mic", "mic+", "a++b"])
def test_a_selector_with_an_empty_part_is_refused(spec: str) -> None:
    with pytest.raises(UsageError, match=r"has no (name|value)"):
        parse_universe_spec(spec)


@pytest.mark.parametrize("part", ["!", "!!mic", "!=XLON", "!mic="])
def test_an_exclusion_that_names_nothing_is_refused(part: str) -> None:
    with pytest.raises(UsageError, match=r"has no (name|value)"):
        parse_universe_spec(f"mic+{part}")


@pytest.mark.parametrize("value", ["X,Y", "X|Y", "[X]", "X\nY", "X\0", "X\x1b[0m", "X\u202eY"])
def test_characters_that_partition_keys_cannot_hold_are_refused(value: str) -> None:
    with pytest.raises(UsageError, match="partition keys"):
        parse_universe_spec(f"mic={value}")


names = st.text("abcdefgh_", min_size=1, max_size=6)
values = st.none() | st.text("ABC é'\"~=/.!-", min_size=1).map(str.strip).filter(bool)
single = st.builds(UniversePartition, names, values)


@settings(deadline=None, max_examples=100)
@given(st.lists(single, min_size=1, max_size=4), st.lists(single, max_size=3))
def test_a_selector_is_put_together_and_taken_apart_without_loss(
    kept: list[UniversePartition], taken_away: list[UniversePartition]
) -> None:
    spec = "+".join([each.spec for each in kept] + [f"!{each.spec}" for each in taken_away])
    read = parse_universe_spec(spec)
    assert (read.spec, read.parts, read.exclusions) == (spec, tuple(kept), tuple(taken_away))


def test_runs_are_the_product_universe_by_universe() -> None:
    universes = [UniversePartition("mic", "XLON"), UniversePartition("mic", "XPAR")]
    dates = [DatePartition("2025-01-02", "2025-01-02"), DatePartition(WEEK, WEEK)]
    assert [each.key for each in build_partition_runs(universes, iter(dates))] == [
        "mic=XLON:2025-01-02",
        f"mic=XLON:{WEEK}",
        "mic=XPAR:2025-01-02",
        f"mic=XPAR:{WEEK}",
    ]


def test_a_launch_request_travels_as_json_and_leaves_its_session_behind() -> None:
    request = LaunchRequest(
        run_id="r1",
        config={"PASSES": []},
        universe="mic=XLON",
        dates=DatePartition(WEEK),
        pipeline=None,
        project="/p",
        session=object(),
    )
    travelled = LaunchRequest.from_json(json.loads(json.dumps(request.to_json())))
    assert travelled == request
    assert travelled.session is None
    assert PartitionRun(parse_universe_spec("mic=XLON"), travelled.dates).key == f"mic=XLON:{WEEK}"
