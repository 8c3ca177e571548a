"""Do keys and selectors mean the same wherever they are read?"""

from __future__ import annotations

import json

import pytest

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


@pytest.mark.parametrize("spec", ["mic=XLON", "custom", "index=STOXX 600", "mic=a=b"])
def test_a_selector_reads_back_as_it_was_written(spec: str) -> None:
    assert parse_universe_spec(spec).spec == spec


def test_a_selector_is_split_at_its_first_equals_sign() -> None:
    assert parse_universe_spec("mic=XLON") == UniversePartition("mic", "XLON")
    assert parse_universe_spec("custom") == UniversePartition("custom", None)


def test_an_intersection_keeps_its_text_as_its_name() -> None:
    both = parse_universe_spec("mic=XLON+custom")
    assert both == UniversePartition("mic=XLON+custom", None)
    assert both.parts == (UniversePartition("mic", "XLON"), UniversePartition("custom"))


@pytest.mark.parametrize("spec", ["", "=XLON", "mic=", "mic=XLON+", "+", "mic=XLON,XPAR"])
def test_a_selector_that_means_nothing_is_refused(spec: str) -> None:
    with pytest.raises(UsageError):
        parse_universe_spec(spec)


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
